"""Simulates the uplink of a venue with its own broker: Mosquitto's bridge, configured as ours.

During a cut it keeps the first messages that have to arrive; agents soon keep their readings. When
it is back it publishes these, and then the venue's retained births and deaths again. It publishes
whether it is connected: 1 when it is, 0 by its will.
"""

import random
from typing import Final, NamedTuple

from venuewatch.base.wire import topics
from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.broker import GIVE_UP_AFTER, Broker
from venuewatch.rehearsal.world.connect import ClientSocket, Route
from venuewatch.rehearsal.world.loop import Alarm, Loop

KEPT_MOST: Final = 200  # mosquitto/venue-bridge.conf, like the three below
KEEPALIVE_S = 5.0
RESTART_LEAST_S = 1.0
RESTART_MOST_S = 10.0
RESTART_GROWS = 3  # Mosquitto's "decorrelated jitter": up to this times the last wait
OPEN_WITHIN_S = 5.0


class _Kept(NamedTuple):
    topic: str
    payload: bytes
    is_retained: bool


class Bridge:
    """Connects a venue's ``local`` broker to the centre's."""

    def __init__(
        self, loop: Loop, rng: random.Random, venue: str, local: Broker, centre: Route
    ) -> None:
        self._loop = loop
        self._rng = rng
        self._venue = venue
        self._local = local
        self._centre = centre
        self._state_topic = f"{topics.ROOT}/_bridge/{venue}"
        self._is_open = False
        self._kept: list[_Kept] = []
        self._heard_at = 0.0
        self._restart_s = RESTART_LEAST_S
        self._alarm = Alarm(loop, self._look)
        local.taps.append(self._tap)
        self._socket = self._try()

    def hang_up(self) -> None:
        """Lose the connection there is; another one is tried soon."""
        self._end()

    def _try(self) -> ClientSocket:
        self._socket = ClientSocket(self._loop, self._local.process, self._centre)
        connect = packets.Connect(f"{self._venue}-bridge", KEEPALIVE_S, (self._state_topic, b"0"))
        self._socket.begin(connect, on_data=self._hear, on_closed=self._end)
        self._alarm.set(self._loop.now + OPEN_WITHIN_S)
        return self._socket

    def _hear(self, packet: object) -> None:
        self._heard_at = self._loop.now
        match packet:
            case packets.Connack():
                self._begin()
            case packets.Publish():
                if packet.number is not None:
                    self._socket.send(packets.Puback(packet.number))
                if _is_downward(packet.topic):
                    is_state = packet.topic.endswith("/state")
                    self._local.publish(
                        packet.topic,
                        packet.payload,
                        is_retained=is_state,
                        is_certain=packet.number is not None,
                    )

    def _begin(self) -> None:
        self._is_open = True
        self._restart_s = RESTART_LEAST_S
        commands = f"{topics.ROOT}/{self._venue}/+/cmd"
        patterns = (*topics.FOR_AGENTS, commands)
        self._socket.send(packets.Subscribe(patterns))
        self._socket.publish(self._state_topic, b"1", is_retained=True, is_certain=True)
        kept, self._kept = self._kept, []
        for topic, payload, is_retained in kept:
            self._socket.publish(topic, payload, is_retained=is_retained, is_certain=True)
        for topic, payload in self._local.retained.items():
            if not _is_downward(topic):
                self._socket.publish(topic, payload, is_retained=True, is_certain=True)
        self._alarm.set(self._loop.now + KEEPALIVE_S)

    def _look(self) -> None:
        """Ping each keepalive, and give up what is silent or does not open."""
        silent_s = self._loop.now - self._heard_at
        if not self._is_open or silent_s > GIVE_UP_AFTER * KEEPALIVE_S:
            self._end()
            return
        self._socket.send(packets.Ping())
        self._alarm.set(self._loop.now + KEEPALIVE_S)

    def _tap(self, topic: str, payload: bytes, *, is_retained: bool, is_certain: bool) -> None:
        if _is_downward(topic):
            return
        if self._is_open:
            self._socket.publish(topic, payload, is_retained=is_retained, is_certain=is_certain)
        elif is_certain and len(self._kept) < KEPT_MOST:
            self._kept.append(_Kept(topic, payload, is_retained))

    def _end(self) -> None:
        self._socket.close()
        self._is_open = False
        self._alarm.clear()
        most_s = min(RESTART_GROWS * self._restart_s, RESTART_MOST_S)
        self._restart_s = self._rng.uniform(RESTART_LEAST_S, most_s)
        self._loop.after(self._restart_s, self._try_again)

    def _try_again(self) -> None:
        if not self._socket.is_open:
            self._try()


def _is_downward(topic: str) -> bool:
    return topic.startswith(f"{topics.ROOT}/_centre/") or topic.endswith("/cmd")
