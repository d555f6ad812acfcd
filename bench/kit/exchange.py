"""Runs both ends of many connections in one loop: beats one way, ticks the other."""

import heapq
import select
from collections.abc import Callable
from typing import Final

from bench.kit.beating import Beater, Listener
from bench.kit.long_line import Ends
from bench.kit.processes import BenchError
from venuewatch.base import clock
from venuewatch.base.wire.messages import TICK_EVERY_S

_BURST: Final = 256  # beats between two looks at what has arrived


class Exchange:
    """All connections; the first tick is sent at ``start``. Times are monotonic seconds."""

    def __init__(self, start: float) -> None:
        self._poll = select.epoll()
        self._receive: dict[int, Callable[[float], None]] = {}
        self._beaters: list[Beater] = []
        self._listeners: list[Listener] = []
        self._due: list[tuple[float, int]] = []
        self._tick_at = start
        self._worst_lag_s = 0.0

    def join(self, pair: Ends, beater: Beater, listener: Listener) -> None:
        """Let a connection take part."""
        for sock, receive in ((pair.near, beater.receive), (pair.far, listener.receive)):
            self._receive[sock.fileno()] = receive
            self._poll.register(sock, select.EPOLLIN)
        heapq.heappush(self._due, (beater.next_at, len(self._beaters)))
        self._beaters.append(beater)
        self._listeners.append(listener)

    def run(self, end: float) -> float:
        """Beat, receive and tick until ``end``; return how late (s) we ourselves were at worst.

        Raises:
            BenchError: a connection broke.
        """
        self._worst_lag_s = 0.0
        try:
            while clock.monotonic() < end:
                self._tick()
                self._beat()
                self._receive_until(min(end, self._tick_at, self._due[0][0]))
        except OSError as error:
            raise BenchError(f"a connection broke: {error.strerror or error}") from None
        return self._worst_lag_s

    def close(self) -> None:
        """End it; the connections are others'."""
        self._poll.close()

    def _tick(self) -> None:
        lag_s = clock.monotonic() - self._tick_at
        if lag_s < 0.0:
            return
        self._worst_lag_s = max(self._worst_lag_s, lag_s)
        self._tick_at += TICK_EVERY_S
        for listener in self._listeners:
            listener.tick()

    def _beat(self) -> None:
        """Let those act who want to, at most a burst of them."""
        for _ in range(_BURST):
            due, number = self._due[0]
            now = clock.monotonic()
            if now < due:
                return
            self._worst_lag_s = max(self._worst_lag_s, now - due)
            beater = self._beaters[number]
            beater.act(now)
            heapq.heapreplace(self._due, (beater.next_at, number))

    def _receive_until(self, moment: float) -> None:
        """Wait until then or until something arrives, and receive it."""
        for number, _ in self._poll.poll(max(0.0, moment - clock.monotonic())):
            self._receive[number](clock.monotonic())
