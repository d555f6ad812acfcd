"""A broker that does what the test says, and a listener that notes what it receives."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Self, TypeVar

import mqtt5

from aggregator.config import Connection
from aggregator.core.budget import Discarding
from aggregator.shell.mqtt.link import BrokerLink, subscription
from tests.kit.waiting import PATIENCE_S, Waiting
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.framing import Framer, Item

P = TypeVar("P")


class Chance(random.Random):
    """Makes every wait nothing; ``ceilings`` are the most that each could have been."""

    def __init__(self) -> None:
        super().__init__(0)
        self.ceilings: list[float] = []
        self._waiting = Waiting()

    def uniform(self, a: float, b: float) -> float:
        self.ceilings.append(b)
        self._waiting.note()
        return a

    async def asked(self, times: int) -> None:
        """Wait until that many waits were chosen."""
        await self._waiting.until(lambda: len(self.ceilings) >= times)


class Notes:
    """A listener. ``log`` is each of its calls, in order; it can be made to fail.

    ``refusals``: why it was not let in, apart from that.
    """

    is_behind = False

    def __init__(self) -> None:
        self.log: list[tuple[str, object]] = []
        self.refusals: list[str] = []
        self.fault: Exception | None = None
        self._waiting = Waiting()

    def receive(self, publishes: Sequence[mqtt5.PublishPacket]) -> None:
        self._note("receive", [publish.topic for publish in publishes])
        if self.fault is not None:
            raise self.fault

    def refuse(self, reason: Reason) -> None:
        self._note("refuse", reason)

    def discarded(self, over: Mapping[str, Discarding]) -> None:
        self._note("discarded", over)

    def opened(self) -> None:
        self._note("opened", None)

    def not_opened(self, why: str) -> None:
        self.refusals.append(why)

    def lost(self, *, is_taken_over: bool) -> None:
        self._note("lost", "taken over" if is_taken_over else None)

    async def noted(self, what: str, times: int = 1) -> None:
        """Wait until ``what`` was called that often."""
        await self._waiting.until(lambda: [call for call, _ in self.log].count(what) >= times)

    def _note(self, what: str, detail: object) -> None:
        self.log.append((what, detail))
        self._waiting.note()


class Peer:
    """One client's connection, from the broker's side; ``client_id`` is known once admitted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.client_id = ""
        self._reader = reader
        self._writer = writer
        self._framer = Framer()
        self._packets: deque[Item] = deque()

    async def receive(self, kind: type[P]) -> P:
        """Return the client's next packet of this kind, passing over pings."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                packet = await self._next()
                if isinstance(packet, kind):
                    return packet
                assert isinstance(packet, mqtt5.PingReqPacket), packet

    async def is_gone(self) -> None:
        """Wait until the client has hung up."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self._reader.read(65_536):
                    pass
            except ConnectionError:
                return

    def send(self, *packets: bytes) -> None:
        self._writer.write(b"".join(packets))

    async def admit(
        self,
        connack: mqtt5.ConnAckPacket | None = None,
        granted: mqtt5.SubAckReasonCode = mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
    ) -> Self:
        """Let the client in and subscribe."""
        self.client_id = (await self.receive(mqtt5.ConnectPacket)).client_id
        self.send((connack or mqtt5.ConnAckPacket()).write())
        subscribe = await self.receive(mqtt5.SubscribePacket)
        self.send(mqtt5.SubAckPacket(subscribe.packet_id, [granted]).write())
        return self

    def hang_up(self) -> None:
        self._writer.close()

    async def _next(self) -> Item:
        while not self._packets:
            data = await self._reader.read(65_536)
            assert data, "the client has hung up"
            self._packets += self._framer.feed(data)
        return self._packets.popleft()


class ScriptedBroker:
    """Listens on a port of its own; every connection is handed to the test."""

    def __init__(self) -> None:
        self.port = 0
        self._peers: asyncio.Queue[Peer] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []

    async def peer(self) -> Peer:
        """Return the next connection."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._peers.get()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._peers.put_nowait(Peer(reader, writer))


class Linked:
    """Runs a link for as long as a test needs one; its waits are nothing."""

    def __init__(self, broker: ScriptedBroker, notes: Notes) -> None:
        self.peer = broker.peer
        self.port = broker.port
        self.notes = notes
        self.chance = Chance()

    @contextlib.asynccontextmanager
    async def __call__(self, where: Connection | None = None) -> AsyncIterator[BrokerLink]:
        link = BrokerLink(
            where or Connection(port=self.port),
            self.notes,
            client_id="centre",
            filters=[subscription("venuewatch/v1/+/+/#", no_local=True)],
            will=("venuewatch/v1/_centre/centre/state", b"gone"),
            rng=self.chance,
        )
        task = asyncio.create_task(link.run())
        try:
            yield link
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task  # it must not have failed meanwhile
