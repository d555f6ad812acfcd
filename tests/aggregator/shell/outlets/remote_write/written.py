"""Decoder of write requests as a receiver reads them, by the specification alone."""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import cramjam


class WrittenSeries(NamedTuple):
    labels: list[tuple[str, str]]
    samples: list[tuple[float, int]]

    @property
    def name(self) -> str:
        return dict(self.labels)["__name__"]


def read(body: bytes) -> list[WrittenSeries]:
    """Return the series of a request as it was posted."""
    request = bytes(cramjam.snappy.decompress_raw(body))
    return [_series(series) for field, series in _fields(request) if field == 1]


def by_labels(series: list[WrittenSeries]) -> dict[frozenset[tuple[str, str]], Any]:
    return {frozenset(one.labels): one.samples for one in series}


def _series(content: bytes) -> WrittenSeries:
    labels, samples = [], []
    for field, part in _fields(content):
        of = dict(_fields(part))
        if field == 1:
            labels.append((of[1].decode(), of[2].decode()))
        else:
            samples.append((struct.unpack("<d", of[1])[0], of[2]))
    return WrittenSeries(labels, samples)


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield tag >> 3, value
            continue
        size, at = _varint(content, at) if kind == 2 else (8, at)
        assert kind in {1, 2}
        yield tag >> 3, content[at : at + size]
        at += size
    assert at == len(content)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at
