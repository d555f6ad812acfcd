"""Carries bytes over TCP or TLS, and never waits."""

import contextlib
import socket
import ssl
from typing import Final, Protocol

UNSENT_MAX_BYTES: Final = 4 * 1024 * 1024
"""A connection whose other side reads so little that more than this waits has ended."""

_READ_AT_ONCE = 65_536


HUNG_UP: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The errors by which a write tells that the other side has hung up.

What that has said before, such as why, is still to be read.
"""


class Bytes(Protocol):
    """A connection that carries bytes both ways. Its methods raise OSError where it has ended."""

    @property
    def wants_write(self) -> bool:
        """Whether the network has not yet taken all that was written."""

    @property
    def is_pending(self) -> bool:
        """Whether there is more to read, though the socket does not say so."""

    def fileno(self) -> int:
        """Return what can be selected."""

    def read(self) -> bytes:
        """Return what has come, empty if nothing has."""

    def write(self, data: bytes) -> None:
        """Send, as far as the network takes it now, and keep the rest."""

    def flush(self) -> None:
        """Send what was kept, as far as the network takes it now."""

    def close(self) -> None:
        """Hang up."""


class Stream:
    """A connected socket that never blocks.

    Attributes:
        sock: the socket, of TLS where that is spoken.
        is_pending: whether there is more to read, though the socket does not say so. Only to read
            changes it, and to ask OpenSSL each time would cost every beat.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._tls = sock if isinstance(sock, ssl.SSLSocket) else None
        self._rest = b""
        self.is_pending = self._has_more()

    @property
    def wants_write(self) -> bool:
        """Whether the network has not yet taken all that was written."""
        return bool(self._rest)

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self._tls is not None

    def fileno(self) -> int:
        """Return what can be selected."""
        return self.sock.fileno()

    def read(self) -> bytes:
        """Return what has come, empty if nothing has.

        Raises:
            OSError: the connection has ended.
        """
        try:
            data = self.sock.recv(_READ_AT_ONCE)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            data = None
        self.is_pending = self._has_more()
        if data is None:
            return b""
        if not data:
            raise ConnectionResetError("the connection was closed")
        return data

    def write(self, data: bytes) -> None:
        """Send, as far as the network takes it now, and keep the rest.

        Raises:
            OSError: the connection has ended.
        """
        self._rest += data
        self.flush()

    def flush(self) -> None:
        """Send what was kept, as far as the network takes it now.

        Raises:
            OSError: the connection has ended.
        """
        with contextlib.suppress(
            BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError
        ):
            while self._rest:
                self._rest = self._rest[self.sock.send(self._rest) :]
        if len(self._rest) > UNSENT_MAX_BYTES:
            raise ConnectionAbortedError("the other side does not read")

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def _has_more(self) -> bool:
        return self._tls is not None and self._tls.pending() > 0
