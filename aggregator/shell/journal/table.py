"""Tables of the journal, whose columns are the fields of a struct.

A column is added by a field of the struct and a migration (``schema.py``); no statement names it.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec
from msgspec import inspect, structs

Row = TypeVar("Row", bound=msgspec.Struct)

_JSON = (inspect.CollectionType, inspect.DictType, inspect.StructType)
_BOOL = inspect.BoolType
_SOUND_MAX = 20_000  # from each end: a damaged page may lead round and round
_SENSELESS = (msgspec.MsgspecError, ValueError, RecursionError)


class Table(Generic[Row]):
    """The table ``name``, which has a column for each field of ``row``.

    A column has the name of its field, or the one that ``renamed`` has for it. Tuples, lists,
    mappings and structs are stored as JSON.
    """

    def __init__(self, name: str, row: type[Row], *, renamed: Mapping[str, str] = {}) -> None:
        self.name = name
        self.row = row
        fields = {field.name: inspect.type_info(field.type) for field in structs.fields(row)}
        self._fields = list(fields)
        self._as_json = [name for name, kind in fields.items() if isinstance(kind, _JSON)]
        self._as_bool = [name for name, kind in fields.items() if isinstance(kind, _BOOL)]
        self.columns = ", ".join(renamed.get(field, field) for field in self._fields)

    def insert(
        self,
        database: sqlite3.Connection,
        rows: Iterable[Row],
        more: str = "",
        *,
        verb: str = "INSERT",
    ) -> None:
        """Insert ``rows``, in the transaction of the caller."""
        values = ", ".join(f":{field}" for field in self._fields)
        database.executemany(
            f"{verb} INTO {self.name} ({self.columns}) VALUES ({values}) {more}",
            [self._encode(row) for row in rows],
        )

    def copy(
        self, database: sqlite3.Connection, source: str, more: str = "", *, verb: str = "INSERT"
    ) -> None:
        """Insert the rows of the attached database ``source``, in the transaction of the caller."""
        rows = self._select(source, more)
        database.execute(f"{verb} INTO main.{self.name} ({self.columns}) {rows}")

    def select(
        self,
        database: sqlite3.Connection,
        more: str = "",
        values: Sequence[object] = (),
        *,
        source: str = "main",
        skipped: Counter[str] | None = None,
    ) -> list[Row]:
        """Return the rows that ``more`` of a statement (``WHERE``, ``ORDER BY``) asks for.

        A row that makes no sense is left out and counted in ``skipped``, under the table's name.

        Raises:
            sqlite3.Error: the table is damaged.
            msgspec.MsgspecError, ValueError, RecursionError: a row makes no sense; only without
                ``skipped``.
        """
        rows = []
        for row in database.execute(self._select(source, more), values):
            try:
                rows.append(self._decode(row))
            except _SENSELESS:
                if skipped is None:
                    raise
                skipped[self.name] += 1
        return rows

    def select_sound(
        self, database: sqlite3.Connection, key: str, *, skipped: Counter[str]
    ) -> list[Row]:
        """Return the rows that can be read from either end of ``key``, in its order.

        Where the table is damaged, ``skipped`` counts one row, and those that make no sense.
        """
        try:
            return self.select(database, f"ORDER BY {key}", skipped=skipped)
        except sqlite3.DatabaseError:
            skipped[self.name] += 1
        ends: list[dict[Sequence[object], None]] = [{}, {}]
        for end, direction in zip(ends, ("", "DESC"), strict=True):
            more = f"ORDER BY {key} {direction} LIMIT {_SOUND_MAX}"
            try:
                for row in database.execute(self._select("main", more)):
                    if row in ends[0]:
                        break
                    end[row] = None
            except sqlite3.DatabaseError:
                continue
        rows = []
        for row in (*ends[0], *reversed(ends[1])):
            try:
                rows.append(self._decode(row))
            except _SENSELESS:
                skipped[self.name] += 1
        return rows

    def _select(self, source: str, more: str) -> str:
        return f"SELECT {self.columns} FROM {source}.{self.name} {more}"  # noqa: S608 - our words

    def _encode(self, row: Row) -> dict[str, object]:
        values = structs.asdict(row)
        for field in self._as_json:
            values[field] = msgspec.json.encode(values[field]).decode()
        return values

    def _decode(self, row: Sequence[object]) -> Row:
        values = dict(zip(self._fields, row, strict=True))
        for field in self._as_json:
            text = values[field]
            values[field] = msgspec.json.decode(text if isinstance(text, bytes) else str(text))
        for field in self._as_bool:
            values[field] = bool(values[field])
        return msgspec.convert(values, self.row)  # a column of a damaged journal may hold anything
