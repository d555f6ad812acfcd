"""Orders as a transaction: each is written whole, and one that no disk takes is given up alone."""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.shell.journal import rows as journal_rows
from aggregator.shell.journal.rows import Rows
from aggregator.shell.journal.waiting import Order
from venuewatch.base import log

_OF_VALUES = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)

_logger = logging.getLogger("aggregator.journal")


def write_order(database: sqlite3.Connection, order: Order) -> bool:
    """Write an order whole; return False if it has a value that no disk takes: a bug.

    In the transaction of the caller.

    Raises:
        sqlite3.Error: it can not be written now, or the file is damaged.
    """
    if _write_rows(database, order.rows):
        return True
    if not order.is_merged:
        return False
    at = order.rows.at
    for field, parts in order.rows._asdict().items():
        alone: list[dict[str, Any]] = []
        if isinstance(parts, Mapping):
            alone = [{field: {name: value}} for name, value in parts.items()]
        elif isinstance(parts, Sequence):
            alone = [{field: (part,)} for part in parts]
        for each in alone:
            _write_rows(database, Rows(**each, at=at))
    return True


def _write_rows(database: sqlite3.Connection, rows: Rows) -> bool:
    database.execute("SAVEPOINT one")
    try:
        journal_rows.write(database, rows)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, _OF_VALUES):
            raise
        database.execute("ROLLBACK TO one")
        log.failure(_logger, "journal_order_given_up", error)
        return False
    database.execute("RELEASE one")
    return True
