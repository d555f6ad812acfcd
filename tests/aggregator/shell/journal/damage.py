"""Damage: what may happen to the file of a journal, each as a function of its path."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from venuewatch.base import clock

PAGE = 4_096

Damage: TypeAlias = Callable[[Path], None]


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1_000)


def zeros(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def pages(path: Path) -> None:
    """Overwrite every second page behind the first."""
    with path.open("r+b") as file:
        for at in range(PAGE, path.stat().st_size, 2 * PAGE):
            file.seek(at)
            file.write(os.urandom(PAGE))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_in_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - PAGE - 100)


@contextmanager
def locked(path: Path, how: str = "IMMEDIATE") -> Iterator[None]:
    """Hold a lock on the journal as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        yield
        other.execute("ROLLBACK")


def live_on(path: Path, *, hours: int) -> None:
    """Let so much time have been lived with the journal until now."""
    now = clock.wall()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM lived")
        lived = [(0.0, 0.0)]
        lived += [(hour * 3_600.0, now - (hours - hour) * 3_600.0) for hour in range(1, hours + 1)]
        database.executemany("INSERT INTO lived VALUES (?, ?)", lived)
        database.execute("INSERT OR REPLACE INTO marks VALUES ('lived_s', ?)", (lived[-1][0],))


def without(table: str, path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"DROP TABLE {table}")


def with_version(version: int, path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA user_version = {version}")


BROKEN: Mapping[str, Damage] = {
    "garbage": garbage,
    "zeros": zeros,
    "pages": pages,
    "cut in half": cut,
    "cut within a page": cut_in_page,
    "no hosts": partial(without, "hosts"),
    "no marks": partial(without, "marks"),
    "no incidents": partial(without, "incidents"),
    "no lived": partial(without, "lived"),
    "schema below 0": partial(with_version, -3),
    "schema of before": partial(with_version, 0),
}
"""Each leaves a file that is no journal any more."""
