"""Plays the demo's other hosts: small, real MQTT 5 clients, one connection each, in one process.

They publish the agent's own messages (birth, beat, will, farewell, the echo of ticks), and no
vitals: the demo shows no invented measurement. What a scene breaks (``scenes``), they play; to a
probe they answer as the scenes have it.
"""

import argparse
import asyncio
import contextlib
import random
import secrets
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mqtt5

from agent.centre import Centre
from agent.credit import Credit
from aggregator import inventory
from aggregator.shell.signals import stop_on_signals
from venuewatch import __version__
from venuewatch.base import clock, options
from venuewatch.base.wire import links, messages, topics
from venuewatch.base.wire.errors import MalformedMessageError
from venuewatch.base.wire.framing import Framer
from venuewatch.base.wire.topics import Stream
from venuewatch.demo import orders
from venuewatch.demo.results_day.player import Player
from venuewatch.demo.scenes import HostCheck, World

INTERVAL_S = 1.0
_ORDERS_EVERY_S = 0.1
_KEEPALIVE_S = 10
_VITALS_NEVER_S = 86_400.0


class DemoHost(asyncio.Protocol):
    """One host's connection, from CONNECT to its end. ``world`` tells how the host is."""

    def __init__(
        self, venue: str, entry: inventory.HostEntry, boot: str, session: int, world: World
    ) -> None:
        self._venue = venue
        self._entry = entry
        self._boot = boot
        self._session = session
        self._world = world
        self._topics = {stream: topics.topic(venue, entry.name, stream) for stream in Stream}
        self._framer = Framer()
        self._centre = Centre(Credit(boot))
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
        """Say that we live, if we do."""
        if not self.is_open or not self._world.sends(*self._name):
            return
        echoes = self._centre.echoes(now)
        first = echoes[0] if echoes else None
        mono_ms = round(now * 1000)
        beat = messages.Beat(
            self._boot, self._session, number, mono_ms, self._wall_ms(), first, echoes[1:]
        )
        self._publish(Stream.BEAT, messages.encode(beat))

    def check(self, number: int, check: HostCheck) -> None:
        """Publish the latest reading of a check, as number ``number``."""
        if not self.is_open or not self._world.sends(*self._name):
            return
        reading = messages.CheckReading(
            check=check.name,
            kind=check.kind,
            state=check.state,
            every_s=check.every_s,
            wall_ms=self._wall_ms(),
            duration_s=0.0,
            detail=check.detail,
            values=check.values,
        )
        checks = messages.Checks(self._boot, self._session, number, self._wall_ms(), [reading])
        self._publish(Stream.CHECKS, messages.encode(checks), packet_id=5)

    def leave(self) -> None:
        """Say farewell and part cleanly; a host that can not speak just stops."""
        if self.is_open and self._world.sends(*self._name):
            farewell = messages.encode(messages.Death(self._boot, self._session, "farewell"))
            self._publish(Stream.DEATH, farewell, packet_id=2, is_retained=True)
            self._transport.write(mqtt5.DisconnectPacket().write())
        self._transport.close()

    def die(self) -> None:
        """End as a killed agent does: its machine closes the connection, and the will is said."""
        self._transport.abort()

    @property
    def _name(self) -> tuple[str, str]:
        return self._venue, self._entry.name

    def _wall_ms(self) -> int:
        return round((clock.wall() + self._world.clock_ahead_s(*self._name)) * 1000)

    def _open(self) -> None:
        self.is_open = True
        patterns = (topics.TICKS, self._topics[Stream.CMD])
        filters = [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS(1)) for pattern in patterns]
        self._transport.write(mqtt5.SubscribePacket(1, filters).write())
        self._publish_birth()

    def _receive(self, publish: mqtt5.PublishPacket) -> None:
        if not self._world.receives(*self._name):
            return
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
            is_reached = self._world.answers_neighbours(self._venue, command.host)
            probed = messages.Probed(
                boot=self._boot,
                session=self._session,
                number=command.number,
                host=command.host,
                is_reached=is_reached,
                way="icmp",
                detail="the demo's script: it answers"
                if is_reached
                else "the demo's script: no answer",
            )
            self._publish(Stream.PROBED, messages.encode(probed), packet_id=4)

    def _publish_birth(self) -> None:
        birth = messages.Birth(
            boot=self._boot,
            session=self._session,
            wall_ms=self._wall_ms(),
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


class Life:
    """One host, over all its connections. ``port``: the broker's."""

    def __init__(
        self, venue: str, entry: inventory.HostEntry, port: int, world: World, stop: asyncio.Event
    ) -> None:
        self._venue = venue
        self._entry = entry
        self._port = port
        self._world = world
        self._stop = stop
        self._rng = random.Random(entry.name)
        self._boot = secrets.token_hex(4)
        self._session = self._checks = 0
        self._start = clock.monotonic() + self._rng.uniform(0.0, INTERVAL_S)

    async def live(self) -> None:
        """Connect, beat at a phase of its own, and connect again, until told to stop."""
        attempt = 0
        while not self._stop.is_set():
            if not self._can_connect():
                await _until(clock.monotonic() + _ORDERS_EVERY_S, self._stop)
                continue
            try:
                host = await self._connected()
            except OSError:
                attempt += 1
            else:
                attempt = 0
                await self._beat(host)
            wait_s = links.wait_before(attempt, self._rng)
            await _until(clock.monotonic() + wait_s, self._stop)

    def _can_connect(self) -> bool:
        where = (self._venue, self._entry.name)
        return self._world.has_agent(*where) and self._world.sends(*where)

    async def _connected(self) -> DemoHost:
        self._session += 1
        _, host = await asyncio.get_running_loop().create_connection(
            partial(DemoHost, self._venue, self._entry, self._boot, self._session, self._world),
            "127.0.0.1",
            self._port,
        )
        return host

    async def _beat(self, host: DemoHost) -> None:
        """Beat until the connection or the agent ends. A new agent is a new boot."""
        while not host.ended.done() and not self._stop.is_set():
            number = max(0, int((clock.monotonic() - self._start) / INTERVAL_S) + 1)
            await _until(self._start + number * INTERVAL_S, self._stop)
            if not self._world.has_agent(self._venue, self._entry.name):
                host.die()
                self._boot = secrets.token_hex(4)
                self._session = self._checks = 0
                self._start = clock.monotonic() + self._rng.uniform(0.0, INTERVAL_S)
                return
            host.beat(number, clock.monotonic())
            check = self._world.check_of(self._entry.name)
            if check is not None and number % check.every_s == 0:
                self._checks += 1
                host.check(self._checks, check)
        host.leave()


async def _until(moment: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout_at(moment):
            await stop.wait()
    except TimeoutError:
        pass


async def _obey(world: World, player: Player | None, stop: asyncio.Event) -> None:
    while not stop.is_set():
        for order in orders.take():
            world.obey(order)
            if player is not None:
                await player.obey(order, stop)
        await _until(clock.monotonic() + _ORDERS_EVERY_S, stop)


async def run(
    path: Path, port: int, without: str, make_player: Callable[[World], Player] | None = None
) -> None:
    """Be every host of the inventory at ``path`` but ``without``, until told to stop.

    ``make_player`` returns who plays a results day, if one is played.
    """
    stop, world = asyncio.Event(), World()
    stop_on_signals(stop)
    player = None if make_player is None else make_player(world)
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        if player is not None:
            stack.enter_context(player)
        tasks.create_task(_obey(world, player, stop), name="orders")
        for venue in inventory.read(path).venue:
            for entry in venue.host:
                if entry.name != without:
                    life = Life(venue.code, entry, port, world, stop)
                    tasks.create_task(life.live(), name=entry.name)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="venuewatch.demo.fleet", description=__doc__)
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument(
        "--port", type=options.port, required=True, help="the broker's, on 127.0.0.1"
    )
    parser.add_argument("--without", default="", help="the host that another process plays")
    parser.add_argument("--results", type=Path, help="play a results day; its files go here")
    parser.add_argument("--results-port", type=options.port, default=0, help="for its pushes")
    given = parser.parse_args()
    make_player = None
    if given.results is not None:
        make_player = partial(Player, given.results, given.results_port)
    asyncio.run(run(given.inventory, given.port, given.without, make_player))
    return 0


if __name__ == "__main__":
    sys.exit(main())
