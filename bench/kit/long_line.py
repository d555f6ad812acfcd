"""Lays a long line that loses packets between two network namespaces of this machine.

The kernels' TCP is real, and so is the delay line.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator
from functools import partial
from typing import Final, NamedTuple

from bench.kit.processes import BenchError
from venuewatch.rehearsal.stage.delay_line import Count, Settings, Way
from venuewatch.rehearsal.stage.machine import StageError, inside
from venuewatch.rehearsal.stage.network import HIGH, Pair
from venuewatch.rehearsal.stage.run import run_of_namespaces
from venuewatch.rehearsal.stage.uplink import DEVICE

_PORT = 1883
_ABREAST = 64  # connections opened together: a listener's queue is 128 at the least
_CONNECT_S = 10.0
_QUEUE: Final = 10_000  # packets; a TUN device's own 500 would lose some of a burst of ticks
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # struct linger: a reset, and nothing is left


class Ends(NamedTuple):
    """Both ends of a connection; neither blocks."""

    near: socket.socket
    far: socket.socket


class LongLine:
    """The line, once it is made; the near end is a venue, the far end the centre.

    Packets keep their order: the delay line's jitter would have them overtake each other, which
    they do not do on one link, and which TCP takes for a loss.
    """

    def __init__(self, prefix: str, round_trip_s: float) -> None:
        self._delay_s = round_trip_s / 2
        self._pair = Pair(prefix, Way(delay_s=self._delay_s))
        self._open = contextlib.ExitStack()
        self._listener: socket.socket

    def make(self, seed: int) -> None:
        """Make both namespaces and the line, which loses nothing yet."""
        self._pair.make(seed)
        for machine in (self._pair.low, self._pair.high):
            machine.ip(f"link set {DEVICE} txqueuelen {_QUEUE}")
        listen = partial(socket.create_server, (HIGH, _PORT))
        self._listener = self._open.enter_context(inside(self._pair.high.namespace, listen))
        self._listener.settimeout(_CONNECT_S)

    def connect(self, wanted: int) -> list[Ends]:
        """Return so many connections.

        Raises:
            BenchError: the machine does not give them.
        """
        pairs: list[Ends] = []
        try:
            while len(pairs) < wanted:
                pairs += self._connect_together(min(_ABREAST, wanted - len(pairs)))
        except OSError as error:
            raise BenchError(f"only {len(pairs)} of {wanted} connected: {error}") from None
        return pairs

    def lose(self, share: float) -> tuple[Count, Count]:
        """Lose this share of the packets of each way from now on; return the counts until now."""
        way = Way(delay_s=self._delay_s, loss=share)
        counts = self._pair.uplink.change(Settings(way, way))
        return counts.up, counts.down

    def close(self) -> None:
        """End the connections and the line; it may not have been made whole."""
        self._open.close()
        self._pair.uplink.close()

    def _connect_together(self, count: int) -> list[Ends]:
        near = inside(self._pair.low.namespace, lambda: [self._dialled() for _ in range(count)])
        far = {}
        for _ in near:
            sock, (_, port) = self._listener.accept()
            far[port] = self._kept(sock)
        return [Ends(sock, far[sock.getsockname()[1]]) for sock in near]

    def _dialled(self) -> socket.socket:
        sock = self._kept(socket.socket())
        sock.connect_ex((HIGH, _PORT))  # it is in progress: the other end is waited for
        return sock

    def _kept(self, sock: socket.socket) -> socket.socket:
        self._open.enter_context(sock)
        sock.settimeout(0.0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        return sock


@contextlib.contextmanager
def long_line(round_trip_s: float, seed: int) -> Iterator[LongLine]:
    """Yield a line of this round trip (s); nothing is left of it afterwards.

    Raises:
        BenchError: this machine cannot have one; it says what is needed.
    """
    with contextlib.ExitStack() as stack:
        try:
            run = stack.enter_context(run_of_namespaces())
        except StageError as error:
            raise BenchError(str(error)) from None
        line = LongLine(run.prefix, round_trip_s)
        stack.callback(line.close)
        line.make(seed)
        yield line
