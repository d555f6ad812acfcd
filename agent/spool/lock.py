"""Keeps a spool's folder for one agent: two would send each other's readings as their own.

1. The file ``lock`` in it has the name of the host whose readings are there. The host's agent
   keeps it locked. The kernel ends that with the process, however it ends.
2. A second agent of that host waits for the first: :class:`InUseError`.
3. An agent of another host leaves all of it alone, also later, and has a folder of its own within.
4. Where there are no locks (Windows, some filesystems), two agents of one host are not kept apart.
"""

import os
import sys
from typing import Final

from venuewatch.base.files import UnfitFileError, other_kind

if sys.platform != "win32":
    import fcntl

_NAME: Final = "lock"
_OWNER_MAX: Final = 256
_FLAGS: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class InUseError(OSError):
    """Another agent of the same host has the folder; the text is for the operator."""

    def __init__(self, folder: str) -> None:
        text = (
            f"another agent of this host has {folder}: end one of the two, or give it a "
            "[spool] directory of its own"
        )
        super().__init__(text)
        self.strerror = text


class Lock:
    """The lock of one agent. ``folder``: where its readings are, once it is taken."""

    def __init__(self, directory: str, host: str) -> None:
        self._directory = directory
        self._host = host
        self._descriptor: int | None = None
        self.folder = directory

    def take(self) -> None:
        """Take the folder, unless we have it: it may have been deleted or moved away since.

        Raises:
            InUseError: another agent of our host has it.
            OSError: there can be no folder or no lock now.
        """
        if self._is_held():
            return
        self.release()
        folder = self._directory
        while not self._is_taken(folder):
            folder = os.path.join(folder, f"of-{self._host}")

    def release(self) -> None:
        """Let another agent have it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _is_held(self) -> bool:
        if self._descriptor is None:
            return False
        try:
            found = os.stat(os.path.join(self.folder, _NAME))
        except FileNotFoundError:
            return False
        return os.path.samestat(found, os.fstat(self._descriptor))

    def _is_taken(self, folder: str) -> bool:
        """Take a folder that is nobody's or ours; tell whether it was."""
        os.makedirs(folder, mode=0o700, exist_ok=True)
        descriptor = os.open(os.path.join(folder, _NAME), _FLAGS, 0o600)
        is_taken = False
        try:
            _check_kind(descriptor)
            owner = os.read(descriptor, _OWNER_MAX).strip(b"\0").decode(errors="replace")
            if owner not in {"", self._host}:
                return False
            if not _is_locked_by_us(descriptor):
                raise InUseError(folder)
            if not owner:
                os.write(descriptor, self._host.encode())
            is_taken = True
        finally:
            if not is_taken:
                os.close(descriptor)
        self.folder, self._descriptor = folder, descriptor
        return True


def _check_kind(descriptor: int) -> None:
    kind = other_kind(os.fstat(descriptor).st_mode)
    if kind is not None:
        raise UnfitFileError(f"expected a regular file for its lock, got {kind}")


def _is_locked_by_us(descriptor: int) -> bool:
    """Lock a file; tell whether nobody else has. True, too, where there are no locks."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # this filesystem has none
            return True
    return True
