"""Ways to spoil what a check looks at: what to do, and the command that undoes it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from venuewatch.rehearsal.stage.undoing import Command


class Spoiling(NamedTuple):
    """What is done, and what undoes it; that is harmless where there is nothing to undo."""

    do: Callable[[], object]
    undo: Command


def of_file(path: Path, content: bytes) -> Spoiling:
    """Return how a program of the stage is told something: by a file, as long as it is there."""
    return Spoiling(partial(write_whole, path, content), ("rm", "-f", str(path)))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole, or not at all."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
