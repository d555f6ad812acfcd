"""Encodes write requests of Prometheus' remote write 1.0, as protocol buffers.

    WriteRequest: 1 repeated TimeSeries
    TimeSeries:   1 repeated Label, 2 repeated Sample
    Label:        1 string name, 2 string value
    Sample:       1 double value, 2 int64 timestamp (ms since 1970)

Source: "Prometheus Remote-Write 1.0 specification", prometheus.io. Four messages without options
need no library; the receivers' own is the reference for the tests.
"""

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
"""What the specification wants beside the body, which is packed by snappy's block format."""

_FIRST, _SECOND = b"\x0a", b"\x12"  # fields 1 and 2, each with a length
_VALUE = b"\x09"  # field 1, 64 bits
_TIMESTAMP = b"\x10"  # field 2, a varint
_VALUE_BYTES = 9
_BASE = 128

_double = struct.Struct("<d").pack


class Series(NamedTuple):
    """One series: its labels, ``__name__`` among them, sorted by name; and numbers with times."""

    labels: Sequence[tuple[str, str]]
    samples: Sequence[tuple[float, int]]


def encode(request: Iterable[Series]) -> bytes:
    """Return the body of a write request, before it is packed.

    Raises:
        ValueError: a time before 1970.
    """
    return b"".join([_field(_FIRST, _series(one)) for one in request])


def _series(series: Series) -> bytes:
    labels = [_label(name, value) for name, value in series.labels]
    samples = [
        b"%b%b%b" % (before, _double(value), behind)
        for value, timestamp_ms in series.samples
        for before, behind in (_around_value(timestamp_ms),)
    ]
    return b"".join(labels + samples)


@lru_cache(maxsize=4_096)
def _label(name: str, value: str) -> bytes:
    return _field(_FIRST, _field(_FIRST, name.encode()) + _field(_SECOND, value.encode()))


@lru_cache(maxsize=4_096)
def _around_value(timestamp_ms: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind the number of a sample at that time."""
    behind = _TIMESTAMP + _varint(timestamp_ms)
    return _SECOND + _varint(_VALUE_BYTES + len(behind)) + _VALUE, behind


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Return a number in base 128, the lowest digit first, all but the last with 128 added."""
    if number < 0:
        raise ValueError(f"expected a number from 0 on, got {number}")
    digits = bytearray()
    while number >= _BASE:
        digits.append(number % _BASE + _BASE)
        number //= _BASE
    digits.append(number)
    return bytes(digits)
