"""Agents that return with full spools, many in one process: ``python -m bench.kit.returning``.

Each is an agent's own outbox, with its credit and pace, over the agent's own MQTT session without
its socket. Only the spool is not on a disk: a reading is made when it is read. A line on standard
input is answered with how far they are.
"""

import argparse
import asyncio
import json
import random
import sys
from functools import partial

import mqtt5

from agent.centre import Centre
from agent.identity import milliseconds
from agent.mqtt.protocol import Client, Receipt
from agent.outbox import Outbox
from agent.spool.records import Record
from agent.spool.thread import Batch, Status
from bench.kit.processes import LOOPBACK
from tests.integration.returning import FAMILIES
from venuewatch.base import clock
from venuewatch.base.wire import messages, topics
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.messages import Beat, Birth, Death, Vitals, encode
from venuewatch.base.wire.packing import packed
from venuewatch.base.wire.topics import Stream

INTERVAL_S = 1.0
EVERY_S = 10
BOOT = "old"
"""The boot of the readings in the spool."""

_CATALOGUE = Catalogue(FAMILIES)
_SAID = encode(_CATALOGUE)
_SERIES = sum(len(rows) for _, rows in FAMILIES)
_NEVER_S = 86_400.0
_STEP_S = 0.005
_KEEPALIVE_S = 5


def reading(number: int, end: int, of: int) -> bytes:
    """Return reading ``number`` of ``of``; the last was taken at ``end`` (s since 1970)."""
    rng = random.Random(number)
    values: list[float | None] = [round(rng.random() * 1e5, 2) for _ in range(_SERIES)]
    wall_ms = (end - (of - number) * EVERY_S) * 1000
    return encode(Vitals(BOOT, 1, number, wall_ms, catalogue=_CATALOGUE.key, values=values))


class MadeSpool:
    """Stands where ``SpoolThread`` does: ``records`` readings, each made when it is read."""

    def __init__(self, records: int, end: int) -> None:
        self._records = records
        self._end = end
        self._acknowledged = 0
        self._batch: Batch | None = None
        self.is_asked = False

    @property
    def status(self) -> Status:
        """How much waits."""
        return Status(pending=self._records - self._acknowledged)

    def acknowledge(self, number: int) -> None:
        """Forget everything up to ``number``."""
        self._acknowledged = max(self._acknowledged, number)

    def ask(self, after: int, *, max_bytes: int) -> bool:
        """Ask for the oldest readings above ``after``."""
        if self.is_asked:
            return False
        found: list[Record] = []
        number, size = max(after, self._acknowledged), 0
        while number < self._records:
            number += 1
            payload = b"v" + reading(number, self._end, self._records)
            size += len(payload)
            if found and size > max_bytes:
                break
            found.append(Record(number, payload, _SAID))
        self._batch = Batch(found, self._records - found[-1].number if found else 0)
        self.is_asked = True
        return True

    def batch(self) -> Batch | None:
        """Return the answer once."""
        batch, self._batch = self._batch, None
        self.is_asked = self.is_asked and batch is None
        return batch

    def close(self) -> None:
        """Do nothing."""


class Returning(asyncio.Protocol):
    """One agent, over one connection that has to last."""

    def __init__(self, venue: str, host: str, spool: MadeSpool) -> None:
        self._topics = {stream: topics.topic(venue, host, stream) for stream in Stream}
        self._boot = f"new-{host}"[:32]
        self._outbox = Outbox(spool, boot=self._boot)  # type: ignore[arg-type]
        self._centre = Centre(self._outbox.credit)
        self._transport: asyncio.Transport
        self._beats = 0
        self._is_announced = False
        self.spool = spool
        self.said_bytes = 0
        self.trouble: str | None = None
        lost = encode(Death(self._boot, 1, "lost"))
        will = mqtt5.Will(self._topics[Stream.DEATH], payload=lost, qos=mqtt5.QoS(1), retain=True)
        connect = mqtt5.ConnectPacket(host, clean_start=True, will=will, keep_alive=_KEEPALIVE_S)
        wanted = (topics.TICKS, topics.CENTRE_STATES, self._topics[Stream.CMD])
        filters = [mqtt5.TopicFilter(each, max_qos=mqtt5.QoS(1)) for each in wanted]
        self._client = Client(connect, filters, clock.monotonic())

    @property
    def sent_bytes(self) -> int:
        """How many bytes of its spool it has published."""
        return self._outbox.credit.sent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a session."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio's promise for TCP
        self._transport = transport
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Obey what came."""
        for heard in self._client.receive(data, clock.monotonic()):
            self._hear(heard.topic, heard.payload)
        self.step()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it did not last."""
        self.trouble = str(exc) if exc else "the broker closed a connection"

    def step(self) -> None:
        """Do what is due."""
        now = clock.monotonic()
        if self._client.is_open:
            if not self._is_announced:
                self._announce()
            self._client.advance(now)
            send = partial(self._send, now) if self._centre.is_listening(now) else None
            self._outbox.advance(send, 1, now)
        self._flush()

    def beat(self) -> None:
        """Say that it lives."""
        if not self._is_announced:
            return
        now = clock.monotonic()
        echoes = self._centre.echoes(now)
        self._beats += 1
        beat = Beat(
            self._boot,
            1,
            self._beats,
            milliseconds(now),
            milliseconds(clock.wall()),
            tick=echoes[0] if echoes else None,
        )
        self._client.publish(self._topics[Stream.BEAT], encode(beat), now, qos=0)
        self._flush()

    def _announce(self) -> None:
        self._is_announced = True
        birth = Birth(
            boot=self._boot,
            session=1,
            wall_ms=milliseconds(clock.wall()),
            interval_s=INTERVAL_S,
            vitals_every_s=_NEVER_S,
            agent_version="bench",
            keepalive_s=_KEEPALIVE_S,
            own_ticks=True,
        )
        topic, now = self._topics[Stream.BIRTH], clock.monotonic()
        self._client.publish(topic, encode(birth), now, qos=1, is_retained=True)
        self.beat()

    def _send(self, now: float, stream: Stream, payload: bytes) -> Receipt:
        payload = packed(payload)
        self.said_bytes += len(payload)
        return self._client.publish(self._topics[stream], payload, now, qos=1)

    def _hear(self, topic: str, payload: bytes) -> None:
        now = clock.monotonic()
        if topic.endswith("/tick"):
            self._centre.hear_tick(topic, messages.decode_tick(payload), now)
        elif topic.endswith("/state"):
            self._centre.hear_state(topic, messages.decode_centre_state(payload), now)
        else:
            command = messages.decode_command(payload)
            if isinstance(command, messages.Acknowledge):
                self._outbox.acknowledged(command.number, now)
            elif isinstance(command, messages.Grant):
                self._outbox.credit.hear_grant(command, now)

    def _flush(self) -> None:
        data = self._client.take()
        if data and not self._transport.is_closing():
            self._transport.write(data)


async def _run(port: int, hosts: list[str], records: int) -> None:
    loop, end = asyncio.get_running_loop(), int(clock.wall())
    agents = []
    for host in hosts:
        made = partial(Returning, host.partition("-")[0], host, MadeSpool(records, end))
        _, agent = await loop.create_connection(made, LOOPBACK, port)
        agents.append(agent)
    ask: asyncio.Queue[str] = asyncio.Queue()
    loop.add_reader(sys.stdin, lambda: ask.put_nowait(sys.stdin.readline()))
    next_beat = began = clock.monotonic()
    drained_s: float | None = None
    while True:
        for agent in agents:
            agent.step()
        if drained_s is None and not any(agent.spool.status.pending for agent in agents):
            drained_s = clock.monotonic() - began
        if clock.monotonic() >= next_beat:
            next_beat += INTERVAL_S
            for agent in agents:
                agent.beat()
        while not ask.empty():
            if not ask.get_nowait():
                return
            print(json.dumps({**_answer(agents), "drained_s": drained_s}), flush=True)
        await asyncio.sleep(_STEP_S)


def _answer(agents: list[Returning]) -> dict[str, object]:
    return {
        "sent_bytes": sum(agent.sent_bytes for agent in agents),
        "said_bytes": sum(agent.said_bytes for agent in agents),
        "trouble": next((agent.trouble for agent in agents if agent.trouble), None),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="bench.kit.returning", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("records", type=int)
    parser.add_argument("hosts", nargs="+")
    given = parser.parse_args()
    asyncio.run(_run(given.port, given.hosts, given.records))


if __name__ == "__main__":
    main()
