"""Unpacks messages that are gzip, known by their first bytes, however they are named.

What is packed may blow up a thousand times: it is undone piece by piece, and never held whole.
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from agent.checks.results_feed.header import FeedError, TruncatedError

MAGIC = b"\x1f\x8b"
"""How content begins that is gzip."""

_GZIP = 16 + zlib.MAX_WBITS
_PIECE_BYTES = 64 * 1024


def peeked(pieces: Iterator[bytes]) -> tuple[bool, Iterator[bytes]]:
    """Return whether content is gzip, by its first bytes, and the whole of it."""
    begin = b""
    for piece in pieces:
        begin += piece
        if len(begin) >= len(MAGIC):
            break
    return begin.startswith(MAGIC), chain([begin], pieces)


def unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Undo gzip, at most 64 KiB at a time, however much it blows up.

    Raises:
        TruncatedError: it ends too early.
        FeedError: it is not gzip.
    """
    engine = zlib.decompressobj(_GZIP)
    for piece in pieces:
        packed, plain = piece, b""
        while packed or len(plain) == _PIECE_BYTES:
            try:
                plain = engine.decompress(packed, _PIECE_BYTES)
            except zlib.error:
                raise FeedError("Expected gzip") from None
            yield plain
            packed = engine.unconsumed_tail
        if engine.unused_data:
            raise FeedError("Expected nothing behind the gzip")
    if not engine.eof:
        raise TruncatedError("Expected all of the gzip")


class Whole(NamedTuple):
    """Content that is held whole. ``is_complete``: False where the gzip ends too early."""

    content: bytes
    is_complete: bool = True


def unpacked_whole(raw: bytes, max_bytes: int) -> Whole:
    """Return content, unpacked if its first bytes say gzip, cut to ``max_bytes`` and one more.

    What is broken within ends it; what begins as gzip, and is none, is returned as it came.
    """
    if not raw.startswith(MAGIC):
        return Whole(raw[: max_bytes + 1])
    content, is_complete = bytearray(), True
    try:
        for piece in unpacked(
            raw[at : at + _PIECE_BYTES] for at in range(0, len(raw), _PIECE_BYTES)
        ):
            content += piece
            if len(content) > max_bytes:
                break
    except TruncatedError:
        is_complete = False
    except FeedError:
        content = content or bytearray(raw)
    return Whole(bytes(content[: max_bytes + 1]), is_complete)
