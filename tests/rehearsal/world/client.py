"""A client of a simulated broker that notes what it hears, for tests of the broker alone."""

import random

from venuewatch.rehearsal.world import packets
from venuewatch.rehearsal.world.broker import Broker
from venuewatch.rehearsal.world.connect import ClientSocket, Route
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Leg, Way
from venuewatch.rehearsal.world.process import SimProcess


class Client:
    """Connects at once under ``name``; its will is ``lost`` on ``name/death``."""

    def __init__(
        self,
        loop: Loop,
        broker: Broker,
        name: str,
        *patterns: str,
        is_persistent: bool = False,
        keepalive_s: float = 5.0,
    ) -> None:
        self.loop = loop
        self.name = name
        self.leg = Leg(random.Random(0), delay_s=0.001)
        self.process = SimProcess(loop)
        self.heard: list[tuple[str, bytes, bool]] = []
        self.is_closed = False
        self.was_told = False
        self._patterns = patterns
        connect = packets.Connect(name, keepalive_s, (f"{name}/death", b"lost"), is_persistent)
        way = Way(loop, [self.leg])
        self.socket = ClientSocket(loop, self.process, Route(broker, way, way))
        self.was_refused = False
        self.socket.begin(
            connect, on_data=self._hear, on_closed=self._close, on_refused=self._refused
        )

    def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        self.send(packets.Publish(topic, payload, 1, is_retained))

    def send(self, packet: object) -> None:
        assert self.socket.is_open
        self.socket.send(packet)

    def kill(self) -> None:
        self.process.end()
        self.socket.close()

    def said(self, topic: str) -> list[bytes]:
        return [payload for heard, payload, _ in self.heard if heard == topic]

    def _hear(self, packet: object) -> None:
        if isinstance(packet, packets.Connack):
            self.send(packets.Subscribe(self._patterns))
        elif isinstance(packet, packets.Publish):
            self.heard.append((packet.topic, packet.payload, packet.retain))
            if packet.number is not None:
                self.send(packets.Puback(packet.number))
        elif isinstance(packet, packets.Disconnect):
            self.was_told = True

    def _close(self) -> None:
        self.is_closed = True

    def _refused(self) -> None:
        self.was_refused = True
