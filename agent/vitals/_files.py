"""Reads the files of /proc and /sys: whole, as bytes, at a third less CPU than Python's own files.

Each file below /proc that a collector reads has a parser beside it: bytes in, values by family out.
A parser never raises. What a kernel doesn't write, or writes in another form, is left out.
"""

import errno
import os
import sys

LINUX: bool = sys.platform == "linux"
"""Whether there are such files. psutil would tell, but takes a megabyte of memory."""

PROC = "/proc"
SYS = "/sys"
"""The places that collectors read below; a test may set others."""

_HAS_NONE = {
    *(errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM),
    *(errno.EINVAL, errno.ENODEV, errno.EOPNOTSUPP),  # said by /sys and /proc/pressure
}
_AT_ONCE_BYTES = 65_536
_BYTES_MAX = 8 * 1024 * 1024  # a table of 40,000 mounts
_COUNT_MAX = 2**64 - 1
_DIGITS_MAX = len(str(_COUNT_MAX))


def proc(name: str) -> bytes:
    """Return the content of a file below /proc.

    Raises:
        OSError: there is none, or it can't be read.
    """
    return content(f"{PROC}/{name}")


def proc_if_any(name: str) -> bytes:
    """Return the content of a file below /proc, nothing where this machine has none.

    Raises:
        OSError: there is one, and it can't be read.
    """
    return _content_if_any(f"{PROC}/{name}")


def sys_if_any(name: str) -> bytes:
    """Return the content of a file below /sys, nothing where this device has none.

    Raises:
        OSError: there is one, and it can't be read.
    """
    return _content_if_any(f"{SYS}/{name}")


def content(path: str) -> bytes:
    """Return the whole content of a file.

    Raises:
        OSError: there is none, it can't be read, or it has no end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        whole = part = os.read(descriptor, _AT_ONCE_BYTES)
        while part:
            part = os.read(descriptor, _AT_ONCE_BYTES)
            whole += part
            if len(whole) > _BYTES_MAX:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        return whole
    finally:
        os.close(descriptor)


def count(text: bytes) -> int | None:
    """Return a whole number that the kernel wrote; None for anything else, or over 64 bits."""
    number = int(text) if text.isdigit() and len(text) <= _DIGITS_MAX else None
    return number if number is None or number <= _COUNT_MAX else None


def counts(texts: list[bytes]) -> list[int | None]:
    """Return :func:`count` of each; a list of sound numbers costs a third of that."""
    if b"".join(texts).isdigit() and b"" not in texts and len(max(texts, key=len)) <= _DIGITS_MAX:
        numbers = [*map(int, texts)]
        if max(numbers) <= _COUNT_MAX:
            return [*numbers]
    return [*map(count, texts)]


def _content_if_any(path: str) -> bytes:
    try:
        return content(path)
    except OSError as error:
        if error.errno in _HAS_NONE:
            return b""
        raise
