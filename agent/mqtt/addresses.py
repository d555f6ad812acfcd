"""Connects to the first of a name's addresses that answers ("Happy Eyeballs", RFC 8305).

An address that leads nowhere, such as one of a family whose way is broken, costs a quarter of a
second, and not the whole time that there is.
"""

import os
import select
import socket
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

from agent.checks.net.connect import Target
from agent.mqtt.paths import Paths
from agent.mqtt.segments import keep_small
from venuewatch.base import clock

APART_S: Final = 0.25
"""How long (s) the next address waits while the one before has not answered (RFC 8305, 5)."""


def in_turns(targets: Iterable[Target]) -> list[Target]:
    """Return addresses in their order, but so that their families take turns (RFC 8305, 4)."""
    families: dict[int, list[Target]] = {}
    for target in targets:
        families.setdefault(target.family, []).append(target)
    return [each for turn in zip_longest(*families.values()) for each in turn if each is not None]


class Race:
    """Tells which address is tried when, without I/O. Times are monotonic seconds."""

    def __init__(self, targets: Iterable[Target], *, start: float, timeout_s: float) -> None:
        self._waiting = in_turns(targets)
        self._under_way = 0
        self._next_at = start
        self._end = start + timeout_s
        self._error = OSError("the name has no address")

    def take(self, now: float) -> Target | None:
        """Return the address to be tried now, or None while none is due.

        Raises:
            TimeoutError: none has answered in time.
            OSError: all have failed; it is the last one's.
        """
        if now >= self._end:
            raise TimeoutError
        if not self._waiting and not self._under_way:
            raise self._error
        if not self._waiting or now < self._next_at:
            return None
        self._next_at = now + APART_S
        self._under_way += 1
        return self._waiting.pop(0)

    def failed(self, error: OSError, now: float) -> None:
        """Note that one has failed: the next is due at once."""
        self._under_way -= 1
        self._error = error
        self._next_at = now

    def wait_s(self, now: float) -> float:
        """Return how long (s) the addresses under way may be waited for."""
        if not self._under_way:
            return 0.0
        return max(0.0, min(self._end, self._next_at if self._waiting else self._end) - now)


def connect_first(
    targets: Iterable[Target], timeout_s: float, paths: Paths | None = None
) -> socket.socket:
    """Return a connection to the address that accepts one first; the socket never blocks.

    Its segments are small where ``paths`` knows the address as one that needs it.

    Raises:
        TimeoutError: none did within ``timeout_s``.
        OSError: all have refused, or can not be reached; it is the last one's.
    """
    race = Race(targets, start=clock.monotonic(), timeout_s=timeout_s)
    trying: list[socket.socket] = []
    try:
        while True:
            target = race.take(clock.monotonic())
            if target is not None:
                _begin(target, race, trying, paths)
            for sock in _decided(trying, race.wait_s(clock.monotonic())):
                trying.remove(sock)
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not number:
                    return sock
                sock.close()
                race.failed(OSError(number, os.strerror(number)), clock.monotonic())
    finally:
        for sock in trying:
            sock.close()


def _begin(target: Target, race: Race, trying: list[socket.socket], paths: Paths | None) -> None:
    """Let an address be tried, or the race know that it can't be."""
    try:
        sock = socket.socket(target.family, socket.SOCK_STREAM)
    except OSError as error:  # this machine lacks the family
        race.failed(error, clock.monotonic())
        return
    try:
        sock.settimeout(0.0)
        if paths is not None and paths.is_narrow(str(target.address[0]), clock.monotonic()):
            keep_small(sock)
        sock.connect(target.address)
    except BlockingIOError:
        pass
    except OSError as error:
        sock.close()
        race.failed(error, clock.monotonic())
        return
    trying.append(sock)


def _decided(trying: Sequence[socket.socket], wait_s: float) -> list[socket.socket]:
    """Return which are connected, or have failed; wait for the first, at most so long (s)."""
    if not trying:
        return []
    _, connected, failed = select.select([], trying, trying, wait_s)  # Windows tells failures apart
    return [sock for sock in trying if sock in connected or sock in failed]
