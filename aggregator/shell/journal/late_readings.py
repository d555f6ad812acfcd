"""Late readings as rows: packed, in the order in which they came, each catalogue once.

A body is the message, as JSON or as a zlib stream of it. Vitals name their catalogue by its key,
and the table ``catalogues`` has it. Older rows have a lower ``place``, whatever a clock said.

A journal from before has its late readings in ``old_readings``, unpacked and with the names of all
series. They are packed a few at a time, the latest first, and get the places below all others.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from aggregator.core.catalogues import KnownCatalogue, KnownVitals
from aggregator.core.outputs import LateReading
from aggregator.shell.journal.table import Table
from venuewatch.base.wire.catalogue import flattened, key_of
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.messages import Vitals, decode_vitals, encode
from venuewatch.base.wire.topics import Stream

_PACKED_FROM = 256  # bytes; what is shorter gets little shorter
_LEVEL = 1  # a body packed at level 6 is a few per cent shorter, and takes twice the time
_USES_APART = 1_000  # readings; so that not each batch writes its catalogue again
_NO_PLACE = 2**62  # behind all readings
_KEY = "host, boot, stream, seq"
_LATEST = "ORDER BY stored_s DESC, host DESC, boot DESC, stream DESC, seq DESC LIMIT ?"


class ReadingRow(msgspec.Struct, frozen=True):
    """A reading that came late; ``taken_ms`` is the host's own clock when it was taken."""

    host: str
    boot: str
    stream: str
    seq: int
    taken_ms: int
    stored_s: float
    body: bytes


class CatalogueRow(msgspec.Struct, frozen=True):
    """A catalogue, packed; a reading at ``last_place`` needs it, and perhaps some behind it."""

    key: str
    last_place: int
    body: bytes


READINGS = Table("readings", ReadingRow)
CATALOGUES = Table("catalogues", CatalogueRow)

_LATER_USE = (
    "ON CONFLICT (key) DO UPDATE SET last_place = excluded.last_place"
    f" WHERE excluded.last_place >= catalogues.last_place + {_USES_APART}"
)


def reading_row(late: LateReading, now: float) -> ReadingRow:
    """Return the row of a reading that is stored at ``now``; it is packed when it is written."""
    stream, body = late.stream, encode(late.message)
    return ReadingRow(late.host, late.boot, stream, late.seq, late.wall_ms, now, body)


def catalogues_of(readings: Iterable[LateReading]) -> dict[str, bytes]:
    """Return the catalogues that these readings need, packed, by key."""
    known = (each for late in readings for each in late.known if isinstance(each, KnownVitals))
    return {each.catalogue.kept_key: _body_of(each.catalogue) for each in known}


_bodies: WeakKeyDictionary[KnownCatalogue, bytes] = WeakKeyDictionary()


def _body_of(catalogue: KnownCatalogue) -> bytes:
    body = _bodies.get(catalogue)
    if body is None:
        body = _bodies[catalogue] = _packed(encode({"families": catalogue.families}))
    return body


def write(
    database: sqlite3.Connection, readings: Sequence[ReadingRow], catalogues: Mapping[str, bytes]
) -> None:
    """Write late readings, and the catalogues that they need, in the transaction of the caller."""
    packed = [msgspec.structs.replace(row, body=_packed(row.body)) for row in readings]
    READINGS.insert(database, packed, verb="INSERT OR IGNORE")
    if catalogues:
        (last,) = database.execute("SELECT coalesce(max(place), 0) FROM readings").fetchone()
        _note_uses(database, catalogues, last)


def oldest_at(database: sqlite3.Connection) -> float | None:
    """Return when the oldest late reading was stored (s since 1970); None without any."""
    if has_old(database):
        found = database.execute("SELECT min(stored_s) FROM old_readings").fetchone()
    else:
        found = database.execute("SELECT stored_s FROM readings ORDER BY place LIMIT 1").fetchone()
    return float(found[0]) if found and isinstance(found[0], float | int) else None


def drop_oldest(database: sqlite3.Connection, at_most: int) -> int:
    """Delete so many late readings, in the transaction of the caller; return how many there were.

    Those of before have no place: among them the time at which they were stored decides.
    """
    gone = 0
    if has_old(database):
        oldest = f"SELECT {_KEY} FROM old_readings ORDER BY stored_s LIMIT ?"  # noqa: S608
        gone = _delete(database, f"old_readings WHERE ({_KEY}) IN ({oldest})", at_most)
    if gone < at_most:
        oldest = "SELECT place FROM readings ORDER BY place LIMIT ?"
        gone += _delete(database, f"readings WHERE place IN ({oldest})", at_most - gone)
    return gone


def drop_between(database: sqlite3.Connection, low: float, high: float, at_most: int) -> int:
    """Likewise, of late readings that were stored from ``low`` to before ``high``."""
    span = "WHERE stored_s >= ? AND stored_s < ? LIMIT ?"
    gone = 0
    if has_old(database):
        of = f"SELECT {_KEY} FROM old_readings {span}"  # noqa: S608 - our words
        gone = _delete(database, f"old_readings WHERE ({_KEY}) IN ({of})", low, high, at_most)
    if gone < at_most:
        of = f"SELECT place FROM readings {span}"  # noqa: S608 - our words
        gone += _delete(database, f"readings WHERE place IN ({of})", low, high, at_most - gone)
    return gone


def drop_unused(database: sqlite3.Connection) -> None:
    """Delete catalogues that no late reading needs, in the transaction of the caller."""
    database.execute(
        "DELETE FROM catalogues"
        " WHERE last_place < (SELECT coalesce(min(place), ?) FROM readings) - ?",
        (_NO_PLACE, _USES_APART),
    )


def has_old(database: sqlite3.Connection, source: str = "main") -> bool:
    """Tell whether a journal has late readings from before."""
    known = f"SELECT 1 FROM {source}.sqlite_master WHERE name = 'old_readings'"  # noqa: S608
    return database.execute(known).fetchone() is not None


def pack_old(database: sqlite3.Connection, at_most: int) -> None:
    """Pack so many late readings from before, in the transaction of the caller."""
    columns = READINGS.columns
    found = database.execute(
        f"SELECT {columns} FROM old_readings {_LATEST}",  # noqa: S608 - our words
        (at_most,),
    ).fetchall()
    if not found:
        database.execute("DROP TABLE old_readings")
        return
    first = _first(database)
    catalogues: dict[str, bytes] = {}
    rows: list[tuple[Any, ...]] = []
    for behind, (*others, body) in enumerate(found, start=1):
        rows.append((first - behind, *others, _repacked(others[2], body, catalogues)))
    marks = ", ".join("?" * len(rows[0]))
    database.executemany(
        f"INSERT OR IGNORE INTO readings (place, {columns}) VALUES ({marks})",  # noqa: S608
        rows,
    )
    latest = f"SELECT {_KEY} FROM old_readings {_LATEST}"  # noqa: S608 - our words
    _delete(database, f"old_readings WHERE ({_KEY}) IN ({latest})", at_most)
    _note_uses(database, catalogues, first - 1)


def copy(database: sqlite3.Connection, source: str) -> None:
    """Insert the late readings of the attached journal ``source``, which are older than all here.

    In the transaction of the caller. Those that are not packed yet are inserted as they are.
    """
    columns = READINGS.columns
    (last,) = database.execute(
        f"SELECT coalesce(max(place), 0) FROM {source}.readings"  # noqa: S608 - our words
    ).fetchone()
    shift = _first(database) - 1 - last
    database.execute(
        f"INSERT OR IGNORE INTO main.readings (place, {columns})"  # noqa: S608 - our words
        f" SELECT place + ?, {columns} FROM {source}.readings ORDER BY place",
        (shift,),
    )
    database.execute(
        "INSERT OR IGNORE INTO main.catalogues (key, last_place, body)"  # noqa: S608 - our words
        f" SELECT key, last_place + ?, body FROM {source}.catalogues",
        (shift,),
    )
    if has_old(database, source):
        database.execute(
            f"INSERT OR IGNORE INTO main.readings (place, {columns})"  # noqa: S608 - our words
            f" SELECT ? - row_number() OVER ({_LATEST.removesuffix(' LIMIT ?')}), {columns}"
            f" FROM {source}.old_readings",
            (_first(database),),
        )


def keep_catalogues(database: sqlite3.Connection) -> None:
    """Count all catalogues as used by the latest reading, in the transaction of the caller."""
    database.execute(
        "UPDATE catalogues SET last_place = (SELECT coalesce(max(place), 0) FROM readings)"
    )


def _first(database: sqlite3.Connection) -> int:
    (first,) = database.execute("SELECT coalesce(min(place), 1) FROM main.readings").fetchone()
    return int(first)


def _note_uses(
    database: sqlite3.Connection, catalogues: Mapping[str, bytes], last_place: int
) -> None:
    rows = [CatalogueRow(key, last_place, body) for key, body in catalogues.items()]
    CATALOGUES.insert(database, rows, _LATER_USE)


def _delete(database: sqlite3.Connection, which: str, *values: float) -> int:
    return database.execute(f"DELETE FROM {which}", values).rowcount  # noqa: S608 - our words


def _packed(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL) if len(body) >= _PACKED_FROM else body


def _repacked(stream: Any, body: Any, catalogues: dict[str, bytes]) -> Any:
    """Return a body from before as it is stored today; its catalogue is added.

    One that makes no sense stays as it is: it may be of any type.
    """
    if not isinstance(body, bytes):
        return body
    if stream == Stream.VITALS:
        try:
            vitals = decode_vitals(body)
        except MalformedMessageError:
            return _packed(body)
        if vitals.readings is not None:
            catalogue, values = flattened(vitals.readings)
            said = encode(catalogue)
            key = key_of(said)
            catalogues[key] = _packed(said)
            numbered = Vitals(
                vitals.boot,
                vitals.session,
                vitals.seq,
                vitals.wall_ms,
                catalogue=key,
                values=values,
            )
            return _packed(encode(numbered))
    return _packed(body)
