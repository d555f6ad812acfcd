"""Late readings as the core hands them over, and as they are read back from a journal."""

import random
from array import array
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from aggregator.core.catalogues import KnownCatalogue, KnownVitals
from aggregator.core.outputs import LateReading
from aggregator.shell.journal import late_readings
from aggregator.shell.journal.file import connect
from aggregator.shell.journal.rows import Rows
from tests.aggregator.shell.journal.process import rows
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue, Families, readings_of
from venuewatch.base.wire.messages import Vitals, encode
from venuewatch.base.wire.packing import unpacked

BODY_MAX = 2**24

FAMILIES: Families = [
    ("node_load1", [[]]),
    ("node_cpu_seconds_total", [[str(cpu), mode] for cpu in range(8) for mode in ("user", "idle")]),
    ("node_filesystem_avail_bytes", [["/dev/sda1", "ext4", f"/mnt/{at}"] for at in range(60)]),
    ("node_network_receive_bytes_total", [[f"eth{number}"] for number in range(60)]),
]
"""The series of a machine of middle size."""

SERIES = sum(len(labels) for _, labels in FAMILIES)


def known_of(families: Families) -> KnownCatalogue:
    catalogue = Catalogue(families)
    return KnownCatalogue(catalogue.key, catalogue)


KNOWN = known_of(FAMILIES)


def late(seq: int, host: str = "STA-1", of: KnownCatalogue = KNOWN) -> LateReading:
    """Return a late reading of vitals, with numbers of its own."""
    rng = random.Random(f"{host} {seq}")
    values = [round(rng.random() * 1e6, 2) for _ in range(of.size)]
    message = Vitals("b", 1, seq, seq, catalogue=of.key, values=[*values])
    known = KnownVitals(of, array("d", values).tobytes(), 0.0, seq, "b")
    return LateReading(host, "b", "vitals", seq, seq, message, (known,))


def named(reading: LateReading) -> bytes:
    """Return the vitals with the names of their series, as older journals have them."""
    (known,) = reading.known
    assert isinstance(known, KnownVitals)
    readings = readings_of(known.catalogue.families, known.values)
    return encode(Vitals(reading.boot, 1, reading.seq, reading.wall_ms, readings))


def order(*readings: LateReading, at: float | None = None) -> Rows:
    """Return what has these stored ``at`` (s since 1970), or now."""
    at = clock.wall() if at is None else at
    found = [late_readings.reading_row(reading, at) for reading in readings]
    return Rows(readings=found, catalogues=late_readings.catalogues_of(readings), at=at)


def numbers_of(body: Any, path: Path) -> Mapping[str, Any]:
    """Return the readings of a stored body of vitals, by family."""
    said = msgspec.json.decode(unpacked(bytes(body), max_bytes=BODY_MAX)) if body != "{}" else {}
    if "catalogue" not in said:
        found: Mapping[str, Any] = said.get("readings", {})
        return found
    ((packed,),) = rows(path, f"SELECT body FROM catalogues WHERE key = '{said['catalogue']}'")  # noqa: S608
    catalogue = msgspec.json.decode(unpacked(packed, max_bytes=BODY_MAX), type=Catalogue)
    read: Mapping[str, Any] = msgspec.json.decode(
        encode(readings_of(catalogue.families, said["values"]))
    )
    return read


def pack_all(path: Path) -> int:
    """Pack all late readings from before in a journal that is closed; return in how many steps."""
    steps = 0
    with closing(connect(path)) as database, database:
        while late_readings.has_old(database):
            late_readings.pack_old(database, 500)
            steps += 1
    return steps
