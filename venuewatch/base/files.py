"""Opens and reads regular files only: a pipe or a device could keep its reader waiting for ever.

A file may be replaced by another kind while we run. So the kind is looked at before a file is
opened, which tells the operator, and once it is open, which nobody can get around. A link is as
good as what it leads to; but not where a look at a folder has found no link.
"""

import errno
import os
import stat
from typing import Final, NamedTuple

SECRET_MAX: Final = 64 * 1024
"""How many bytes a file with a secret may have."""

CONFIG_MAX: Final = 16 * 1024 * 1024
"""How many bytes a configuration may have: an inventory of 100,000 hosts has 8 MB."""

_PIECE: Final = 64 * 1024
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # or else opening a pipe waits for its writer
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_FLAGS_OF_FOUND: Final = _FLAGS | getattr(os, "O_NOFOLLOW", 0)
_NOT_OPENED: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EOPNOTSUPP})
"""What systems answer to those who open a link or a socket (FreeBSD: EMLINK, EOPNOTSUPP)."""

_KINDS: Final = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class UnfitFileError(OSError):
    """A file is of no use: it is of another kind, or too large. Its text is for the operator."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.strerror = text


def other_kind(mode: int) -> str | None:
    """Return in words what a mode is of (``a pipe``); None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    return _KINDS.get(stat.S_IFMT(mode), "another kind")


def check_regular(path: str | os.PathLike[str]) -> None:
    """Check that a path leads to a regular file: for those who open it by its name.

    Raises:
        OSError: there is none, or it is of another kind.
    """
    _check(os.stat(path))  # noqa: PTH116 - the agent spares pathlib's memory


def open_regular(path: str | os.PathLike[str]) -> int:
    """Return a descriptor to read a regular file by; it never waits.

    Raises:
        OSError: it can't be read, or is no regular file.
        ValueError: no system has such a path.
    """
    check_regular(path)
    descriptor = os.open(path, _FLAGS)
    try:
        _check(os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Opened(NamedTuple):
    """A descriptor to read by, and what its file was when it was opened."""

    descriptor: int
    status: os.stat_result


def open_found(path: str | os.PathLike[str]) -> Opened:
    """Open a file that a look at its folder has found to be regular; it never waits.

    It is checked again once it is open, and a link in its place is refused, where the system can.

    Raises:
        OSError: it can't be read, or is no regular file any more.
    """
    try:
        descriptor = os.open(path, _FLAGS_OF_FOUND)
    except OSError as error:
        if error.errno in _NOT_OPENED:
            _check(os.lstat(path))
        raise
    try:
        status = os.fstat(descriptor)
        _check(status)
    except OSError:
        os.close(descriptor)
        raise
    return Opened(descriptor, status)


def read_regular(path: str | os.PathLike[str], bytes_max: int) -> bytes:
    """Return the content of a regular file, of ``bytes_max`` at most.

    Raises:
        OSError: it can't be read, is no regular file, or is larger.
        ValueError: no system has such a path.
    """
    descriptor = open_regular(path)
    try:
        content = bytearray()
        while len(content) <= bytes_max and (piece := os.read(descriptor, _PIECE)):
            content += piece
    finally:
        os.close(descriptor)
    if len(content) > bytes_max:
        raise UnfitFileError(f"expected at most {bytes_max:,} bytes")
    return bytes(content)


def _check(found: os.stat_result) -> None:
    kind = other_kind(found.st_mode)
    if kind is not None:
        raise UnfitFileError(f"expected a regular file, got {kind}")
