"""Keeps the aggregator's lasting subscription, as ``aggregator.shell.mqtt.link`` does.

Reads are coalesced: after each read the socket rests, and the next read takes what came meanwhile.
"""

import random
from collections.abc import Callable

from aggregator.core.centre import COALESCE_S
from aggregator.shell.mqtt.link import CEILING_S
from venuewatch.base.wire import topics
from venuewatch.base.wire.links import wait_before
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.connect import ClientSocket, Route
from venuewatch.rehearsal.world.loop import Action, Alarm, Loop
from venuewatch.rehearsal.world.process import SimProcess

OPEN_WITHIN_S = 10.0  # aggregator.shell.mqtt.link.CONNECT_TIMEOUT_S


class Subscription:
    """Connects, subscribes to everything upward, and connects again with full jitter.

    ``on_receive`` gets what one read brought, ``on_opened`` and ``on_lost`` are called when the
    aggregator begins and ceases to hear.
    """

    def __init__(
        self,
        loop: Loop,
        rng: random.Random,
        process: SimProcess,
        *,
        on_receive: Callable[[list[packets.Publish]], None],
        on_opened: Action,
        on_lost: Action,
    ) -> None:
        self._loop = loop
        self._rng = rng
        self._process = process
        self._on_receive, self._on_opened, self._on_lost = on_receive, on_opened, on_lost
        self._route: Route
        self._connect: packets.Connect
        self._socket: ClientSocket
        self._attempt = 0
        self._read: list[object] = []
        self._rests_until = 0.0
        self._has_heard = True
        self._reading = Alarm(loop, lambda: process.run(self._take))
        self._watching = Alarm(loop, lambda: process.run(self._watch))
        self._opening = Alarm(loop, lambda: process.run(self._end))
        self.is_subscribed = False

    def begin(self, route: Route, connect: packets.Connect) -> None:
        """Connect, and stay so."""
        self._route, self._connect = route, connect
        self._try()

    def publish(
        self, topic: str, payload: bytes, *, is_certain: bool = False, is_retained: bool = False
    ) -> None:
        """Send a message while the subscription stands."""
        if self.is_subscribed:
            self._socket.publish(topic, payload, is_certain=is_certain, is_retained=is_retained)

    def hang_up(self) -> None:
        """Have the kernel close it, as it does for a process that ends."""
        self._socket.close()
        for alarm in (self._reading, self._watching, self._opening):
            alarm.clear()

    def _try(self) -> None:
        self._socket = ClientSocket(self._loop, self._process, self._route)
        self._opening.set(self._loop.now + OPEN_WITHIN_S)
        self._socket.begin(self._connect, on_data=self._arrived, on_closed=self._end)

    def _arrived(self, packet: object) -> None:
        self._read.append(packet)
        now = self._loop.now
        if now >= self._rests_until:
            self._take()
        elif self._reading.at is None:
            self._reading.set(self._rests_until)

    def _take(self) -> None:
        """Process what one read brings, and acknowledge it after that."""
        self._rests_until = self._loop.now + COALESCE_S
        self._has_heard = True
        read, self._read = self._read, []
        heard = [item for item in read if isinstance(item, packets.Publish)]
        if len(heard) < len(read):
            for packet in read:
                self._control(packet)
        if heard:
            self._on_receive([message for message in heard if _is_upward(message.topic)])
        for message in heard:
            if message.number is not None:
                self._socket.send(packets.Puback(message.number))

    def _control(self, packet: object) -> None:
        if not self._socket.is_open:
            return
        match packet:
            case packets.Connack():
                self._socket.send(packets.Subscribe((topics.EVERYTHING_UPWARD,)))
                self._watch()
            case packets.Suback():
                self.is_subscribed = True
                self._attempt = 0
                self._opening.clear()
                self._on_opened()
            case packets.Disconnect():
                self._end()

    def _watch(self) -> None:
        """Ask for a sign of life every keepalive; give up when one brought none."""
        if not self._socket.is_open:
            return
        if not self._has_heard:
            self._end()
            return
        self._has_heard = False
        self._socket.send(packets.Ping())
        self._watching.set(self._loop.now + self._connect.keepalive_s)

    def _end(self) -> None:
        self.hang_up()
        self._read.clear()
        was_subscribed, self.is_subscribed = self.is_subscribed, False
        if was_subscribed:
            self._on_lost()
        self._process.after(wait_before(self._attempt, self._rng, max_s=CEILING_S), self._try)
        self._attempt += 1


def _is_upward(topic: str) -> bool:
    """Tell whether the core is shown it; it would only pass over its own commands."""
    return not topic.endswith("/cmd")
