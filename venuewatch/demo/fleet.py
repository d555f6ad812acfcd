"""Plays the demo's other hosts: small, real MQTT 5 clients, one connection each, in one process.

They publish the agent's own messages (birth, beat, will, farewell, the echo of ticks), and no
vitals: the demo shows no invented measurement. To a probe they answer that they could not ask.
"""

import argparse
import asyncio
import contextlib
import random
import secrets
import sys
from functools import partial
from pathlib import Path

import mqtt5

from agent.centre import Centre
from aggregator import inventory
from aggregator.shell.signals import stop_on_signals
from venuewatch import __version__
from venuewatch.base import clock
from venuewatch.base.wire import links, messages, topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.framing import Framer
from venuewatch.base.wire.topics import Stream

INTERVAL_S = 1.0
_KEEPALIVE_S = 10
_VITALS_NEVER_S = 86_400.0


class DemoHost(asyncio.Protocol):
    """One host's connection, from CONNECT to its end."""

    def __init__(self, venue: str, entry: inventory.HostEntry, boot: str, session: int) -> None:
        self._entry = entry
        self._boot = boot
        self._session = session
        self._topics = {stream: topics.topic(venue, entry.name, stream) for stream in Stream}
        self._framer = Framer()
        self._centre = Centre()
        self._transport: asyncio.Transport
        self.is_open = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a session, with a will."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's promise for TCP
        self._transport = transport
        lost = messages.encode(messages.Death(self._boot, self._session, "lost"))
        will = mqtt5.Will(self._topics[Stream.DEATH], payload=lost, qos=mqtt5.QoS(1), retain=True)
        connect = mqtt5.ConnectPacket(
            self._entry.name, clean_start=True, will=will, keep_alive=_KEEPALIVE_S
        )
        transport.write(connect.write())

    def data_received(self, data: bytes) -> None:
        """Answer what the broker says."""
        for item in self._framer.feed(data):
            if isinstance(item, mqtt5.ConnAckPacket):
                self._open()
            elif isinstance(item, mqtt5.PublishPacket):
                self._receive(item)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note the end."""
        self.is_open = False
        self.ended.set_result(None)

    def beat(self, number: int, now: float) -> None:
        """Say that we live."""
        if not self.is_open:
            return
        echoes = self._centre.echoes(now)
        first = echoes[0] if echoes else None
        wall_ms, mono_ms = round(clock.wall() * 1000), round(now * 1000)
        beat = messages.Beat(self._boot, self._session, number, mono_ms, wall_ms, first, echoes[1:])
        self._publish(Stream.BEAT, messages.encode(beat))

    def leave(self) -> None:
        """Say farewell and part cleanly."""
        if self.is_open:
            farewell = messages.encode(messages.Death(self._boot, self._session, "farewell"))
            self._publish(Stream.DEATH, farewell, packet_id=2, is_retained=True)
            self._transport.write(mqtt5.DisconnectPacket().write())
        self._transport.close()

    def _open(self) -> None:
        self.is_open = True
        patterns = (topics.TICKS, self._topics[Stream.CMD])
        filters = [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS(1)) for pattern in patterns]
        self._transport.write(mqtt5.SubscribePacket(1, filters).write())
        self._publish_birth()

    def _receive(self, publish: mqtt5.PublishPacket) -> None:
        if publish.packet_id is not None:
            self._transport.write(mqtt5.PubAckPacket(publish.packet_id).write())
        with contextlib.suppress(MalformedMessageError):
            if publish.topic == self._topics[Stream.CMD]:
                self._obey(publish.payload)
            else:
                tick = messages.decode_tick(publish.payload)
                self._centre.hear_tick(publish.topic, tick, clock.monotonic())

    def _obey(self, payload: bytes) -> None:
        command = messages.decode_command(payload)
        if isinstance(command, messages.Rebirth):
            self._publish_birth()
        elif isinstance(command, messages.Probe):
            probed = messages.Probed(
                boot=self._boot,
                session=self._session,
                number=command.number,
                host=command.host,
                is_reached=None,
                detail="a host of the demo answers no probe",
            )
            self._publish(Stream.PROBED, messages.encode(probed), packet_id=4)

    def _publish_birth(self) -> None:
        birth = messages.Birth(
            boot=self._boot,
            session=self._session,
            wall_ms=round(clock.wall() * 1000),
            interval_s=INTERVAL_S,
            vitals_every_s=_VITALS_NEVER_S,
            agent_version=__version__,
            role=self._entry.role,
            keepalive_s=_KEEPALIVE_S,
            own_ticks=True,
        )
        self._publish(Stream.BIRTH, messages.encode(birth), packet_id=3, is_retained=True)

    def _publish(
        self,
        stream: Stream,
        payload: bytes,
        *,
        packet_id: int | None = None,
        is_retained: bool = False,
    ) -> None:
        packet = mqtt5.PublishPacket(
            self._topics[stream],
            payload,
            qos=mqtt5.QoS(0 if packet_id is None else 1),
            retain=is_retained,
            packet_id=packet_id,
        )
        self._transport.write(packet.write())


async def live(venue: str, entry: inventory.HostEntry, port: int, stop: asyncio.Event) -> None:
    """Be one host until ``stop``: connect, beat at a phase of its own, and connect again."""
    loop = asyncio.get_running_loop()
    rng = random.Random(entry.name)
    boot = secrets.token_hex(4)
    start = clock.monotonic() + rng.uniform(0.0, INTERVAL_S)
    attempt = session = 0
    while not stop.is_set():
        session += 1
        try:
            _, host = await loop.create_connection(
                partial(DemoHost, venue, entry, boot, session), "127.0.0.1", port
            )
        except OSError:
            attempt += 1
        else:
            attempt = 0
            while not host.ended.done() and not stop.is_set():
                number = max(0, int((clock.monotonic() - start) / INTERVAL_S) + 1)
                await _until(start + number * INTERVAL_S, stop)
                host.beat(number, clock.monotonic())
            host.leave()
        await _until(clock.monotonic() + links.wait_before(attempt, rng), stop)


async def _until(moment: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout_at(moment):
            await stop.wait()
    except TimeoutError:
        pass


async def run(path: Path, port: int, without: str) -> None:
    """Be every host of the inventory at ``path`` but ``without``, until told to stop."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with asyncio.TaskGroup() as tasks:
        for venue in inventory.read(path).venue:
            for entry in venue.host:
                if entry.name != without:
                    tasks.create_task(live(venue.code, entry, port, stop), name=entry.name)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="venuewatch.demo.fleet", description=__doc__)
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="the broker's, on 127.0.0.1")
    parser.add_argument("--without", default="", help="the host that another process plays")
    options = parser.parse_args()
    asyncio.run(run(options.inventory, options.port, options.without))
    return 0


if __name__ == "__main__":
    sys.exit(main())
