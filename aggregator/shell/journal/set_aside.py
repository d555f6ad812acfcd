"""Journals of a newer venuewatch: set aside by an older one, and merged by one that knows them.

An older venuewatch can not read a newer journal, and watches nevertheless. It renames the journal
to ``NAME.schema-N`` and begins another one, in which incidents are numbered on. The first
venuewatch that knows schema N merges the file into its journal, and keeps it as
``NAME.schema-N.merged``. No file is ever overwritten or deleted.
"""

import logging
import re
import sqlite3
from contextlib import closing
from itertools import chain, count
from pathlib import Path

from aggregator.shell.journal import schema
from aggregator.shell.journal.file import connect
from aggregator.shell.journal.merge import MERGED, ClosingNotice, merge
from aggregator.shell.journal.rows import KEEP_HIGHER, MARKS, NEXT_NUMBER, MarkRow
from venuewatch.base import clock, log

FAR_NUMBER = 1_000_000
"""The number that incidents begin at, at least, when it can not be read which ones were given."""

_MINUTE_S = 60

_logger = logging.getLogger("aggregator.journal")


def set_aside_newer(path: Path) -> None:
    """Rename the journal at ``path`` if a newer venuewatch has made it.

    Raises:
        sqlite3.Error, ValueError: it is damaged, or another process uses it.
    """
    if not path.is_file():
        return
    with closing(connect(path)) as database:
        has, known = schema.version_of(database), len(schema.MIGRATIONS)
        if has <= known:
            return
        database.execute("PRAGMA journal_mode = DELETE")  # now all of it is in one file
    aside = _free(path.with_name(f"{path.name}.schema-{has}"))
    path.rename(aside)
    log.event(
        _logger, logging.WARNING, "journal_set_aside", file=str(aside), schema=has, known=known
    )


def merge_set_aside(
    database: sqlite3.Connection, path: Path, closing_notice: ClosingNotice
) -> None:
    """Merge what was set aside of the journal at ``path``, as far as its schema is known.

    A file that can not be merged stays where it is, and is tried again at the next start.
    """
    for aside in _set_aside(path):
        try:
            _take_in(database, aside, closing_notice)
        except Exception as error:  # noqa: BLE001 - no such file keeps us from watching
            log.event(
                _logger, logging.ERROR, "journal_merge_fails", file=str(aside), why=str(error)
            )
    with database:
        for merged in _merged(database):
            if not path.with_name(merged).exists():
                database.execute("DELETE FROM marks WHERE name = ?", (MERGED + merged,))


def unknown_number() -> int:
    """Return a number that no incident had, as far as can be told without a journal.

    It grows with the wall clock, so that a second loss leads to other numbers than the first.
    """
    return FAR_NUMBER + int(clock.wall() // _MINUTE_S)


def _set_aside(path: Path) -> list[Path]:
    pattern = re.compile(rf"{re.escape(path.name)}\.schema-(\d+)(?:\.(\d+))?")
    found = [(pattern.fullmatch(file.name), file) for file in path.parent.iterdir()]
    ordered = [(int(of[1]), int(of[2] or 1), file) for of, file in found if of is not None]
    return [file for _, _, file in sorted(ordered)]


def _free(path: Path) -> Path:
    numbered = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(file for file in chain([path], numbered) if not file.exists())


def _merged(database: sqlite3.Connection) -> list[str]:
    """Return the names of files whose rows are in the journal."""
    marks = database.execute("SELECT name FROM marks WHERE name LIKE ? || '%'", (MERGED,))
    return [name.removeprefix(MERGED) for (name,) in marks.fetchall()]


def _take_in(database: sqlite3.Connection, aside: Path, closing_notice: ClosingNotice) -> None:
    """Merge ``aside``, or number on behind it; a crash in the middle changes nothing."""
    if aside.name not in _merged(database):
        with closing(sqlite3.connect(aside)) as other:
            if schema.version_of(other) > len(schema.MIGRATIONS):
                with database:
                    mark = MarkRow(NEXT_NUMBER, _next_number(other))
                    MARKS.insert(database, [mark], KEEP_HIGHER)
                return
            other.execute("PRAGMA journal_mode = DELETE")
            schema.migrate(other)
        database.execute("ATTACH DATABASE ? AS aside", (str(aside),))
        try:
            with database:
                database.execute("BEGIN IMMEDIATE")
                merge(database, clock.wall(), closing_notice)
                MARKS.insert(database, [MarkRow(MERGED + aside.name, 1)])
        finally:
            database.execute("DETACH DATABASE aside")
    kept = _free(aside.with_name(f"{aside.name}.merged"))
    aside.rename(kept)
    log.event(_logger, logging.INFO, "journal_merged", file=str(kept))


def _next_number(newer: sqlite3.Connection) -> float:
    """Return the lowest number that no incident of a newer journal ever had."""
    mark = "SELECT coalesce(max(value), 1) FROM marks WHERE name = ?"
    try:
        (highest,) = newer.execute("SELECT coalesce(max(number), 0) FROM incidents").fetchone()
        (marked,) = newer.execute(mark, (NEXT_NUMBER,)).fetchone()
        return max(float(highest) + 1, float(marked))
    except (sqlite3.Error, ValueError):
        return FAR_NUMBER
