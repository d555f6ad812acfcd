"""Both ends of measured connections, and the loop that runs them.

One end beats, the other receives beats and sends ticks. Each kind of agent beats in its own way,
with the agent's own code.
"""

import contextlib
import heapq
import select
import socket
from collections.abc import Callable
from typing import Final

from agent.beat_times import BeatTimes
from agent.mqtt.thin_tcp import Connection, tune
from bench.kit.lateness import Lateness
from bench.kit.long_line import Ends
from bench.kit.members import INTERVAL_S
from bench.kit.processes import BenchError
from venuewatch.base import clock
from venuewatch.base.wire.messages import TICK_EVERY_S

BEAT_BYTES: Final = 100
TICK_BYTES: Final = 50

_BEAT: Final = bytes(BEAT_BYTES)
_TICK: Final = bytes(TICK_BYTES)
_READ: Final = 65_536
_BURST: Final = 256  # beats between two looks at what has arrived


class Beater:
    """A host on a stock connection: each beat is written when it is due, from ``start`` on.

    Times are monotonic seconds.
    """

    def __init__(self, sock: socket.socket, start: float, host: str) -> None:
        self._sock = sock
        self._rhythm = BeatTimes(start, INTERVAL_S, host=host)

    @property
    def next_at(self) -> float:
        """The moment of its next act."""
        return self._rhythm.next_at

    def act(self, now: float) -> None:
        """Do what is due. Raises OSError."""
        number = self._rhythm.take(now)
        if number is not None:
            self._offer(number, now)

    def receive(self, now: float) -> None:
        """Read the ticks that have arrived. Raises OSError."""
        if received(self._sock):
            self._rhythm.hear_tick(now)

    def _offer(self, number: int, now: float) -> None:
        """Write the beat, or not."""
        del number, now
        self._write()

    def _write(self) -> None:
        self._sock.send(_BEAT)


class Thin(Beater):
    """A host that has the kernel treat its connection as a thin stream."""

    def __init__(self, sock: socket.socket, start: float, host: str) -> None:
        super().__init__(sock, start, host)
        if not tune(sock):
            raise BenchError("this kernel has no thin streams")


class Holding(Thin):
    """A host that writes no beat behind one that may be lost."""

    def __init__(self, sock: socket.socket, start: float, host: str) -> None:
        super().__init__(sock, start, host)
        self._connection = Connection(sock)

    def _offer(self, number: int, now: float) -> None:
        if self._connection.is_acknowledged():
            self._write()
        else:
            self._rhythm.put_off(number, now)

    def _write(self) -> None:
        super()._write()
        self._connection.wrote()


class Pacing(Holding):
    """A host that does so, and moves its beats to where the ticks make that cheap: an agent."""

    def _write(self) -> None:
        super()._write()
        self._rhythm.follow_ticks(self._connection.round_trip_s)


class Listener:
    """The centre's end of the connection with this ``number``, whose beats ``heard`` counts."""

    def __init__(self, sock: socket.socket, number: int, heard: Lateness) -> None:
        self._sock = sock
        self._number = number
        self._heard = heard
        self._bytes = 0

    def receive(self, now: float) -> None:
        """Read the beats that have arrived by ``now`` (monotonic s). Raises OSError."""
        beats, self._bytes = divmod(self._bytes + received(self._sock), BEAT_BYTES)
        if beats:
            self._heard.add_beats(self._number, now, beats=beats)

    def tick(self) -> None:
        """Send a tick, unless there is no room for one. Raises OSError."""
        with contextlib.suppress(BlockingIOError):
            self._sock.send(_TICK)


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


def received(sock: socket.socket) -> int:
    """Return how many bytes were waiting.

    Raises:
        OSError: the connection is broken, or its other end was closed.
    """
    try:
        read = sock.recv(_READ)
    except BlockingIOError:
        return 0
    if not read:
        raise ConnectionResetError("it was closed")
    return len(read)
