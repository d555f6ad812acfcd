"""Inbox: a datagram socket that programs of this machine push to, over UDP or a Unix socket.

A Unix socket tells whose each datagram is: on Linux the kernel adds its sender's user, who can't
choose another. So there only one user's datagrams can count. Over UDP, and without such a user,
everybody on this machine may push.
"""

import contextlib
import os
import socket
import stat
import struct
import sys
from typing import Final

_CREDENTIALS: Final = struct.Struct("3i")  # process, user, group (unix(7), SCM_CREDENTIALS)
_SKIPPED_MAX: Final = 2_000  # datagrams of others that one call passes over
_EVERYBODY: Final = 0o666  # the folder says who gets to it, and the kernel who has sent


class Inbox:
    """Listens from its making on.

    ``where`` is a path, or an address and a port. ``user``: whose datagrams count, by name or
    number; with "" everybody's. Only datagrams of up to ``size`` bytes come whole.

    Attributes:
        refused: how many datagrams were another user's.

    Raises:
        OSError: it can't listen there.
    """

    def __init__(self, where: str | tuple[str, int], size: int, user: str = "") -> None:
        self.refused = 0
        self._size = size
        self._path = where if isinstance(where, str) else ""
        self._user = _number_of(user) if user else None
        if isinstance(where, str):
            self._sock = _unix_socket(where)
            return
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        self._sock = _bound(family, where)

    def take(self) -> bytes | None:
        """Return the next datagram that counts; None while there is none.

        One that is longer than ``size`` is cut, or empty.
        """
        for _ in range(_SKIPPED_MAX):
            try:
                if self._user is None:
                    return self._sock.recv(self._size + 1)
                datagram = self._of_user()
            except BlockingIOError:
                return None
            except OSError:  # on Windows: a datagram that was too long
                return b""
            if datagram is not None:
                return datagram
            self.refused += 1
        return None

    def close(self) -> None:
        """Stop listening."""
        self._sock.close()
        if self._path:
            with contextlib.suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108 - a Path would cost more than it says

    def _of_user(self) -> bytes | None:
        """Return the next datagram; None if it is another user's."""
        room = socket.CMSG_SPACE(_CREDENTIALS.size)
        datagram, told, _, _ = self._sock.recvmsg(self._size + 1, room)
        for level, kind, data in told:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                _, user, _ = _CREDENTIALS.unpack_from(data)
                return datagram if user == self._user else None
        return None


def _number_of(user: str) -> int:
    """Return the number of a user of this machine.

    Raises:
        OSError: there is none of that name.
    """
    if user.isdecimal():
        return int(user)
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise OSError(f"this machine has no user {user}") from None


def _unix_socket(path: str) -> socket.socket:
    if sys.platform != "linux":
        raise OSError("only Linux tells whose a datagram is: use listen_port here")
    _drop_left_over(path)
    sock = _bound(socket.AF_UNIX, path)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        os.chmod(path, _EVERYBODY)  # noqa: PTH101
    except OSError:
        sock.close()
        raise
    return sock


def _drop_left_over(path: str) -> None:
    """Remove the socket of a process that has ended, and nothing else."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as trying:
            try:
                trying.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)  # noqa: PTH108


def _bound(family: int, where: str | tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.bind(where)
        sock.settimeout(0)
    except OSError:
        sock.close()
        raise
    return sock
