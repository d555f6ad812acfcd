"""Encodes records for the disk: their bytes show by themselves that they are whole.

A record is a mark, the payload's length, a CRC-32, a number, and the payload. Numbers grow by one
from record to record, so that damage shows as a gap and can be counted. Reading goes on behind
damage, at the next mark whose record is whole. A payload's catalogue stands before it, under a mark
of its own and the same number, unless it stands there already: agents that don't know it skip it.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MARK = b"vwR\x01"
_CATALOGUE = b"vwC\x01"
_ANY_MARK = re.compile(re.escape(MARK) + b"|" + re.escape(_CATALOGUE))
MAX_PAYLOAD_BYTES = 262_144
MAX_NUMBER = 2**53
"""No record has a higher number: messages hold none (``Count``)."""

_HEAD = struct.Struct("<4sIIQ")  # mark, length, CRC-32 of number and payload, number
_NUMBER = struct.Struct("<Q")

OVERHEAD_BYTES = _HEAD.size


class Record(NamedTuple):
    """One payload under its number, and the catalogue that it cannot be read without."""

    number: int
    payload: bytes
    catalogue: bytes = b""


def encode(record: Record, *, after: bytes = b"") -> bytes:
    """Return the bytes of one record, to stand behind one whose catalogue is ``after``.

    Raises:
        ValueError: the payload or the catalogue is over ``MAX_PAYLOAD_BYTES``.
    """
    number, payload, catalogue = record
    encoded = _encode(MARK, number, payload)
    return (
        encoded if catalogue in {after, b""} else _encode(_CATALOGUE, number, catalogue) + encoded
    )


def scan(data: bytes) -> Iterator[Record]:
    """Yield every whole record of ``data``, whatever lies between them."""
    catalogue = b""
    found = _ANY_MARK.search(data)
    while found is not None:
        at = found.start()
        record = _whole_at(data, at)
        if record is None:
            at += 1
        else:
            at += OVERHEAD_BYTES + len(record.payload)
            if found[0] == MARK:
                yield record._replace(catalogue=catalogue)
            else:
                catalogue = record.payload
        found = _ANY_MARK.search(data, at)


def _encode(mark: bytes, number: int, payload: bytes) -> bytes:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a record holds at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
    return _HEAD.pack(mark, len(payload), _check(number, payload), number) + payload


def _whole_at(data: bytes, at: int) -> Record | None:
    """Return what stands at a mark, of either kind."""
    if len(data) - at < OVERHEAD_BYTES:
        return None
    _, length, check, number = _HEAD.unpack_from(data, at)
    start = at + OVERHEAD_BYTES
    if length > MAX_PAYLOAD_BYTES or len(data) - start < length or number >= MAX_NUMBER:
        return None
    payload = data[start : start + length]
    return Record(number, payload) if check == _check(number, payload) else None


def _check(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_NUMBER.pack(number)))
