"""A feed from a folder: every message once, in order, whatever else lies there."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.checks import Reading
from agent.checks.feed import Check, Config
from tests.agent.checks.feed.hall import untimed
from tests.agent.checks.feed.results_day import SOURCE, UNIT, Clock, local, unixtime, xml

ZONE = "Europe/Paris"
OPENS = local("22:30:00")
OPENS_S = unixtime(OPENS, ZONE)


class Hall:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock(OPENS_S)
        self.check = self.new_check()

    def new_check(
        self, files_per_reading: int = 500, max_message_bytes: int = 4096, files: str = "*.xml"
    ) -> Check:
        config = Config(
            name="results",
            folder=str(self.folder),
            files=files,
            zone=ZONE,
            files_per_reading=files_per_reading,
            max_message_bytes=max_message_bytes,
        )
        return Check(config, lambda _name: None, self.clock)

    def stamp(self) -> datetime:
        return OPENS + timedelta(seconds=self.clock.wall_s - OPENS_S)

    def score(self, version: int) -> bytes:
        more = {"DocumentCode": UNIT, "ResultStatus": "LIVE", "Version": str(version)}
        return xml("DT_CURRENT", self.stamp(), **more)

    def writes(self, name: str, content: bytes, *, age_s: float = 0.0) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        changed_s = self.clock.wall_s - age_s
        os.utime(path, (changed_s, changed_s))
        return path

    def read(self, later_s: float = 0.0) -> Reading:
        self.clock.wall_s += later_s
        return self.check.read()

    def heard(self, later_s: float = 0.0) -> float | None:
        return self.read(later_s).values.results_messages_total


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def test_each_file_is_heard_once(hall: Hall) -> None:
    hall.writes("1.xml", hall.score(1))
    hall.writes("2.XML", hall.score(2))

    assert [hall.heard(), hall.heard(1.0), hall.heard(1.0)] == [2, 2, 2]


def test_a_file_that_is_written_anew_is_heard_anew(hall: Hall) -> None:
    hall.writes("current.xml", hall.score(1))
    first = hall.heard()
    hall.clock.wall_s += 20.0
    hall.writes("current.xml", hall.score(2))

    assert (first, hall.heard()) == (1, 2)


def test_files_are_heard_in_the_order_that_they_came_whatever_their_names(hall: Hall) -> None:
    hall.read()
    for version, name in enumerate(["z.xml", "a.xml", "m.xml"]):
        hall.clock.wall_s += 1.0
        hall.writes(name, hall.score(version))

    values = hall.read().values

    assert values.results_version_gaps_total == 0
    assert values.results_version_regressions_total == 0


def test_what_is_no_message_by_its_name_or_nature_is_left_alone(
    hall: Hall, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "secret.xml"
    elsewhere.write_bytes(hall.score(1))
    hall.writes("1.tmp", hall.score(1))
    (hall.folder / "folder.xml").mkdir()
    (hall.folder / "link.xml").symlink_to(elsewhere)

    values = hall.read().values

    assert values.results_messages_total == 0
    assert values.results_parse_errors_total == 0


def test_a_file_that_is_still_being_written_is_heard_when_it_is_whole(hall: Hall) -> None:
    whole = hall.score(1)
    hall.writes("1.xml", whole[:60])
    partly = hall.read().values
    hall.clock.wall_s += 5.0
    hall.writes("1.xml", whole)
    complete = hall.read().values

    assert (partly.results_messages_total, partly.results_parse_errors_total) == (0, 0)
    assert (complete.results_messages_total, complete.results_parse_errors_total) == (1, 0)


def test_a_file_that_stays_incomplete_is_one_error(hall: Hall) -> None:
    hall.writes("1.xml", hall.score(1)[:60])

    errors = [hall.read(10.0).values.results_parse_errors_total for _ in range(6)]

    assert errors == [0, 0, 0, 1, 1, 1]


def test_a_broken_file_is_one_error_at_once_and_hides_no_other(hall: Hall) -> None:
    hall.writes("1.xml", b"<Body DocumentType='DT_KA' & ></Other>", age_s=1.0)
    hall.writes("2.xml", hall.score(1))

    values = hall.read().values

    assert (values.results_messages_total, values.results_parse_errors_total) == (1, 1)


def test_a_file_that_is_too_large_is_counted_and_not_opened(hall: Hall) -> None:
    path = hall.writes("1.xml", b" " * 4097)
    path.chmod(0)

    assert hall.read().values.results_oversized_total == 1
    assert hall.read(30.0).values.results_oversized_total == 1


def test_a_reading_takes_a_bounded_number_of_files_and_the_next_one_goes_on(hall: Hall) -> None:
    hall.check = hall.new_check(files_per_reading=2)
    hall.read()
    for version in range(5):
        hall.writes(f"{version}.xml", hall.score(version), age_s=0.5 - version / 10)

    assert [hall.heard(1.0) for _ in range(4)] == [2, 4, 5, 5]
    assert hall.read().values.results_version_gaps_total == 0


def test_a_restarted_agent_hears_the_newest_files_of_the_day_with_the_times_they_came(
    hall: Hall,
) -> None:
    hall.writes("yesterday.xml", hall.score(1), age_s=86_400.0)
    hall.writes("1.xml", xml("DT_LOCAL_ON", hall.stamp()), age_s=200.0)
    hall.writes("2.xml", xml("DT_KA", hall.stamp()), age_s=100.0)

    reading = hall.read()

    assert reading.values.results_messages_total == 2
    assert reading.state == "silent"
    assert reading.detail.startswith(f"{SOURCE}: nothing for 100 s")


def test_a_file_with_an_old_time_came_after_the_last_look(hall: Hall) -> None:
    hall.read()
    hall.clock.wall_s += 30.0
    hall.writes("1.xml", xml("DT_LOCAL_ON", hall.stamp()), age_s=5_000.0)

    assert hall.read().state == "flowing"


def test_what_is_remembered_of_files_goes_with_them(hall: Hall) -> None:
    for version in range(50):
        hall.writes(f"{version}.xml", hall.score(version)).unlink()
        hall.read(1.0)
    folder = hall.check._folder  # noqa: SLF001

    assert folder is not None
    assert len(folder._known) == 0  # noqa: SLF001
    assert folder._incomplete == {}  # noqa: SLF001


def test_a_folder_that_is_not_there_is_critical_until_it_is(hall: Hall) -> None:
    hall.folder.rmdir()
    before = hall.read()
    hall.folder.mkdir()
    after = hall.read()

    assert before.state == "critical"
    assert untimed(before.detail) == f"{hall.folder}: No such file or directory"
    assert after.state == "unknown"


def test_a_file_that_stays_incomplete_is_heard_as_broken_once_it_has_settled(hall: Hall) -> None:
    hall.read()
    hall.writes("1.xml", hall.score(1)[:-9])

    early, settled = hall.read(1.0).values, hall.read(30.0).values

    assert (early.results_messages_total, early.results_parse_errors_total) == (0, 0)
    assert (settled.results_messages_total, settled.results_parse_errors_total) == (1, 1)


def test_a_feed_that_is_not_read_any_more_says_nothing_of_its_units(
    hall: Hall, tmp_path: Path
) -> None:
    hall.writes("1.xml", hall.score(1))
    before = hall.read().values
    (tmp_path / "1.xml").unlink()
    tmp_path.rmdir()

    reading = hall.read(30.0)

    assert before.results_live_units == 1
    assert reading.state == "critical"
    assert reading.values.results_live_units is None
    assert reading.values.results_data_age_seconds is None
    assert reading.values.results_latency_seconds is None
    assert reading.values.results_messages_total == 1
    tmp_path.mkdir()
