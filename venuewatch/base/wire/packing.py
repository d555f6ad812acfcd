"""Packs a message into one TCP segment, where that is possible.

A message of several segments beside each beat is more than a thin stream: TCP repeats its losses
later and later, and the beats behind it wait (decision 13). JSON needs no mark: no message of ours
begins with the first byte of a zlib stream (RFC 1950, 2.2).
"""

import zlib

from venuewatch.base.wire.errors import MalformedMessageError, Reason

PACKED_FROM = 1_000
"""From how many bytes on a message is packed; what is shorter fits a segment as it is."""

_ZLIB = b"\x78"  # deflate, a window of 32 KiB


def packed(payload: bytes) -> bytes:
    """Return a message as it is to go out."""
    return zlib.compress(payload) if len(payload) >= PACKED_FROM else payload


def unpacked(payload: bytes, *, max_bytes: int) -> bytes:
    """Return what was packed, or came as it is.

    Raises:
        MalformedMessageError: it is no whole zlib stream, or more than ``max_bytes`` come out.
    """
    if payload[:1] != _ZLIB:
        return payload
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(payload, max_bytes + 1)
    except zlib.error:
        raise MalformedMessageError(Reason.BAD_PACKING, "expected a zlib stream") from None
    if len(found) > max_bytes:
        raise MalformedMessageError(
            Reason.TOO_LARGE, f"expected at most {max_bytes} bytes when unpacked"
        )
    if not stream.eof or stream.unused_data:
        raise MalformedMessageError(Reason.BAD_PACKING, "expected one whole zlib stream")
    return found
