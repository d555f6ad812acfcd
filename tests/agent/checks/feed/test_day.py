"""A whole results day of three systems: every change of state, none false and none missed.

All is on the clock of the day. Each system is played in Paris and in Tahiti to the core alone, and
in its own zone to the real check, as files and as pushes.
"""

from datetime import date, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bench.kit.processes import free_port
from tests.agent.checks.feed.results_day import (
    DAY,
    changes,
    differences,
    in_words,
    planned,
    state_at,
    through_the_core,
)
from venuewatch.demo.results_day.day import BEGIN, SCRIPTS
from venuewatch.demo.results_day.moments import Script
from venuewatch.demo.results_day.speaker import Sent
from venuewatch.demo.results_day.watched import Seen, Watched

AROUND_S = 120.0
ALARMS = frozenset({"silent", "frozen", "delayed", "critical"})
IN_TROUBLE = ("08:03:00", "09:20:00", "11:22:00", "20:35:00", "21:05:00")
STARTS = [
    *(f"{hour:02}:{minute}:00" for hour in range(7, 23, 3) for minute in ("05", "45")),
    *IN_TROUBLE,
]
KNOWS_AFTER_S, DAY_S = 600.0, 86_400.0
BY_HOST = {script.host: script for script in SCRIPTS}


def sending_again(script: Script, at: str) -> Script:
    """Return a script whose system sends all of its day so far once more, within two minutes."""

    def says(day: date, zone: tzinfo) -> list[Sent]:
        at_s = script.unixtime(at, day, zone)
        said = script.says(day, zone)
        before = [it for it in said if at_s - DAY_S < it.at_s < at_s]
        again = [
            it._replace(at_s=at_s + 120.0 * number / len(before))
            for number, it in enumerate(before)
        ]
        return sorted([*said, *again], key=lambda it: it.at_s)

    return script._replace(says=says)


def through_the_check(script: Script, folder: Path, *, by_push: bool) -> list[Seen]:
    """Return the readings of the real check around each moment of the script."""
    at = ZoneInfo(script.zone)
    begin_s, *moments_s = (
        script.unixtime(text, DAY, at) for text in (BEGIN, *(it.at for it in script.moments))
    )
    seen: list[Seen] = []
    port = free_port() if by_push else 0
    with Watched(script, DAY, begin_s - 7200.0, folder, port) as watched:
        for moment_s in moments_s:
            watched.skip_to(moment_s - AROUND_S)
            seen += watched.go_to(moment_s + AROUND_S)
    return seen


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Tahiti"])
@pytest.mark.parametrize("host", BY_HOST)
def test_each_change_of_the_day_is_seen_and_no_other(host: str, zone: str) -> None:
    script = BY_HOST[host]

    found = changes(through_the_core(script, zone))

    print("\n".join(in_words(found, zone)))
    assert found[0].state == "unknown"
    assert differences(found[1:], planned(script, zone)) == []


@pytest.mark.parametrize("phase_s", [7.5, 19.0])
@pytest.mark.parametrize("host", BY_HOST)
def test_it_is_the_same_day_whenever_readings_are_taken(host: str, phase_s: float) -> None:
    script = BY_HOST[host]

    found = changes(through_the_core(script, script.zone, phase_s=phase_s))

    assert differences(found[1:], planned(script, script.zone)) == []


@pytest.mark.parametrize("day", [date(2024, 10, 26), date(2024, 3, 30)], ids=["back", "on"])
@pytest.mark.parametrize("host", BY_HOST)
def test_clocks_that_change_in_the_night_change_nothing(host: str, day: date) -> None:
    script = BY_HOST[host]

    found = changes(through_the_core(script, "Europe/Paris", day))

    assert differences(found[1:], planned(script, "Europe/Paris", day)) == []


@pytest.mark.long
@pytest.mark.parametrize("begin", STARTS)
@pytest.mark.parametrize("host", BY_HOST)
def test_check_that_begins_at_any_time_raises_no_false_alarm(host: str, begin: str) -> None:
    script = BY_HOST[host]
    known_s = script.unixtime(begin, DAY, ZoneInfo(script.zone)) + KNOWS_AFTER_S

    found = changes(through_the_core(script, script.zone, begin=begin))

    plan = planned(script, script.zone)
    alarms = [it for it in found if it.state in ALARMS]
    assert [it for it in alarms if it.state != state_at(plan, it.at_s)] == []
    assert [it.state for it in alarms if it.at_s > known_s] == [
        it.state for it in plan if it.state in ALARMS and it.at_s > known_s
    ]


@pytest.mark.parametrize("at", ["11:10:00", "13:00:00", "16:00:00", "21:15:00", "+00:50:00"])
@pytest.mark.parametrize("host", BY_HOST)
def test_day_that_is_sent_again_raises_no_alarm_and_hides_none(host: str, at: str) -> None:
    script = BY_HOST[host]

    found = changes(through_the_core(sending_again(script, at), script.zone))

    states = [it.state for it in found if it.state in ALARMS]
    assert states == [it.state for it in planned(script, script.zone) if it.state in ALARMS]


@pytest.mark.long
@pytest.mark.parametrize("by_push", [False, True], ids=["files", "pushes"])
@pytest.mark.parametrize("host", BY_HOST)
def test_real_check_sees_the_same_day(host: str, by_push: bool, tmp_path: Path) -> None:  # noqa: FBT001
    script = BY_HOST[host]

    seen = through_the_check(script, tmp_path, by_push=by_push)

    found, last = changes(seen), seen[-1].reading.values
    assert found[0].state == "unknown"
    assert differences(found[1:], planned(script, script.zone)) == []
    assert last.results_parse_errors_total == 0
    assert last.results_wrong_flag_total == 0
    assert last.results_wrong_date_total == 0


@pytest.mark.parametrize(
    ("host", "gaps", "regressions"),
    [("BCY-results-01", 3, 0), ("EIF-results-01", 0, 0), ("TAH-results-01", 0, 1)],
)
def test_lost_versions_of_the_day_are_counted(host: str, gaps: int, regressions: int) -> None:
    values = through_the_core(BY_HOST[host], "Europe/Paris")[-1].reading.values

    assert values.results_version_gaps_total == gaps
    assert values.results_version_regressions_total == regressions
