"""Connects a client to a broker: a packet that asks, and the answer of the other machine."""

from collections.abc import Callable
from typing import Any, NamedTuple

from venuewatch.rehearsal.tcp.sender import Tcp
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.broker import Broker
from venuewatch.rehearsal.world.connection import STOCK_TCP, Endpoint
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Way
from venuewatch.rehearsal.world.process import SimProcess

SYN_RETRIES_S = (0.0, 1.0, 3.0, 7.0)  # Linux: 1 s, doubling (RFC 6298, 2.1)


class Route(NamedTuple):
    """A broker, and both directions of the way to it."""

    broker: Broker
    out: Way
    back: Way


class ClientSocket:
    """A client's connection to a broker: one attempt, and what comes of it.

    Where nothing listens it is refused. Where nothing answers nothing is called, and the process
    gives up when it likes.

    Attributes:
        endpoint: the near end once it is open, None before.
    """

    def __init__(
        self, loop: Loop, process: SimProcess, route: Route, *, tcp: Tcp = STOCK_TCP
    ) -> None:
        self._loop = loop
        self._process = process
        self._route = route
        self._tcp = tcp
        self._near: Endpoint | None = None
        self._is_over = False
        self._published = 0
        self._first: object
        self._on_refused: Callable[[], None]
        self._on_data: Callable[[Any], None]
        self._on_closed: Callable[[], None]
        self.endpoint: Endpoint | None = None

    def begin(
        self,
        first: object,
        *,
        on_data: Callable[[Any], None],
        on_closed: Callable[[], None],
        on_refused: Callable[[], None] | None = None,
    ) -> None:
        """Connect, and send ``first``; being refused is being closed unless told otherwise."""
        self._first, self._on_data, self._on_closed = first, on_data, on_closed
        self._on_refused = on_refused or on_closed
        for wait_s in SYN_RETRIES_S:
            self._loop.after(wait_s, self._ask)

    @property
    def is_open(self) -> bool:
        """Whether something that is sent now may arrive."""
        return self.endpoint is not None and self.endpoint.is_open

    def send(self, packet: object) -> None:
        """Send something over the open connection; without one it is lost."""
        if self.endpoint is not None:
            self.endpoint.send(packet)

    def publish(
        self, topic: str, payload: bytes, *, is_certain: bool = False, is_retained: bool = False
    ) -> int | None:
        """Send a message, and return its number: None but at QoS 1 (``is_certain``)."""
        self._published += 1
        number = self._published if is_certain else None
        self.send(packets.Publish(topic, payload, number, is_retained))
        return number

    def close(self) -> None:
        """Close the connection as a kernel does, or want it no more."""
        if self.endpoint is None:
            self.vanish()
        else:
            self.endpoint.close()

    def vanish(self) -> None:
        """Forget it with the kernel that knew it."""
        self._is_over = True
        if self._near is not None:
            self._near.vanish()

    def _ask(self) -> None:
        asked_at = self._loop.now
        if not self._is_over:
            self._route.out.carry(lambda: self._asked(asked_at))

    def _asked(self, asked_at: float) -> None:
        """Happens in the kernel of the machine with the port."""
        broker, out, back = self._route
        if not broker.is_listening:
            back.carry(lambda: self._process.run(self._refused))
            return
        if self._near is None:
            self._near = near = Endpoint(self._loop, self._process, out, self._tcp)
            far = Endpoint(self._loop, broker.process, back, STOCK_TCP)
            near.peer, far.peer = far, near
            broker.accept(far)
        back.carry(lambda: self._answered(asked_at))

    def _answered(self, asked_at: float) -> None:
        near = self._near
        if self._is_over or near is None:
            return
        self._is_over = True
        round_trip_s = self._loop.now - asked_at
        near.lane.measured(round_trip_s)
        near.peer.lane.measured(round_trip_s)
        self._process.run(lambda: self._open(near))

    def _open(self, near: Endpoint) -> None:
        self.endpoint = near
        near.on_data, near.on_closed = self._on_data, self._on_closed
        near.send(self._first)

    def _refused(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_refused()
