"""Files that are written again under their names: what is news of them, and what is lost."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.checks.results_feed import look
from agent.checks.results_feed.known import File
from tests.agent.checks.feed.test_folder import Hall


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


@pytest.fixture(params=["all times", "times of content only"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell when a file was touched, and its inode, or not: Windows does not."""
    if request.param == "times of content only":

        def found(written_ns: int, name: str, size: int, _touched_ns: int, _inode: int) -> File:
            return File(written_ns, name, size, 0, 0)

        monkeypatch.setattr(look, "File", found)


def rewrites(path: Path, content: bytes) -> None:
    """Write other content in place, with the same size, and give the file its old time."""
    before = path.stat()
    assert len(content) == before.st_size
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.usefixtures("system")
def test_message_written_in_its_size_and_time_is_heard(hall: Hall) -> None:
    hall.read()
    path = hall.writes("current.xml", hall.score(1))
    first = hall.heard(30.0)
    rewrites(path, hall.score(2))

    assert (first, hall.heard(30.0), hall.heard(30.0)) == (1, 2, 2)


@pytest.mark.usefixtures("system")
def test_file_that_is_filled_in_its_size_and_time_is_heard(hall: Hall) -> None:
    hall.read()
    content = hall.score(1)
    path = hall.writes("1.xml", bytes(len(content)))
    hall.read(1.0)
    settled = hall.read(31.0).values
    for number in range(40):  # it is not among the newest any more
        hall.writes(f"a{number}.xml", hall.score(number + 2))
    hall.read(30.0)
    rewrites(path, content)

    values = hall.read(30.0).values

    assert (settled.results_messages_total, settled.results_parse_errors_total) == (0, 1)
    assert (values.results_messages_total, values.results_parse_errors_total) == (41, 1)


@pytest.mark.usefixtures("system")
def test_file_replaced_in_its_size_and_time_is_heard(hall: Hall, tmp_path: Path) -> None:
    hall.read()
    hall.writes("current.xml", hall.score(1))
    first = hall.heard(30.0)
    other = hall.writes("other.tmp", hall.score(2), age_s=30.0)
    other.replace(tmp_path / "current.xml")

    assert (first, hall.heard(30.0)) == (1, 2)


def test_list_of_a_folder_that_is_behind_repeats_nothing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "File", lambda _written, name, *_more: File(1, name, 0, 1, 0))
    hall.read()
    hall.writes("current.xml", hall.score(1))
    heard = [hall.heard(30.0), hall.heard(30.0)]
    hall.writes("current.xml", hall.score(2))
    heard += [hall.heard(30.0), hall.heard(30.0)]

    assert heard == [1, 1, 2, 2]


def touches(path: Path) -> None:
    path.chmod(0o600)


def restores(path: Path) -> None:
    """Bring a file back as a backup does: another file, with the old time and content."""
    before = path.stat()
    copy = path.with_suffix(".tmp")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
    copy.replace(path)


@pytest.mark.parametrize("act", [touches, restores])
def test_same_content_in_its_size_and_time_is_no_news(
    hall: Hall, act: Callable[[Path], None]
) -> None:
    hall.writes("old.xml", hall.score(1), age_s=86_400.0)
    hall.read()
    hall.writes("1.xml", hall.score(1))
    first = hall.heard(30.0)
    act(hall.folder / "1.xml")
    act(hall.folder / "old.xml")

    assert (first, hall.heard(30.0), hall.heard(30.0)) == (1, 1, 1)


def test_file_that_could_not_be_read_is_heard_once_it_can(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.read()
    path = hall.writes("1.xml", hall.score(1))
    with monkeypatch.context() as patch:
        patch.setattr("agent.checks.results_feed.content.open_found", _refuse)
        hall.read(1.0)
        refused = hall.read(31.0)
    path.chmod(0o600)

    values = hall.read(30.0).values

    assert "cannot be read: Permission denied" in refused.detail
    assert (values.results_messages_total, values.results_parse_errors_total) == (1, 1)


def _refuse(_path: Path) -> int:
    raise PermissionError(13, "Permission denied")


def overwritten(hall: Hall, version: int) -> None:
    hall.writes("current.xml", hall.score(version))


def replaced(hall: Hall, version: int) -> None:
    hall.writes("new.tmp", hall.score(version)).replace(hall.folder / "current.xml")


def taken_away(hall: Hall, version: int) -> None:
    for path in hall.folder.iterdir():
        path.unlink()
    hall.writes(f"{version}.xml", hall.score(version))


def rewritten_after_a_pause(hall: Hall, version: int) -> None:
    (hall.folder / "current.xml").unlink(missing_ok=True)
    if version % 3:
        hall.writes("current.xml", hall.score(version))


@pytest.mark.parametrize("way", [overwritten, replaced, taken_away, rewritten_after_a_pause])
def test_versions_that_were_not_kept_are_not_lost(
    hall: Hall, way: Callable[[Hall, int], None]
) -> None:
    for version in range(60):
        way(hall, version)
        hall.clock.wall_s += 2.0
        if version % 15 == 14:
            reading = hall.read()
            assert "missing" not in reading.detail

    assert reading.values.results_version_gaps_total == 0
    assert (reading.values.results_messages_total or 0) >= 3


def test_version_is_lost_where_files_stay(hall: Hall) -> None:
    hall.read()
    for version in (1, 2, 5):
        hall.clock.wall_s += 2.0
        hall.writes(f"{version}.xml", hall.score(version))
        overwritten(hall, version)  # the same beside it hides nothing

    reading = hall.read(1.0)

    assert reading.values.results_version_gaps_total == 2


def test_versions_are_lost_again_after_files_have_stayed(hall: Hall) -> None:
    hall.writes("1.xml", hall.score(1))
    hall.read()
    (hall.folder / "1.xml").unlink()
    counts = []
    for later_s, version in ((30.0, 4), (601.0, 7)):
        hall.clock.wall_s += later_s
        hall.writes(f"{version}.xml", hall.score(version))
        counts.append(hall.read().values.results_version_gaps_total)

    assert counts == [0, 2]


def test_folder_of_a_new_day_hides_no_lost_version(hall: Hall) -> None:
    for day, version in (("01", 1), ("02", 2), ("03", 3)):
        (hall.folder / f"2024-08-{day}").mkdir()
        hall.writes(f"2024-08-{day}/1.xml", hall.score(version))
    hall.read()
    (hall.folder / "2024-08-04").mkdir()
    hall.clock.wall_s += 30.0
    hall.writes("2024-08-04/1.xml", hall.score(6))

    reading = hall.read()

    assert reading.values.results_version_gaps_total == 2
