"""A thing that was spoilt is mended by a command, which is harmless where nothing is spoilt."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.rehearsal.live.watched.scene import GATEWAY, PAGED, SERVER, equipment
from venuewatch.rehearsal.live.sources import instructions
from venuewatch.rehearsal.live.sources.instructions import Instruction
from venuewatch.rehearsal.live.watched.disk import Disk
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.watched.page import Page
from venuewatch.rehearsal.live.watched.spoiling import Spoiling
from venuewatch.rehearsal.live.watched.temperature import Temperature
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.guarding import undo_each
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.undoing import Run

pytestmark = pytest.mark.real


def _told(folder: Path) -> Spoiling:
    feed = equipment(folder, SERVER).thing("results", Feed)
    _made(folder, feed.folder)
    return feed.telling(Instruction(does="frozen"))


def _taken_away(folder: Path) -> Spoiling:
    feed = equipment(folder, SERVER).thing("results", Feed)
    _made(folder, feed.folder)
    return feed.taking_away()


def _hanging(folder: Path) -> Spoiling:
    page = equipment(folder, PAGED).thing("page", Page)
    _made(folder, page.path.parent)
    return page.hanging()


def _heated(folder: Path) -> Spoiling:
    thermometer = equipment(folder, GATEWAY).thing("temperature", Temperature)
    _made(folder, thermometer.path.parent)
    thermometer.make(Guardian())
    return thermometer.heating(45.0)


def test_same_instruction_that_is_given_anew_is_another_one(tmp_path: Path) -> None:
    feed = equipment(tmp_path, SERVER).thing("results", Feed)
    _made(tmp_path, feed.folder)
    said = []

    for _ in range(2):
        feed.telling(Instruction(does="gap")).do()
        said.append(instructions.read(Path(feed.plan.told)))

    assert said[0] != said[1]
    assert [each.does for each in said] == ["gap", "gap"]


SPOILINGS: Final[list[Callable[[Path], Spoiling]]] = [_told, _taken_away, _hanging, _heated]


@pytest.mark.parametrize("spoiling", SPOILINGS, ids=[each.__name__ for each in SPOILINGS])
def test_what_was_spoilt_is_as_before_and_undone_twice(
    tmp_path: Path, spoiling: Callable[[Path], Spoiling]
) -> None:
    do, undo = spoiling(tmp_path)
    before = tree(tmp_path)

    assert undo_each([Run(undo)]) == []
    assert tree(tmp_path) == before
    do()
    assert tree(tmp_path) != before
    assert undo_each([Run(undo), Run(undo)]) == []
    assert tree(tmp_path) == before


def test_a_disk_that_is_a_part_of_another_is_never_filled(tmp_path: Path) -> None:
    disk = equipment(tmp_path, SERVER).thing("disk", Disk)

    with pytest.raises(StageError, match=r"^STA-2 has no disk of its own: it is not mounted$"):
        disk.filling()


def _made(folder: Path, last: Path) -> None:
    assert last.is_relative_to(folder)
    last.mkdir(parents=True)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file and folder below, with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }
