"""History: what the journal knows of earlier times, read beside its writer.

Each question opens the database for reading only, so that none holds up the writer, nor keeps an
old file when another takes its place. The journal is a help: where it can not be read, the answer
is empty, and the log says so once.

Times are s since 1970.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from aggregator.shell.http.api.record import IncidentJson
from aggregator.shell.journal.rows import (
    CHANGES,
    INCIDENTS,
    TRANSITIONS,
    ChangeRow,
    TransitionRow,
)
from aggregator.shell.journal.table import Table
from venuewatch.base import log

_BUSY_S = 1.0
_CHANGES_MAX = 1_000
_ASKED_MAX = 100_000

_logger = logging.getLogger("aggregator.journal")

Row = TypeVar("Row", bound=msgspec.Struct)


class History:
    """Reads the journal at ``path``; "" is none. To be asked in a thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._trouble: str | None = None

    def incidents(self, *, before: int, limit: int, venue: str = "") -> Sequence[IncidentJson]:
        """Return incidents with a number below ``before``, the newest first."""
        where, values = ("AND venue = ?", (venue,)) if venue else ("", ())
        more = f"WHERE number < ? {where} ORDER BY number DESC LIMIT ?"
        asked = limit
        while True:  # rows that make no sense must not look like the end
            skipped: Counter[str] = Counter()
            found = self._read(INCIDENTS, more, (before, *values, asked), skipped)
            is_all = len(found) + skipped[INCIDENTS.name] < asked
            if is_all or len(found) >= limit or asked > _ASKED_MAX:
                return found[:limit]
            asked *= 2

    def incident(self, number: int) -> IncidentJson | None:
        """Return one incident; None if it is not known, or no more."""
        found = self._read(INCIDENTS, "WHERE number = ?", (number,))
        return found[0] if found else None

    def changes(self, number: int) -> Sequence[ChangeRow]:
        """Return what was reported of an incident, the first first."""
        more = "WHERE number = ? ORDER BY seq LIMIT ?"
        return self._read(CHANGES, more, (number, _CHANGES_MAX))

    def transitions(self, host: str, *, since: float, limit: int) -> Sequence[TransitionRow]:
        """Return the latest changes of a host's state, the oldest first."""
        more = "WHERE host = ? AND at >= ? ORDER BY at DESC, rowid DESC LIMIT ?"
        return self._read(TRANSITIONS, more, (host, since, limit))[::-1]

    def _read(
        self,
        table: Table[Row],
        more: str,
        values: Sequence[object],
        skipped: Counter[str] | None = None,
    ) -> list[Row]:
        """Return rows; what makes no sense is left out, and counted in ``skipped``."""
        if not self._path:
            return []
        try:
            with self._opened() as database:
                rows = table.select(
                    database, more, values, skipped=Counter() if skipped is None else skipped
                )
        except (sqlite3.Error, OSError, ValueError) as error:
            self._note(str(error))
            return []
        self._trouble = None
        return rows

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        address = f"{Path(self._path).absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as database:
            database.text_factory = partial(str, encoding="utf-8", errors="replace")
            yield database

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.event(_logger, logging.WARNING, "history_not_read", why=trouble)
