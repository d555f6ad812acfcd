"""Carries bytes over a connection, plain or with TLS, every step within one deadline.

TLS runs in memory (``ssl.MemoryBIO``), a piece of the peer's bytes at a time: OpenSSL on the
socket itself would take bytes for as long as a hostile peer sends them.
"""

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, Self, TypeVar

from agent.checks.reading.asking import CheckFailedError
from agent.checks.reading.times import Deadline

T = TypeVar("T")

_PIECE = 16_384
_MAX_HANDSHAKE = 262_144  # bytes; a usual one has 4 to 6 KiB


class Stream:
    """A plain connection."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._is_waiting = True

    def renew(self, deadline: Deadline) -> None:
        """Have another deadline from now on: the connection is kept for another reading."""
        self._deadline = deadline

    def recv_now(self, size: int) -> bytes | None:
        """Return some of what has come, None if nothing has, b"" at the end; raises OSError."""
        buffer = bytearray(size)
        self._is_waiting = False
        try:
            return bytes(buffer[: self.recv_into(buffer)])
        except BlockingIOError:
            return None
        finally:
            self._is_waiting = True

    def sendall(self, data: bytes) -> None:
        """Send all of it; raises OSError."""
        self._sock.settimeout(self._deadline.left_s())
        self._sock.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        """Read what is there into ``buffer`` and return how much, 0 at the end; raises OSError."""
        left_s = self._deadline.left_s()
        self._sock.settimeout(left_s if self._is_waiting else 0)
        return self._sock.recv_into(buffer)

    def certificate(self) -> bytes | None:
        """Return the peer's certificate (DER); None if it showed none."""
        return None

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TlsStream(Stream):
    """A connection with TLS on it, once :meth:`shake_hands` has returned."""

    def __init__(
        self, sock: socket.socket, deadline: Deadline, context: ssl.SSLContext, server_name: str
    ) -> None:
        """Raises ValueError for a name that TLS can't carry."""
        super().__init__(sock, deadline)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._heard = 0

    def shake_hands(self) -> None:
        """Agree on keys, and verify the peer; raises OSError or CheckFailedError."""
        self._step(self._tls.do_handshake, limit=_MAX_HANDSHAKE)

    def sendall(self, data: bytes) -> None:
        """Send all of it; raises OSError."""
        self._step(lambda: self._tls.write(data))

    def recv_into(self, buffer: Any) -> int:
        """Read what is there into ``buffer`` and return how much, 0 at the end; raises OSError."""
        try:
            read: Callable[[int, Any], Any] = self._tls.read  # given a buffer it returns the size
            return int(self._step(lambda: read(len(buffer), buffer)))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # with a farewell, and without
            return 0

    def certificate(self) -> bytes | None:
        """Return the peer's certificate (DER); None if it showed none."""
        return self._tls.getpeercert(binary_form=True)

    def _step(self, work: Callable[[], T], limit: int | None = None) -> T:
        """Do something with TLS, and carry what it says and wants to hear to and fro."""
        while True:
            try:
                done = work()
            except ssl.SSLWantReadError:
                self._flush()
                self._hear(limit)
            except ssl.SSLError:
                with contextlib.suppress(OSError):  # the alert is a courtesy
                    self._flush()
                raise
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._outgoing.pending:
            super().sendall(self._outgoing.read())

    def _hear(self, limit: int | None) -> None:
        """Take one piece of what the peer sends; raises OSError."""
        piece = bytearray(_PIECE)
        size = super().recv_into(piece)
        self._heard += size
        if limit is not None and self._heard > limit:
            raise CheckFailedError("the TLS handshake has no end")
        if size:
            self._incoming.write(piece[:size])
        else:
            self._incoming.write_eof()
