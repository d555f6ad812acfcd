"""Encodes records for the disk: their bytes show by themselves that they are whole.

A record is a mark, the payload's length, a CRC-32, a number, and the payload. Numbers grow by one
from record to record, so that damage shows as a gap and can be counted. Reading goes on behind
damage, at the next mark whose record is whole.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MARK = b"vwR\x01"
MAX_PAYLOAD_BYTES = 262_144

_HEAD = struct.Struct("<4sIIQ")  # mark, length, CRC-32 of number and payload, number
_NUMBER = struct.Struct("<Q")

OVERHEAD_BYTES = _HEAD.size


class Record(NamedTuple):
    """One payload under its number."""

    number: int
    payload: bytes


def encode(record: Record) -> bytes:
    """Return the bytes of one record.

    Raises:
        ValueError: the payload is over ``MAX_PAYLOAD_BYTES``.
    """
    number, payload = record
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a record holds at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}")
    return _HEAD.pack(MARK, len(payload), _check(number, payload), number) + payload


def scan(data: bytes) -> Iterator[Record]:
    """Yield every whole record of ``data``, whatever lies between them."""
    at = data.find(MARK)
    while at >= 0:
        record = _whole_at(data, at)
        if record is None:
            at = data.find(MARK, at + 1)
        else:
            yield record
            at = data.find(MARK, at + OVERHEAD_BYTES + len(record.payload))


def _whole_at(data: bytes, at: int) -> Record | None:
    if len(data) - at < OVERHEAD_BYTES:
        return None
    _, length, check, number = _HEAD.unpack_from(data, at)
    start = at + OVERHEAD_BYTES
    if length > MAX_PAYLOAD_BYTES or len(data) - start < length:
        return None
    payload = data[start : start + length]
    return Record(number, payload) if check == _check(number, payload) else None


def _check(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_NUMBER.pack(number)))
