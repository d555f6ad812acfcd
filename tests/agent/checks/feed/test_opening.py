"""Files of a folder between a look and their end: each is opened once, as what the look found."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.checks.results_feed import content
from tests.agent.checks.feed.test_folder import Hall
from venuewatch.base.files import Opened, open_found

Change = Callable[[str], object]


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def becomes_a_link(path: str) -> None:
    os.replace(path, f"{path}.old")  # noqa: PTH105 - it is text
    Path(path).symlink_to(f"{path}.old")


def becomes_a_pipe(path: str) -> None:
    Path(path).unlink()
    os.mkfifo(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows opens links, and has no pipes in folders")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("change", [becomes_a_link, becomes_a_pipe])
def test_other_kind_in_the_place_of_a_file_is_not_read(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    hall.read()
    hall.writes("1.xml", hall.score(1))

    def swapped(path: str) -> Opened:
        change(path)
        return open_found(path)

    monkeypatch.setattr(content, "open_found", swapped)

    assert [hall.heard(1.0), hall.heard(31.0)] == [0, 0]


def grows(path: str) -> None:
    with Path(path).open("ab") as file:
        file.write(b"<!-- grown -->" * 10_000)


def shrinks(path: str) -> None:
    os.truncate(path, os.stat(path).st_size - 100)  # noqa: PTH116 - it is text


@pytest.mark.parametrize("change", [grows, shrinks])
def test_file_that_changes_once_open_is_read_to_its_end(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    hall.check = hall.new_check(max_message_bytes=1_000_000)
    hall.read()
    path = hall.writes("1.xml", hall.score(1) + b" " * 200)

    def changed(path: str) -> Opened:
        opened = open_found(path)
        change(path)
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(content, "open_found", changed)
        values = hall.read(1.0).values

    assert (values.results_messages_total, values.results_parse_errors_total) == (1, 0)
    assert values.results_bytes_total == path.stat().st_size


def test_folder_is_read_where_the_system_knows_no_descriptors_of_folders(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "supports_fd", frozenset[object]())
    (hall.folder / "2024-08-03").mkdir()
    hall.writes("2024-08-03/1.xml", hall.score(1))
    hall.writes("2.xml", hall.score(2))

    assert [hall.heard(), hall.heard(1.0)] == [2, 2]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
@pytest.mark.timeout(20)
def test_pipe_in_the_place_of_the_folder_is_not_waited_for(hall: Hall) -> None:
    hall.folder.rmdir()
    os.mkfifo(hall.folder)

    reading = hall.read()

    assert reading.state == "critical"
    assert reading.detail.startswith(f"{hall.folder}: ")


@pytest.mark.skipif(os.name == "nt", reason="its folders have no descriptors")
def test_new_file_costs_one_call_of_each_kind(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.read()
    for number in range(100):
        hall.writes(f"{number}.xml", hall.score(number))
    calls: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., object]:
        call: Callable[..., object] = getattr(os, name)

        def count(*given: object, **more: object) -> object:
            calls[name] += 1
            return call(*given, **more)

        return count

    with monkeypatch.context() as patch:
        for name in ("open", "fstat", "read", "stat", "lstat"):
            patch.setattr(os, name, counted(name))
        heard = hall.heard(1.0)

    assert heard == 100
    assert calls == {"open": 101, "fstat": 100, "read": 100}  # one is that of the folder


def test_look_leaves_no_descriptor_of_a_folder_open(hall: Hall) -> None:
    (hall.folder / "2024-08-03").mkdir()
    hall.writes("2024-08-03/1.xml", hall.score(1))
    held = Path("/proc/self/fd")
    if not held.is_dir():
        pytest.skip("only Linux tells which are open")
    before = len(list(held.iterdir()))

    hall.read()
    hall.read(1.0)

    assert len(list(held.iterdir())) == before
