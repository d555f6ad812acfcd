"""Reads the members of a zip in the order of its bytes, each piece by piece.

The list at its end is not used: it may name any number of members, and it comes last.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from agent.checks.results_feed.header import FeedError, OversizedError, TruncatedError

MAGIC: Final = b"PK\x03\x04"
END: Final = b"PK\x05\x06"
MEMBERS_MAX: Final = 1_000

_LIST: Final = b"PK\x01\x02"
_DESCRIPTOR: Final = b"PK\x07\x08"
_HEAD: Final = struct.Struct("<4s2xHH8xIIHH")  # flags, method, both sizes, lengths of name and more
_SIZES_BYTES: Final = 12  # of a descriptor: a checksum and both sizes
_STORED, _DEFLATED = 0, 8
_SECRET, _LATER = 0x01, 0x08  # flags: it has a password; its sizes stand behind it
_HUGE: Final = 2**32 - 1
_PIECE_BYTES: Final = 64 * 1024


class Member(NamedTuple):
    """One file in a zip. ``pieces`` has to be read before the next member, or is passed over."""

    name: str
    pieces: Iterator[bytes]


class _Bytes:
    """Bytes in order, of which some may be put back."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def some(self, most: int = _PIECE_BYTES) -> bytes:
        """Return the next bytes, at most so many; b"" at the end."""
        piece = self._rest or next(self._pieces, b"")
        self._rest = piece[most:]
        return piece[:most]

    def put_back(self, piece: bytes) -> None:
        self._rest = piece + self._rest

    def exactly(self, count: int) -> bytes:
        """Return so many bytes.

        Raises:
            TruncatedError: there are not so many.
        """
        found = b""
        while len(found) < count:
            piece = self.some(count - len(found))
            if not piece:
                raise TruncatedError("Expected all of the zip")
            found += piece
        return found


def members(pieces: Iterable[bytes], unpacked_max: int) -> Iterator[Member]:
    """Yield the members, with at most ``unpacked_max`` bytes together.

    Raises:
        TruncatedError: it ends too early.
        OversizedError: it blows up.
        FeedError: it is no zip, or of a kind that can't be read in order.
    """
    source, left = _Bytes(pieces), [unpacked_max]
    for _ in range(MEMBERS_MAX + 1):
        magic = source.exactly(len(MAGIC))
        if magic in (_LIST, END):
            return
        if magic != MAGIC:
            wrong = TruncatedError if not magic.strip(b"\0") else FeedError
            raise wrong("Expected a zip")
        source.put_back(magic)
        _, flags, method, packed, size, name_bytes, more_bytes = _HEAD.unpack(
            source.exactly(_HEAD.size)
        )
        name = source.exactly(name_bytes).decode("latin-1")
        source.exactly(more_bytes)
        if flags & _SECRET:
            raise FeedError("Expected a zip without a password")
        is_later = bool(flags & _LATER)
        if method not in (_STORED, _DEFLATED) or _HUGE in (packed, size):
            raise FeedError("Expected a zip that is stored or deflated")
        if method == _STORED and is_later:
            raise FeedError("Expected a zip that says its sizes")
        plain = _inflated(source) if method == _DEFLATED else _stored(source, size)
        bounded = _bounded(plain, left)
        yield Member(name, bounded)
        for _ in bounded:
            pass
        if is_later:
            begin = source.exactly(len(_DESCRIPTOR))
            source.exactly(_SIZES_BYTES - (len(begin) if begin != _DESCRIPTOR else 0))
    raise OversizedError(f"Expected at most {MEMBERS_MAX} files in the zip")


def _stored(source: _Bytes, size: int) -> Iterator[bytes]:
    while size:
        piece = source.some(min(size, _PIECE_BYTES))
        if not piece:
            raise TruncatedError("Expected all of the zip")
        size -= len(piece)
        yield piece


def _inflated(source: _Bytes) -> Iterator[bytes]:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    while not engine.eof:
        packed = engine.unconsumed_tail or source.some()
        if not packed:
            raise TruncatedError("Expected all of the zip")
        try:
            plain = engine.decompress(packed, _PIECE_BYTES)
        except zlib.error:
            raise FeedError("Expected a zip whose files can be unpacked") from None
        if plain:
            yield plain
    source.put_back(engine.unused_data)


def _bounded(pieces: Iterable[bytes], left: list[int]) -> Iterator[bytes]:
    for piece in pieces:
        left[0] -= len(piece)
        if left[0] < 0:
            raise OversizedError("Expected a zip that holds less")
        yield piece
