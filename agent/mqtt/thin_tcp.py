"""Tunes an agent's TCP connection in the kernel as a thin stream of small beats.

A lost beat is repeated soon (``tune``), and nothing is written behind it that the kernel would
repeat instead (``Connection.is_acknowledged``). Linux only; elsewhere, and on a websocket, all of
it does nothing.
"""

import contextlib
import socket
import struct
import sys
from typing import Final

if sys.platform != "win32":
    import fcntl
    import termios

_TCP_THIN_LINEAR_TIMEOUTS = 16  # linux/tcp.h; Python has no name for these
_TCP_RTO_MAX_MS = 44
_RTO_MAX_MS = 1_000  # the least that Linux takes

# struct tcp_info in linux/tcp.h, from Linux 4.6 on: tcpi_bytes_acked, tcpi_min_rtt
_INFO: Final = struct.Struct("=120xQ20xI")
_UNKNOWN: Final = 0xFFFF_FFFF
_QUEUED: Final = struct.Struct("=i")
_US_PER_S: Final = 1_000_000
_MS_PER_S: Final = 1_000


def tune(sock: socket.socket) -> bool:
    """Have beats sent at once, and again soon on a link that lost them; return whether that is so.

    A stream as thin as ours then does not double its timeout for six losses in a row; Linux does
    that only under a congestion control that has seen a loss, which BBR never does.
    """
    with contextlib.suppress(OSError):  # some systems refuse it once the peer has hung up
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError):  # Linux before 6.15 has no such option
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_RTO_MAX_MS, _RTO_MAX_MS)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")  # always there
        sock.setsockopt(socket.IPPROTO_TCP, _TCP_THIN_LINEAR_TIMEOUTS, 1)
    except OSError:
        return False
    return True


def give_up_after(sock: socket.socket, in_vain_s: float) -> None:
    """Have a connection end once what was sent is unacknowledged for so long (s).

    A broker that is still heard, and hears nothing, would keep it up for ever.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            milliseconds = int(in_vain_s * _MS_PER_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


def queued_bytes(sock: socket.socket) -> int | None:
    """Return how many bytes the kernel still keeps for the peer; None where it does not tell."""
    try:
        told = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(_QUEUED.size))
    except (OSError, ValueError):
        return None
    return int(_QUEUED.unpack(told)[0])


class Connection:
    """The TCP connection beneath a session, tuned; what the kernel knows of it.

    Of a ``sock`` that only wraps a socket, or cannot be tuned, nothing is known. Never raises.

    Attributes:
        round_trip_s: TCP's least round trip (s) of late, when it was last asked; None if not known.
    """

    def __init__(self, sock: object) -> None:
        self._sock = sock if isinstance(sock, socket.socket) and tune(sock) else None
        self._beat_end: int | None = None
        self.round_trip_s: float | None = None
        if self._ask() is None:  # a lost beat could not be told: the stream is as any
            self._sock = None

    @property
    def is_thin(self) -> bool:
        """Whether a lost beat is repeated soon, again and again."""
        return self._sock is not None

    def wrote(self) -> None:
        """Call when a beat was written with all that goes with it: the stream ends there now."""
        acknowledged = self._ask()
        queued = self._queued()
        self._beat_end = None
        if acknowledged is not None and queued is not None:
            self._beat_end = acknowledged + queued

    def is_acknowledged(self) -> bool:
        """Tell whether the peer has what was written last, so that the next beat may be written.

        With nothing behind a lost beat, the tail loss probe (RFC 8985, 7), which repeats the end
        of the stream or sends what is new, repeats the beat. True also where it can't be told.
        """
        if self._beat_end is None:
            return True
        acknowledged = self._ask()
        if acknowledged is None or acknowledged >= self._beat_end:
            return True
        return self._queued() == 0  # some kernels count no bytes that were acknowledged

    def _ask(self) -> int | None:
        """Return how many bytes the peer has acknowledged."""
        self.round_trip_s = None
        if self._sock is None:
            return None
        try:
            told = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            acknowledged, round_trip_us = _INFO.unpack(told)
        except (OSError, struct.error):  # an older kernel tells less
            return None
        if 0 < round_trip_us < _UNKNOWN:
            self.round_trip_s = round_trip_us / _US_PER_S
        return int(acknowledged)

    def _queued(self) -> int | None:
        return None if self._sock is None else queued_bytes(self._sock)
