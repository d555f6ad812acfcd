"""Reads what is in one file of a folder: a message, plain or gzip, or a zip of messages.

All of it is read piece by piece, whatever is wrong with it, so that its digest tells the file from
another with the same size and times.
"""

import fnmatch
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from agent.checks.results_feed import zips
from agent.checks.results_feed.header import FeedError, Message, TruncatedError
from agent.checks.results_feed.messages import Reader
from agent.checks.results_feed.packing import MAGIC, unpacked
from venuewatch.base.files import Opened, open_found

_PIECE_BYTES = 64 * 1024
_LARGEST_DIGEST = 2**64 - 1
_END_BYTES = 1024  # in which a zip says that it ends; a comment may follow
_EMPTY_END = b"\0" * 4  # of a file that was made as long as it will be, and is still being filled
_UNPACKED_TIMES = 4  # what the messages of a zip may have together, in largest messages,
_UNPACKED_BYTES = 40 * 1024 * 1024  # as long as it is no more than this, which takes 1 s to read
_UNITS_MAX = 20_000  # of all schedules in a zip: what is behind them is not kept
_PATTERN = "*.xml"  # of messages in a zip, beside the pattern of the folder


class Content(NamedTuple):
    """The messages in a file, and why there are none or no more.

    ``digest`` is of all its bytes, never 0. ``is_whole``: it is not still on its way. ``status`` is
    that of the file when it was opened, None if it was not.
    """

    found: tuple[Message | FeedError, ...]
    digest: int
    is_whole: bool = True
    status: os.stat_result | None = None


def content_of(path: str, max_bytes: int, files: str) -> Content:
    """Return what is in a file. Messages of a zip have names that fit ``files`` or end with .xml.

    Raises:
        OSError: it can't be read.
    """
    opened = open_found(path)
    try:
        raw = _Raw(opened, max_bytes)
        pieces = iter(raw)
        first = next(pieces, b"")
        is_zip = first.startswith(zips.MAGIC)
        found: list[Message | FeedError] = []
        is_whole = True
        try:
            if is_zip:
                _read_zip(chain([first], pieces), max_bytes, files.lower(), found)
            else:
                found.append(_read(first, pieces, max_bytes))
        except TruncatedError as error:
            found.append(error.message or error)
            is_whole = False
        except FeedError as error:
            found.append(error)
        for _ in pieces:
            pass
    finally:
        os.close(opened.descriptor)
    end = raw.end  # that of a zip may be zeros
    is_whole = zips.END in end if is_zip else is_whole and not end.endswith(_EMPTY_END)
    return Content(tuple(found), raw.digest, is_whole, opened.status)


def digest_of(path: str, max_bytes: int) -> int:
    """Return the digest of a file's content, as :func:`content_of` does; raises as it does."""
    opened = open_found(path)
    try:
        raw = _Raw(opened, max_bytes)
        for _ in raw:
            pass
    finally:
        os.close(opened.descriptor)
    return raw.digest


class _Raw:
    """The bytes of a file, no more than one piece over ``max_bytes``; ``end`` has the last ones."""

    def __init__(self, opened: Opened, max_bytes: int) -> None:
        self._opened = opened
        self._max_bytes = max_bytes
        self._hash = 0
        self.end = b""

    def __iter__(self) -> Iterator[bytes]:
        size, descriptor, expected = 0, self._opened.descriptor, self._opened.status.st_size
        while size <= self._max_bytes:
            asked = min(_PIECE_BYTES, max(expected - size, 0) + 1)
            piece = os.read(descriptor, asked)
            if not piece:
                return
            size += len(piece)
            self._hash = hash((self._hash, piece))  # keyed, and a fourth of the cost of blake2b
            self.end = (self.end + piece[-_END_BYTES:])[-_END_BYTES:]
            yield piece
            if len(piece) < asked and size >= expected:  # what is short ends there
                return

    @property
    def digest(self) -> int:
        """The digest of what was read, never 0."""
        return self._hash & _LARGEST_DIGEST or 1


def _read(first: bytes, pieces: Iterable[bytes], max_bytes: int) -> Message:
    reader = Reader(max_bytes)
    if first.startswith(MAGIC):
        pieces = unpacked(chain([first], pieces))
    else:
        reader.feed(first)
    for piece in pieces:
        reader.feed(piece)
    return reader.close()


def _read_zip(
    pieces: Iterable[bytes], max_bytes: int, files: str, found: list[Message | FeedError]
) -> None:
    """Add what is in a zip to ``found``.

    Raises:
        FeedError: it can't be read on, or holds no message.
    """
    units = 0
    most_bytes = max(max_bytes, min(_UNPACKED_TIMES * max_bytes, _UNPACKED_BYTES))
    for member in zips.members(pieces, most_bytes):
        name = member.name.lower().rpartition("/")[2]
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in (files, _PATTERN)):
            continue
        what = _message_in(member, max_bytes)
        if isinstance(what, Message):
            units += len(what.schedule)
            what = what if units <= _UNITS_MAX else what._replace(schedule=())
        found.append(what)
    if not found:
        raise FeedError(f"Expected files in the zip whose names fit {_PATTERN}")


def _message_in(member: zips.Member, max_bytes: int) -> Message | FeedError:
    """Return what a file in a zip is; what is raised is wrong with the zip."""
    reader = Reader(max_bytes)
    fault: FeedError | None = None
    for piece in member.pieces:
        if fault is None:
            fault = _fault_of(reader, piece)
    if fault is not None:
        return fault
    try:
        return reader.close()
    except TruncatedError as error:
        return error.message or FeedError(str(error))
    except FeedError as error:
        return error


def _fault_of(reader: Reader, piece: bytes) -> FeedError | None:
    try:
        reader.feed(piece)
    except FeedError as error:
        return error
    return None
