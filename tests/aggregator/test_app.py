"""Aggregator: the whole process, run once against a scripted broker."""

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import aiohttp
import mqtt5
import msgspec
import pytest

from aggregator.app import Aggregator, serve
from aggregator.config import Broker, Config, JournalConfig, Notify, RemoteWrite, Web
from aggregator.core.states import HostState
from aggregator.shell.journal.rows import Notice, Rows
from tests.aggregator.shell.journal.process import column, rows, visit
from tests.aggregator.shell.mqtt.scripted_broker import Peer, ScriptedBroker
from tests.kit.machine import Machine, Message
from tests.kit.receiver import Receiver
from tests.kit.story import ALONE, fleet_of
from tests.kit.waiting import until
from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import (
    Acknowledge,
    Backlog,
    Vitals,
    decode_centre_state,
    encode,
)
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream, live_client


@pytest.fixture
async def broker() -> AsyncIterator[ScriptedBroker]:
    async with ScriptedBroker().serving() as broker:
        yield broker


@pytest.fixture
def settings(broker: ScriptedBroker, tmp_path: Path) -> Config:
    return Config(
        name="centre",
        broker=Broker(port=broker.port),
        web=Web("127.0.0.1:0"),
        journal=JournalConfig(str(tmp_path / "journal.sqlite")),
    )


def aggregator_of(settings: Config) -> Aggregator:
    return Aggregator(settings, fleet_of(ALONE), rng=random.Random(1))


@contextlib.asynccontextmanager
async def running(aggregator: Aggregator, broker: ScriptedBroker) -> AsyncIterator[Peer]:
    """Run it until the test is done, and let it part; yield the broker's side."""
    stop = asyncio.Event()
    task = asyncio.create_task(aggregator.run(stop))
    try:
        peers = [await (await broker.peer()).admit() for _ in range(2)]
        (live,) = (peer for peer in peers if peer.client_id == live_client("centre"))
        yield live
        stop.set()
        await farewell(live)
        await task
    finally:
        task.cancel()


async def published(peer: Peer, topic: str) -> mqtt5.PublishPacket:
    """Return the next message on ``topic``; the broker acknowledges every one before it."""
    while True:
        packet = await peer.receive(mqtt5.PublishPacket)
        if packet.packet_id is not None:
            peer.send(mqtt5.PubAckPacket(packet.packet_id).write())
        if packet.topic == topic:
            return packet


async def farewell(peer: Peer) -> None:
    """Acknowledge until our state is offline, and hang up as the aggregator does."""
    while (
        decode_centre_state(
            (state := await published(peer, topics.centre_state("centre"))).payload
        ).state
        == "online"
    ):
        pass
    goodbye = await peer.receive(mqtt5.DisconnectPacket)
    assert (state.retain, goodbye.reason_code) == (True, NORMAL)
    peer.hang_up()


NORMAL = mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION
TIMED, EVERYWHERE = (Web(f"{host}:0", timestamps=True) for host in ("127.0.0.1", ""))


def send(peer: Peer, *messages: Message) -> None:
    peer.send(*(mqtt5.PublishPacket(each.topic, payload=each.payload).write() for each in messages))


async def test_a_process_lives_from_its_start_to_its_stop(
    broker: ScriptedBroker, settings: Config, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(settings.journal.path)
    visit(path, Rows(notices=[Notice("1-1", b"{}")]))  # of a webhook that is not configured now
    aggregator, machine = aggregator_of(settings), Machine("STA", "alpha")
    async with running(aggregator, broker) as peer:
        online = await published(peer, topics.centre_state("centre"))
        send(peer, machine.birth(), machine.beat(clock.monotonic()))
        await until(lambda: aggregator.fleet.named("alpha").state is HostState.UP)
        await published(peer, topics.centre_tick("centre"))
        status = await published(peer, topics.venue_status("STA"))
        address = f"http://127.0.0.1:{aggregator.port}"
        async with aiohttp.ClientSession() as session:
            ready = await session.get(f"{address}/-/ready")
            page = await (await session.get(f"{address}/metrics")).text()

    said = decode_centre_state(online.payload)
    assert (said.state, said.credit, online.retain) == ("online", True, True)
    assert said.boot
    assert status.retain
    assert "broker_lost" not in caplog.messages
    assert ready.status == 200
    assert 'venuewatch_host_up{venue="STA",host="alpha"' in page
    assert rows(path, "SELECT * FROM outbox") == []
    walked = rows(path, "SELECT before, after FROM transitions ORDER BY rowid")
    assert walked == [("unknown", "up"), ("up", "unknown")]
    (alive_at,) = column(path, "SELECT value FROM marks WHERE name = 'alive_at'")
    assert abs(alive_at - clock.wall()) < 60


async def test_reload_gives_samples_their_times(
    broker: ScriptedBroker, settings: Config, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory.toml"
    inventory.write_text('[[venue]]\ncode = "STA"\n[[venue.host]]\nname = "alpha"\n')
    changed = msgspec.structs.replace(
        settings, inventory=str(inventory), web=Web("127.0.0.1:0", timestamps=True)
    )
    aggregator = Aggregator(settings, fleet_of(ALONE), rng=random.Random(1), reread=lambda: changed)
    machine, pages = Machine("STA", "alpha"), []
    async with running(aggregator, broker) as peer:
        now = clock.monotonic()
        send(peer, machine.birth(), machine.beat(now), machine.vitals(now, 1))
        await until(lambda: aggregator.fleet.named("alpha").vitals is not None)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{aggregator.port}") as session:
            pages.append(await (await session.get("/metrics?collect=vitals")).text())
            said = await (await session.post("/-/reload")).text()
            pages.append(await (await session.get("/metrics?collect=vitals")).text())

    assert said == "reloaded: 1 hosts at 1 venues\n"
    assert [bool(re.search(r"^node_load1.* \d{13}$", page, re.MULTILINE)) for page in pages] == [
        False,
        True,
    ]


async def test_a_backlog_is_acknowledged_while_no_receiver_answers(
    broker: ScriptedBroker, settings: Config
) -> None:
    readings = Readings(node_load1=1.0)
    machine = Machine("STA", "alpha")
    async with Receiver.serving() as receiver:
        receiver.usual, receiver.decode = "hang", bytes
        remote_write = RemoteWrite(url=receiver.url)
        more = {"remote_write": remote_write, "web": Web("127.0.0.1:0", timestamps=True)}
        aggregator = aggregator_of(msgspec.structs.replace(settings, **more))
        async with running(aggregator, broker) as peer:
            send(peer, machine.birth(), machine.beat(clock.monotonic()))
            taken = Vitals("a", 1, 1, round(clock.wall() * 1000) - 60_000, readings)
            send(peer, machine.said(Backlog("a", 1, 7, [taken])))
            await receiver.until_attempts(1)
            acknowledged = await published(peer, topics.topic("STA", "alpha", Stream.CMD))
            address = f"http://127.0.0.1:{aggregator.port}/metrics/self"
            async with aiohttp.ClientSession() as session:
                page = await (await session.get(address)).text()

    assert acknowledged.payload == encode(Acknowledge("a", 7))
    assert "venuewatch_aggregator_remote_write_samples_pending 1.0" in page


async def test_a_taken_port_leaves_the_journal_as_it_was(settings: Config) -> None:
    path = Path(settings.journal.path)
    visit(path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        web = Web(f"127.0.0.1:{taken.getsockname()[1]}")
        aggregator = aggregator_of(msgspec.structs.replace(settings, web=web))

        with pytest.raises(OSError, match="another program listens there"):
            await aggregator.run(asyncio.Event())

    assert rows(path, "SELECT * FROM marks WHERE name != 'lived_s'") == []


@pytest.mark.parametrize(
    ("unusable", "why"),
    [
        ({"notify": Notify("https://127.0.0.1:9/", ca_file="/no/ca")}, "/no/ca: No such file"),
        ({"remote_write": RemoteWrite(url="https://x", ca_file="/no/ca"), "web": TIMED}, "/no/ca"),
        ({"remote_write": RemoteWrite(url="http://x"), "web": EVERYWHERE}, "to have an instance"),
    ],
)
async def test_an_unusable_file_is_a_configuration_error(
    settings: Config, unusable: dict[str, object], why: str
) -> None:
    aggregator = aggregator_of(msgspec.structs.replace(settings, **unusable))

    with pytest.raises(ConfigError, match=why):
        await aggregator.run(asyncio.Event())


async def test_hangup_while_the_inventory_is_read_ends_nothing(
    settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []

    def read(_: Path) -> NoReturn:
        os.kill(os.getpid(), signal.SIGHUP)
        raise ConfigError("read")

    monkeypatch.setattr("aggregator.inventory.read", read)
    before = signal.signal(signal.SIGHUP, lambda number, _: ended.append(number))
    try:
        with pytest.raises(ConfigError, match="read"):
            await serve(settings, lambda: settings)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)
        signal.signal(signal.SIGHUP, before)

    assert ended == []
