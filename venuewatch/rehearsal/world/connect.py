"""Opens a connection: a packet that asks, and the answer of the other machine."""

from collections.abc import Callable
from typing import NamedTuple

from venuewatch.rehearsal.tcp.sender import Tcp
from venuewatch.rehearsal.world.broker import Broker
from venuewatch.rehearsal.world.connection import STOCK_TCP, Endpoint
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Way
from venuewatch.rehearsal.world.process import SimProcess

SYN_RETRIES_S = (0.0, 1.0, 3.0, 7.0)  # Linux: 1 s, doubling (RFC 6298, 2.1)


class Ways(NamedTuple):
    """Both directions between two machines."""

    out: Way
    back: Way


class ConnectAttempt:
    """One attempt of a process to connect.

    ``on_open`` gets the near end; ``on_refused`` is called where nothing listens. Where nothing
    answers neither is called, and the process gives up when it likes.
    """

    def __init__(
        self, loop: Loop, process: SimProcess, broker: Broker, ways: Ways, *, tcp: Tcp = STOCK_TCP
    ) -> None:
        self._loop = loop
        self._process = process
        self._broker = broker
        self._ways = ways
        self._tcp = tcp
        self._near: Endpoint | None = None
        self._is_over = False
        self._on_open: Callable[[Endpoint], None]
        self._on_refused: Callable[[], None]

    def begin(self, on_open: Callable[[Endpoint], None], on_refused: Callable[[], None]) -> None:
        """Send the first packet."""
        self._on_open = on_open
        self._on_refused = on_refused
        for wait_s in SYN_RETRIES_S:
            self._loop.after(wait_s, self._ask)

    def give_up(self) -> None:
        """Want the connection no more."""
        self._is_over = True
        if self._near is not None:
            self._near.vanish()

    def _ask(self) -> None:
        asked_at = self._loop.now
        if not self._is_over:
            self._ways.out.carry(lambda: self._asked(asked_at))

    def _asked(self, asked_at: float) -> None:
        """Happens in the kernel of the machine with the port."""
        if not self._broker.is_listening:
            self._ways.back.carry(lambda: self._process.run(self._refused))
            return
        if self._near is None:
            self._near = near = Endpoint(self._loop, self._process, self._ways.out, self._tcp)
            far = Endpoint(self._loop, self._broker.process, self._ways.back, STOCK_TCP)
            near.peer, far.peer = far, near
            self._broker.accept(far)
        self._ways.back.carry(lambda: self._answered(asked_at))

    def _answered(self, asked_at: float) -> None:
        near = self._near
        if self._is_over or near is None:
            return
        self._is_over = True
        round_trip_s = self._loop.now - asked_at
        near.lane.measured(round_trip_s)
        near.peer.lane.measured(round_trip_s)
        self._process.run(lambda: self._on_open(near))

    def _refused(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_refused()
