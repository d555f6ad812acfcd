"""Keeps what the aggregator of a sitting wrote of its incidents, beside the file of the run.

1. The guardian of a sitting runs this as a program, before it removes the world and its folder. So
   the journal is kept however the sitting ends, unless its guardian was killed, too.
2. Incidents, their changes and the transitions of hosts are kept, the latest ``ROWS_MAX`` of
   each; no readings. ``world`` has the name of the world, as the run's file has it.
3. Nothing of the product reads it again: it is there to check a report by.
"""

import itertools
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

ROWS_MAX: Final = 100_000

_LATEST: Final[Mapping[str, str]] = {
    "incidents": "number",
    "changes": "number",
    "transitions": "at",
}
"""Each table that is kept, and the column by which its latest rows are found."""


def command(journal: Path, run: Path, world: str) -> tuple[str, ...]:
    """Return the command that keeps the journal of a world of the run in the file ``run``."""
    words = (str(journal.absolute()), str(run.absolute()), world)
    return (sys.executable, "-I", "-m", "venuewatch.rehearsal.live.kept_journal", *words)


def keep(journal: Path, run: Path, world: str) -> Path | None:
    """Keep a journal, whole or not at all; return where, or None where nothing was written yet.

    Raises:
        OSError, sqlite3.Error: it can't be read, or nothing can be written there.
    """
    if not journal.is_file():
        return None
    kept = _free_name(run)
    new = kept.with_name(f".{kept.name}.new")
    new.unlink(missing_ok=True)
    try:
        if not _copy(journal, new, world):
            return None
        new.replace(kept)
    finally:
        new.unlink(missing_ok=True)
    return kept


def _copy(journal: Path, new: Path, world: str) -> bool:
    """Copy what is kept into a new file; return False where the journal has no tables yet."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if not version:
            return False
        database.execute("ATTACH ? AS kept", (str(new),))
        database.execute("BEGIN")
        database.execute("CREATE TABLE kept.world (name TEXT NOT NULL)")
        database.execute("INSERT INTO kept.world VALUES (?)", (world,))
        for table, place in _LATEST.items():
            latest = f"ORDER BY {place} DESC LIMIT {ROWS_MAX}"
            database.execute(
                f"CREATE TABLE kept.{table} AS SELECT * FROM main.{table} {latest}"  # noqa: S608
            )
        database.execute("COMMIT")
    return True


def _free_name(run: Path) -> Path:
    """Return the first name beside a run's file that no sitting has taken."""
    names = (run.with_name(f"{run.name}.journal-{number}.db") for number in itertools.count(1))
    return next(name for name in names if not name.exists())


def main() -> int:
    """Keep the journal that the command names; return the exit code."""
    journal, run, world = sys.argv[1:]
    try:
        keep(Path(journal), Path(run), world)
    except (OSError, sqlite3.Error) as error:
        print(f"the journal of this sitting is not kept: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
