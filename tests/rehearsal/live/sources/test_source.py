"""A source makes the real check find what its instruction says, and a witness sees it, too."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from agent.checks.results_feed.messages import read
from tests.rehearsal.live.sources.played import Played
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.live.sources.instructions import Does, Instruction, zone_past_midnight
from venuewatch.rehearsal.live.sources.ring import APART_MAX, NAMES, Ring
from venuewatch.rehearsal.live.sources.source import Said
from venuewatch.rehearsal.live.sources.units import ENDS_EACH, UNITS_MAX, Units

WELL_S: Final = 30.0
BACK_S: Final = 15.0


class Case(NamedTuple):
    """What a source is told, for how long, and what the check finds at last."""

    does: Does
    lasts_s: float
    state: CheckState


CASES: Final = [
    Case("silent", 30.0, "silent"),
    Case("held", 30.0, "silent"),
    Case("frozen", 35.0, "frozen"),
    Case("status", 60.0, "not_expected"),
    Case("off", 60.0, "not_expected"),
    Case("unofficial", 60.0, "flowing"),
    Case("late", 10.0, "delayed"),
    Case("ahead", 30.0, "flowing"),
    Case("back", 30.0, "flowing"),
    Case("gap", 30.0, "flowing"),
    Case("test", 30.0, "flowing"),
    Case("busy", 90.0, "flowing"),
]
FOUND: Final = [case for case in CASES if case.does != "ahead"]  # that clock is remembered
AMID: Final[Sequence[Does]] = ("off", "status", "unofficial", "late", "gap", "test")


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    with Ring(tmp_path) as ring:
        made = Played(tmp_path, ring)
        made.play(WELL_S)
        yield made


def test_a_source_that_plays_is_well_for_long(played: Played) -> None:
    states = {reading.state for reading in played.play(1200.0)}

    assert states == {"flowing"}
    assert played.is_seen_well
    values = played.read.values
    assert values.results_version_gaps_total == values.results_version_regressions_total == 0
    assert values.results_wrong_flag_total == values.results_parse_errors_total == 0
    assert played.names <= NAMES


@pytest.mark.parametrize("case", FOUND, ids=[case.does for case in FOUND])
def test_check_finds_what_a_source_was_told_and_its_end(played: Played, case: Case) -> None:
    found = played.play(case.lasts_s, Instruction(does=case.does))

    assert found[-1].state == case.state
    assert {reading.state for reading in found} <= {"flowing", case.state}
    found = played.play(BACK_S)
    assert found[-1].state == "flowing"
    assert {reading.state for reading in played.play(120.0)} == {"flowing"}


@pytest.mark.parametrize("case", CASES, ids=[case.does for case in CASES])
def test_witness_sees_what_a_source_does_and_its_end(played: Played, case: Case) -> None:
    assert played.is_seen_well

    told = Instruction(does=case.does)
    assert not all(_seen(played, told) for _ in range(10))
    played.play(case.lasts_s, told)
    played.play(BACK_S)
    assert played.is_seen_well


def _seen(played: Played, told: Instruction) -> bool:
    played.play(1.0, told)
    return played.is_seen_well


def test_a_lower_version_is_counted_once(played: Played) -> None:
    played.play(30.0, Instruction(does="back", versions=2.0))

    assert played.read.values.results_version_regressions_total == 1
    assert played.read.values.results_version_gaps_total == 0


def test_versions_that_never_come_are_counted(played: Played) -> None:
    played.play(30.0, Instruction(does="gap", versions=3.0))

    assert played.read.values.results_version_gaps_total == 3
    assert played.read.values.results_version_regressions_total == 0


def test_instruction_that_is_given_anew_is_obeyed_anew(played: Played) -> None:
    for given_at in (1.0, 2.0):
        played.play(30.0, Instruction(does="gap", versions=3.0, given_at=given_at))

    assert played.read.values.results_version_gaps_total == 6


def test_versions_are_counted_as_lost_each_time_they_are(played: Played) -> None:
    for lost in (3, 6, 9):
        played.play(20.0, Instruction(does="gap", versions=3.0))
        played.play(300.0)

        assert played.read.values.results_version_gaps_total == lost


def test_messages_of_a_test_are_counted_and_alarm_nobody_later(played: Played) -> None:
    for count in (5, 10):
        played.play(20.0, Instruction(does="test", messages=5.0))
        played.play(60.0)

        assert played.read.values.results_wrong_flag_total == count
    found = played.play(60.0, Instruction(does="off"))
    assert {reading.state for reading in found} <= {"flowing", "not_expected"}


def test_clock_in_another_zone_is_found_and_a_new_check_finds_it_right(played: Played) -> None:
    played.play(30.0, Instruction(does="ahead", offset_s=3600.0))
    assert played.read.values.results_clock_offset_seconds == pytest.approx(3600.0, abs=2.0)

    played.play(1.0)
    played.begin_anew()
    played.play(10.0)

    assert played.read.state == "flowing"
    assert played.read.values.results_clock_offset_seconds == pytest.approx(0.0, abs=2.0)


def test_a_check_that_begins_amid_old_messages_finds_what_is_so_now(played: Played) -> None:
    for does in AMID:
        played.play(40.0, Instruction(does=does))
        played.play(10.0)

        played.begin_anew()
        played.play(10.0)

        assert played.read.state == "flowing", does


def test_what_was_held_back_is_no_late_result(played: Played) -> None:
    played.play(120.0, Instruction(does="held"))

    assert {reading.state for reading in played.play(60.0)} == {"flowing"}


def test_ring_never_has_more_files_than_its_names(tmp_path: Path) -> None:
    with Ring(tmp_path) as ring:
        for number in range(3 * NAMES):
            ring.write(Said(b"<a/>", is_apart=number % 2 == 0), 0.0)

    assert len(list(tmp_path.iterdir())) <= NAMES + APART_MAX


def test_ring_writes_on_in_a_folder_that_was_renamed(tmp_path: Path) -> None:
    folder, away = tmp_path / "out", tmp_path / "out.gone"
    folder.mkdir()
    with Ring(folder) as ring:
        folder.rename(away)
        name = ring.write(Said(b"<a/>"), 0.0)
        away.rename(folder)

    assert (folder / name).read_bytes() == b"<a/>"


def test_busy_day_has_many_live_units_and_misses_no_version(played: Played) -> None:
    for _ in range(3):
        played.play(60.0, Instruction(does="busy", units=12.0))
        assert played.read.values.results_live_units == 13
        played.play(20.0)
        assert played.read.values.results_live_units == 1

    values = played.read.values
    assert values.results_version_gaps_total == values.results_version_regressions_total == 0
    assert values.results_parse_errors_total == values.results_wrong_date_total == 0


def test_a_unit_of_a_busy_day_ends_and_another_begins() -> None:
    units = Units()
    first = [told.code for told in units.advance(4) if told.status == "LIVE"]
    for _ in range(ENDS_EACH - 2):
        assert not any(told.status for told in units.advance(4))

    ended, begun, *scores = units.advance(4)

    assert (ended.code, ended.status) == (first[0], "OFFICIAL")
    assert (begun.status, begun.code in first) == ("LIVE", False)
    assert [told.code for told in scores] == [*first[1:], begun.code]


def test_units_of_a_busy_day_are_bounded() -> None:
    units = Units()

    assert sum(told.status == "LIVE" for told in units.advance(10_000)) == UNITS_MAX


def test_session_past_midnight_is_of_the_day_before_and_no_fault(played: Played) -> None:
    told = Instruction(zone=zone_past_midnight(played.now))
    played.play(2.0, told)
    played.begin_anew(told.zone)

    found = played.play(90.0, told)

    assert {reading.state for reading in found} == {"flowing"}
    assert not played.is_seen_well
    values = played.read.values
    assert values.results_wrong_date_total == 0
    assert values.results_clock_offset_seconds == pytest.approx(0.0, abs=2.0)
    said = read(played.last.encode(), 10_000)
    assert said.stamp is not None
    assert said.logical_date == said.stamp.date() - timedelta(days=1)
    played.play(1.0)
    played.begin_anew()
    assert {reading.state for reading in played.play(30.0)} == {"flowing"}
    assert played.is_seen_well


@pytest.mark.parametrize("hour", range(24))
def test_a_zone_past_midnight_is_found_at_each_hour(hour: int) -> None:
    now = datetime(2026, 11, 27, hour, 30, tzinfo=UTC)

    there = now.astimezone(ZoneInfo(zone_past_midnight(now.timestamp())))

    assert (there.hour, there.minute) == (0, 30)
