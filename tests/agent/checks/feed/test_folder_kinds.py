"""A folder as others fill it: packed files, files that are still being filled, and too many."""

import gzip
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from agent.checks.feed import Config
from tests.agent.checks.feed.results_day import DAY
from tests.agent.checks.feed.test_folder import Hall
from tests.agent.checks.peers import made


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def test_gzip_is_unpacked_whatever_the_name(hall: Hall) -> None:
    hall.writes("1.xml", gzip.compress(hall.score(1)))
    hall.writes("2.xml", hall.score(2))
    hall.writes("3.xml", gzip.compress(gzip.compress(hall.score(3))))

    values = hall.read().values

    assert (values.results_messages_total, values.results_parse_errors_total) == (2, 1)


def test_gzip_that_is_half_written_is_put_off(hall: Hall) -> None:
    hall.read()
    content = gzip.compress(hall.score(1))
    hall.writes("1.xml", content[:-9])
    early = hall.read(1.0).values
    hall.clock.wall_s += 1.0
    hall.writes("1.xml", content)

    late = hall.read().values

    assert (early.results_messages_total, early.results_parse_errors_total) == (0, 0)
    assert (late.results_messages_total, late.results_parse_errors_total) == (1, 0)


def test_gzip_that_blows_up_is_oversized(hall: Hall) -> None:
    hall.writes("1.xml", gzip.compress(b" " * 1_000_000))

    assert hall.read().values.results_oversized_total == 1


@pytest.mark.parametrize("written", [0, 10, 60])
def test_file_that_is_still_being_filled_is_put_off(hall: Hall, written: int) -> None:
    hall.read()
    content = hall.score(1)
    hall.writes("1.xml", content[:written].ljust(len(content) + 8, b"\0"))
    early = hall.read(1.0).values
    hall.clock.wall_s += 5.0
    hall.writes("1.xml", content)

    late = hall.read().values

    assert (early.results_messages_total, early.results_parse_errors_total) == (0, 0)
    assert (late.results_messages_total, late.results_parse_errors_total) == (1, 0)


def test_file_that_stays_full_of_zeros_is_an_error_once(hall: Hall) -> None:
    hall.read()
    hall.writes("1.xml", b"\0" * 100)

    counts = [hall.read(later_s).values.results_parse_errors_total for later_s in (1.0, 31.0, 31.0)]

    assert counts == [0, 1, 1]


def test_feed_with_unread_files_is_delayed_and_says_how_many(hall: Hall) -> None:
    hall.check = hall.new_check(files_per_reading=2)
    hall.read()
    for version in range(7):
        hall.writes(f"{version}.xml", hall.score(version), age_s=0.9 - version / 10)

    readings = [hall.read(200.0 * (at > 0)) for at in range(4)]

    assert [it.state for it in readings[:3]] == ["delayed"] * 3
    assert [it.detail.partition(" files")[0] for it in readings[:3]] == ["5", "3", "1"]
    assert "unread" not in readings[3].detail


def test_reading_takes_more_files_than_a_busy_hall_writes() -> None:
    config = Config(name="results", zone="UTC", folder="a")

    assert config.files_per_reading > 25 * config.every_s


@pytest.mark.parametrize("name", ["%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%Y/%m/%d"])
def test_folders_of_a_day_are_read(hall: Hall, name: str) -> None:
    def writes(number: int, day: int, version: int) -> None:
        folder = f"{DAY + timedelta(days=day):{name}}"
        (hall.folder / folder).mkdir(parents=True, exist_ok=True)
        hall.writes(f"{folder}/{number}.xml", hall.score(version))

    hall.writes("1.xml", hall.score(1))
    for day in (-400, -9, -1, 0):
        writes(1, day, 3 + day)
    first = hall.heard()
    writes(2, 0, 5)
    second = hall.heard(1.0)
    for day in range(1, 9):  # all days to come are there already
        writes(1, day, 6)

    assert (second or 0) - (first or 0) == 1
    assert (hall.heard(1.0) or 0) - (second or 0) == 1
    writes(3, 0, 7)
    assert (hall.heard(1.0) or 0) - (second or 0) == 2


def test_folders_of_other_days_are_read_where_no_clock_is_right(hall: Hall) -> None:
    (hall.folder / "2031-01-01").mkdir()
    hall.writes("2031-01-01/1.xml", hall.score(1))

    assert hall.heard() == 1


@pytest.mark.parametrize("files", ["**/*.xml", "2024-*/*.xml", "/srv/*.xml", "a\\\\*.xml", ""])
def test_pattern_with_a_folder_is_refused(files: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"at `\$.files`"):
        made("feed", zone="UTC", folder="a", files=files)


@pytest.mark.parametrize("files", ["*.xml", "*"])
def test_folders_without_a_day_and_links_are_left_alone(
    hall: Hall, tmp_path: Path, files: str
) -> None:
    hall.check = hall.new_check(files=files)
    other = tmp_path.parent / f"{tmp_path.name}-other"
    other.mkdir()
    (other / "1.xml").write_bytes(hall.score(1))
    (hall.folder / "done").mkdir()
    hall.writes("done/1.xml", hall.score(2))
    (hall.folder / "2024-08-03").symlink_to(other)
    if files != "*":
        (hall.folder / "2024-08-02").write_bytes(b"a file")

    reading = hall.read()

    assert reading.values.results_messages_total == 0
    assert reading.detail.endswith("; 1 links not followed; 1 folders not looked into")
