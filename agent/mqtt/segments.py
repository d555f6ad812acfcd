"""Keeps the segments of a connection as large as its path takes: the socket beneath ``paths.py``.

Linux only. Elsewhere nothing is known, and nothing is done.
"""

import contextlib
import logging
import math
import socket
import struct
import sys
from typing import Final

from agent.mqtt.paths import SEGMENT_BYTES, Advice, Flight, Paths, Watch
from agent.mqtt.thin_tcp import queued_bytes
from venuewatch.base import log

WHY: Final = "large packets to the broker are lost on the way, and no router says so"
SILENT: Final = "the broker was silent from the first large packet on"
DO: Final = "let ICMP 'fragmentation needed' pass, or lower the MTU here: docs/networks.md"

# struct tcp_info in linux/tcp.h: tcpi_retransmits, tcpi_snd_mss, tcpi_sacked, tcpi_last_data_recv,
# tcpi_last_ack_recv (data that acknowledges nothing new leaves it as it is), tcpi_bytes_acked
_INFO: Final = struct.Struct("=2xB13xI8xI20xII60xQ")
_MS_PER_S: Final = 1_000

_IP_MTU_DISCOVER = 10  # linux/in.h; Python has no name for these
_IP_PMTUDISC_DONT = 0

_logger = logging.getLogger("agent")


def keep_small(sock: socket.socket) -> None:
    """Have a connection that is not made yet use small segments, and ask the peer for such.

    Where even those are too large for the path, routers may cut them up.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
        let_split(sock)


def let_split(sock: socket.socket) -> bool:
    """Allow routers to cut our packets up; return whether they may (those of IPv6 never do)."""
    if sock.family != socket.AF_INET:
        return False
    try:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
    except OSError:
        return False
    return True


def note_loss(paths: Paths, address: str, why: str, now: float) -> None:
    """Remember an address whose path loses large packets, and say so if that is news."""
    if paths.lose_large(address, now):
        what = {"broker": address, "why": why, "do": DO, "segment_bytes": SEGMENT_BYTES}
        log.event(_logger, logging.WARNING, "segments_made_small", **what)


def has_arrived(sock: socket.socket) -> bool:
    """Tell whether the peer is known to have something of what was written."""
    flight = _ask(sock) if sys.platform == "linux" else None
    return flight is not None and flight.acknowledged > 1  # to connect counts as one


def peer_of(sock: socket.socket | None) -> str:
    """Return the address at the other end; empty where it can't be told."""
    try:
        return "" if sock is None else str(sock.getpeername()[0])
    except OSError:
        return ""


class Segments:
    """The segments of one connection. Never raises; times are monotonic seconds.

    ``sock``: the TCP connection; None where there is none that can be asked.
    """

    def __init__(self, sock: socket.socket | None, paths: Paths, now: float) -> None:
        self._sock = sock if sys.platform == "linux" else None
        self._paths = paths
        self._watch = Watch()
        self._address = peer_of(self._sock)
        flight = self._ask()
        if flight is not None:  # our own certificate may be under way
            self._watch.before_write(flight.queued, flight._replace(queued=0), now)

    @property
    def next_at(self) -> float:
        """When to call ``advance`` next; infinity while nothing is watched."""
        return math.inf if self._sock is None else self._watch.next_at

    def before_write(self, size_bytes: int, now: float) -> None:
        """Note that so many bytes are handed to the kernel next, at once."""
        if size_bytes > SEGMENT_BYTES and not self._watch.is_sound:
            flight = self._ask()
            if flight is not None:
                self._watch.before_write(size_bytes, flight, now)

    def advance(self, now: float) -> bool:
        """Look whether what is large arrives; return whether the connection is to be left."""
        if now < self.next_at:
            return False
        flight = self._ask()
        if flight is None:
            return False
        return self._follow(self._watch.look(flight, now), now)

    def ended(self, now: float) -> None:
        """Note that the connection has ended: its end may tell of the path."""
        if self._watch.is_in_vain:
            note_loss(self._paths, self._address, SILENT, now)

    def _follow(self, advice: Advice, now: float) -> bool:
        if not advice:
            return False
        note_loss(self._paths, self._address, WHY, now)
        return advice == "leave" or self._sock is None or not let_split(self._sock)

    def _ask(self) -> Flight | None:
        """Return what the kernel knows; None, for good, where that can't be told."""
        flight = None if self._sock is None else _ask(self._sock)
        if flight is None:
            self._sock = None
        return flight


def _ask(sock: socket.socket) -> Flight | None:
    """Return what the kernel knows of a connection; None where it does not tell.

    It is asked for what is queued last: bytes that are acknowledged meanwhile count once.
    """
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
        repeats, segment_bytes, passed, data_ms, ack_ms, acknowledged = _INFO.unpack(told)
    except (OSError, struct.error):  # an older kernel tells less
        return None
    queued = queued_bytes(sock)
    if queued is None:
        return None
    silent_s = min(data_ms, ack_ms) / _MS_PER_S
    return Flight(acknowledged, queued, segment_bytes, passed, repeats, silent_s)
