"""Reads the files that a results system drops or overwrites; each is one whole piece with its name.

A file is read once it rests: when it has not been written for a second, and does not end with the
zeros of a file that was made as long as it will be. One that never rests is read all the same.
Files that were there before the agent count as read, unless they were written just now.
"""

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec

from agent.checks import LimitS, about
from agent.checks.host.aside import Aside
from agent.checks.host.glob import Walk
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.results_feed import zips
from agent.checks.results_feed.header import FeedError, OversizedError
from agent.checks.results_feed.packing import unpacked_whole
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base import clock
from venuewatch.base.config import in_words
from venuewatch.base.files import check_regular, open_regular

MAX_ENTRIES: Final = 50_000  # names that one look takes; each file costs some 80 bytes of memory
MAX_FILES: Final = 1_000  # a hearing
MAX_BYTES: Final = 1024 * 1024  # a hearing, and one file more

_RESTS_S: Final = 1.0
_JUST_NOW_S: Final = 60.0
_EMPTY_END: Final = b"\0" * 4
_END_BYTES: Final = 1024  # in which a zip says that it ends; a comment may follow
_UNPACKED_TIMES: Final = 2  # what the files of a zip may have together, in largest pieces
_PACKED: Final = (b"\x1f\x8b", b"PK")  # these may end with zeros
_MAGIC: Final = re.compile(r"[*?\[]")
_READ_BYTES: Final = 64 * 1024
_OWN_SHARE: Final = 0.8  # of the time of a hearing: who ends by then does not hang


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Walks a pattern at each reading, the first field of `files`: new and changed files are read.

    A link that fits a wildcard is passed over. Where a file is named without one, a link is
    followed. Gzip is unpacked, whatever the file's name is; of a zip, each file in it is read.
    """

    pattern: Annotated[
        str,
        about(
            "path with `*`, `?`, `[…]`, and once `**` for folders of any depth; or a folder",
            "/srv/results/*.lif",
            min_length=1,
            max_length=4096,
        ),
    ]
    settles_s: Annotated[
        LimitS, about("after how long a file is read that is never at rest, in s", 60.0)
    ] = 30.0

    def __post_init__(self) -> None:
        parts = Path(self.pattern).parts
        if not parts or "\0" in self.pattern:
            raise ValueError("Expected `files` to name files")
        if parts.count("**") > 1:
            raise ValueError("Expected `**` at most once in `files`")


def open_way(settings: Settings, terms: Terms) -> "Files":
    """Return the way; what is there at its first hearing counts as read."""
    return Files(settings, terms.max_bytes)


class _File(NamedTuple):
    """A file as it was found; ``key`` is another one as soon as it is written or replaced."""

    written_ns: int
    path: str
    key: int
    inode: int


class _Found(NamedTuple):
    """What is in one file, and how much of it is too large."""

    pieces: Sequence[Piece]
    oversized: int = 0
    is_complete: bool = True


class Files:
    """Reads what is new, oldest first, a bounded number at a time."""

    def __init__(self, settings: Settings, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._settles_s = settings.settles_s
        self._given = settings.pattern
        self._is_folder = settings.pattern.endswith("/")
        self._folder = self._pattern = ""
        self._seen: set[int] | None = None
        self._links = 0
        self._restless: dict[str, tuple[int, float]] = {}  # by path: its key, and since when
        self._waiting: list[_File] = []  # the oldest last
        self._aside: Aside[Heard] = Aside("files")
        self._hangs_since_s: float | None = None

    def hear(self, now: Now, deadline: Deadline) -> Heard:
        """Return the files that are new and at rest; what is left is for the next hearing.

        A network folder may hang, and nothing ends that: it is looked into aside.
        """
        try:
            own = Deadline(_OWN_SHARE * deadline.left_s())
        except TimeoutError:
            return Heard(unread=len(self._waiting))
        try:
            heard = self._aside.do(lambda: self._hear(now, own), deadline)
        except RuntimeError:
            return Heard(trouble="the system gives no more threads", is_unreadable=True)
        if heard is None:
            self._hangs_since_s = self._hangs_since_s or now.monotonic_s
            hung_s = now.monotonic_s - self._hangs_since_s
            told = f"it has not answered for {hung_s:.0f} s" if hung_s else "no answer in time"
            return Heard(trouble=short(f"{self._folder}: {told}"), is_unreadable=True)
        self._hangs_since_s = None
        return heard

    def _hear(self, now: Now, deadline: Deadline) -> Heard:
        looked = Heard()
        if not self._waiting:
            try:
                looked = self._look(now, deadline)
            except OSError as error:
                trouble = short(f"{self._folder}: {in_words(error)}")
                return Heard(trouble=trouble, is_unreadable=True)
        pieces: list[Piece] = []
        oversized, taken_bytes, trouble = 0, 0, looked.trouble
        for _ in range(min(MAX_FILES, len(self._waiting))):
            if taken_bytes >= MAX_BYTES or deadline.is_over():
                break
            file = self._waiting.pop()
            try:
                found = self._found(file, now)
            except FileNotFoundError:  # taken away meanwhile
                continue
            except OSError as error:  # on Windows: who writes it keeps others away
                trouble = short(f"{file.path}: {in_words(error)}")
                continue
            if found is None:
                continue
            self._note(file)
            oversized += found.oversized
            taken_bytes += sum(len(piece.content) for piece in found.pieces)
            pieces += found.pieces
        return looked._replace(
            pieces=tuple(pieces), trouble=trouble, oversized=oversized, unread=len(self._waiting)
        )

    def say(self, _content: bytes, _source: str = "") -> str:
        """Return that nothing can be sent."""
        return "files are read, and nothing is sent"

    def close(self) -> None:
        """Release nothing: nothing is held."""

    def _look(self, now: Now, deadline: Deadline) -> Heard:
        """Find what is new; raises OSError where the folder can't be looked into."""
        self._settle_pattern()
        with os.scandir(self._folder):
            pass
        try:
            until = clock.monotonic() + deadline.left_s()
        except TimeoutError:
            return Heard()
        walk = Walk(self._pattern, max_entries=MAX_ENTRIES, until=until, follows_links=False)
        found = [_file(path, status) for path, status in walk.found()]
        if self._seen is None:
            self._seen = {file.key for file in found if not _is_just_now(file, now)}
        elif not walk.is_cut:
            self._seen &= {file.key for file in found}
        if not walk.is_cut:
            paths = {file.path for file in found}
            self._restless = {path: it for path, it in self._restless.items() if path in paths}
        seen = self._seen
        self._waiting = sorted((file for file in found if file.key not in seen), reverse=True)
        heard = self._told(walk, is_empty=not found)
        self._links = walk.links
        return heard

    def _settle_pattern(self) -> None:
        """Find the folder that has to be there, and the pattern to walk."""
        parts = Path(self._given).parts
        if any(map(_MAGIC.search, parts)):
            plain = itertools.takewhile(lambda part: not _MAGIC.search(part), parts)
            self._folder, self._pattern = str(Path(*plain)), self._given
            return
        self._is_folder = self._is_folder or Path(self._given).is_dir()
        if self._is_folder:
            self._folder, self._pattern = self._given, str(Path(self._given, "*"))
        else:
            self._folder, self._pattern = str(Path(self._given).parent), self._given

    def _told(self, walk: Walk, *, is_empty: bool) -> Heard:
        """Return what keeps a look from seeing all."""
        trouble = ""
        if walk.denied:
            trouble = f"{walk.denied}: permission denied: may this user read it?"
        elif walk.is_cut:
            trouble = f"{self._folder}: only the first {walk.entries} names were looked at"
        elif is_empty and not _MAGIC.search(self._pattern):
            trouble = f"{self._pattern}: {_missing(self._pattern)}"
        new_links = max(0, walk.links - self._links)
        return Heard(
            trouble=short(trouble),
            is_unreadable=bool(walk.denied) and is_empty,
            refused=short(f"{walk.link} is a link, which is not followed") if new_links else "",
            refusals={"link": new_links} if new_links else {},
        )

    def _found(self, file: _File, now: Now) -> "_Found | None":
        """Return what is in a file; None while it may not be whole.

        Raises:
            OSError: it can't be read.
        """
        since_s = self._restless.get(file.path, (0, now.monotonic_s))[1]
        is_settled = now.monotonic_s - since_s >= self._settles_s
        if not is_settled and not self._is_at_rest(file, now):
            self._restless[file.path] = (file.key, since_s)
            return None
        descriptor = open_regular(file.path)
        try:
            raw = bytearray()
            while len(raw) <= self._max_bytes and (piece := os.read(descriptor, _READ_BYTES)):
                raw += piece
            read = _file(file.path, os.fstat(descriptor))
        finally:
            os.close(descriptor)
        found = _unpacked(bytes(raw), self._name(file.path), self._max_bytes)
        is_being_filled = raw.endswith(_EMPTY_END) and not raw.startswith(_PACKED)
        is_whole = len(raw) > self._max_bytes or bool(
            raw and found.is_complete and not is_being_filled
        )
        is_same = read.key == file.key and is_whole
        if read.inode != file.inode or not (is_same or is_settled):
            self._restless[file.path] = (read.key, since_s)
            return None
        return found

    def _is_at_rest(self, file: _File, now: Now) -> bool:
        """Tell whether a file was not written lately, by its own time or by the look before."""
        is_old = now.wall_s - file.written_ns / 1e9 >= _RESTS_S
        return is_old or self._restless.get(file.path, (None,))[0] == file.key

    def _note(self, file: _File) -> None:
        """Note that a file was read."""
        self._restless.pop(file.path, None)
        if self._seen is not None:
            self._seen.add(file.key)

    def _name(self, path: str) -> str:
        """Return a file's name, with the folders below that of the pattern."""
        name = os.path.relpath(path, self._folder).replace(os.sep, "/")
        return name.encode(errors="replace").decode()


def _file(path: str, status: os.stat_result) -> _File:
    version = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _File(status.st_mtime_ns, path, hash(version), status.st_ino)


def _unpacked(raw: bytes, name: str, max_bytes: int) -> _Found:
    """Return what is in the bytes of a file: one piece, or of a zip each file in it."""
    if len(raw) > max_bytes:
        return _Found((), 1)
    if raw.startswith(zips.MAGIC):
        return _unzipped(raw, name, max_bytes)
    content, is_complete = unpacked_whole(raw, max_bytes)
    if len(content) > max_bytes:
        return _Found((), 1)
    return _Found((Piece(content, is_whole=True, name=name),), is_complete=is_complete)


def _unzipped(raw: bytes, name: str, max_bytes: int) -> _Found:
    """Return each file in a zip; what can't be read as one is a piece as it came."""
    pieces: list[Piece] = []
    oversized, is_complete = 0, zips.END in raw[-_END_BYTES:]
    try:
        for member in zips.members([raw], _UNPACKED_TIMES * max_bytes):
            content = bytearray()
            for part in member.pieces:
                content += part if len(content) <= max_bytes else b""
            if len(content) > max_bytes:
                oversized += 1
            elif not member.name.endswith("/"):  # a folder
                inner = f"{name}/{member.name}"
                pieces.append(Piece(bytes(content), is_whole=True, name=inner))
    except OversizedError:
        oversized += 1
    except FeedError:
        if not pieces and not oversized:
            pieces.append(Piece(raw, is_whole=True, name=name))
    return _Found(pieces, oversized, is_complete)


def _is_just_now(file: _File, now: Now) -> bool:
    return abs(now.wall_s - file.written_ns / 1e9) <= _JUST_NOW_S


def _missing(path: str) -> str:
    """Return why a file that is named as a whole is not there."""
    try:
        check_regular(path)
    except OSError as error:
        return in_words(error)
    return "taken away meanwhile"
