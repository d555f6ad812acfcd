"""Packed messages."""

from collections.abc import Sequence

from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.packing import packed, unpacked

ERRORS = (MalformedMessageError,)

_MAX_BYTES = 262_144


def read(data: bytes) -> None:
    """Unpack bytes within a bound."""
    assert len(unpacked(data, max_bytes=max(_MAX_BYTES, len(data)))) <= max(_MAX_BYTES, len(data))  # noqa: S101


def seeds() -> Sequence[bytes]:
    """Return messages that are packed, one of them to more than may come out."""
    return [b"{}", packed(b'{"a":1}' * 200), packed(bytes(2 * _MAX_BYTES))]
