"""Connections: bounds of the whole port and of each client, and what is ended first."""

import asyncio
import contextlib
import itertools
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from aggregator.config import Web
from aggregator.shell.http import connections, sending
from aggregator.shell.http.connections import HEADLESS_MAX, Connections
from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig
from tests.aggregator.shell.http.test_server import configured
from tests.kit.waiting import until

GREEDY, MODEST = "127.0.0.2", "127.0.0.3"
BIG = 20_000_000  # bytes: more than the system takes for a client that reads nothing
ASK = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


class World:
    """A server with an answer that is short, one that is big, and one that waits for ``go``."""

    def __init__(self) -> None:
        self.server = HttpServer()
        self.go = asyncio.Event()
        self.sizes = itertools.count(BIG)
        self.asked = 0

    async def begin(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._short)
        app.router.add_get("/big", self._big)
        app.router.add_get("/slow", self._slow)
        app.router.add_get("/events", self._follow)
        await self.server.begin(app, "127.0.0.1:0", WebConfig())

    @property
    def ended(self) -> dict[str, int]:
        return dict(self.server.connections.ended)

    async def _short(self, _: web.Request) -> web.Response:
        return web.Response(text="short")

    async def _big(self, _: web.Request) -> web.Response:
        return web.Response(body=bytes(next(self.sizes)))

    async def _slow(self, _: web.Request) -> web.Response:
        self.asked += 1
        await self.go.wait()
        return web.Response(text="slow")

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await self.go.wait()
        return response


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(connections, "_LOOK_EVERY_S", 0.02)
    made = World()
    await made.begin()
    yield made
    made.go.set()
    await made.server.end()


Connect = Callable[..., socket.socket]


@pytest.fixture
def connect(world: World) -> Iterator[Connect]:
    """Return what connects from an address, and sends what it is to."""
    opened: list[socket.socket] = []

    def make(address: str = GREEDY, said: bytes = b"") -> socket.socket:
        there = ("127.0.0.1", world.server.port)
        one = socket.create_connection(there, 5.0, source_address=(address, 0))
        opened.append(one)
        one.sendall(said)
        one.settimeout(0.0)
        return one

    yield make
    for one in opened:
        one.close()


def is_ended(one: socket.socket) -> bool:
    """Tell whether the server has ended a connection; read nothing of an answer."""
    try:
        return one.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def has_answer(one: socket.socket) -> bool:
    """Take an answer, if one has come."""
    try:
        return one.recv(1_000).startswith(b"HTTP/1.1 200")
    except BlockingIOError:
        return False


async def answer(world: World, address: str = MODEST, path: str = "/") -> str:
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{world.server.port}", connector=connector) as asks,
        asks.get(path) as got,
    ):
        return await got.text()


async def test_oldest_silent_connection_of_a_client_makes_room(
    world: World, connect: Connect
) -> None:
    halves = [connect(said=b"GET / HT" if at % 2 else b"") for at in range(HEADLESS_MAX + 3)]

    await until(lambda: world.ended == {"client_without_head": 3})

    await until(lambda: all(is_ended(each) for each in halves[:3]))
    assert not any(is_ended(each) for each in halves[3:])
    assert await answer(world) == await answer(world, GREEDY) == "short"


async def test_proxy_has_the_whole_bound(world: World, connect: Connect) -> None:
    world.server.apply(Web(proxies=(f"::ffff:{GREEDY}", GREEDY)))

    for _ in range(HEADLESS_MAX + 3):
        connect()

    await until(lambda: world.server.connections.open == HEADLESS_MAX + 3)
    assert world.ended == {}


async def test_client_with_most_connections_makes_room_for_another(
    world: World, connect: Connect
) -> None:
    world.server.apply(Web(max_connections=8))
    used = [connect(said=ASK % b"") for _ in range(8)]
    for one in used:
        await until(partial(has_answer, one))

    assert await answer(world) == "short"
    await until(lambda: is_ended(used[0]))
    assert not any(is_ended(each) for each in used[1:])
    assert world.ended == {"full": 1}


async def test_request_in_progress_makes_room_for_another_client_only(
    world: World, connect: Connect
) -> None:
    world.server.apply(Web(max_connections=8))
    busy = [connect(said=ASK % b"slow") for _ in range(8)]
    await until(lambda: world.server.connections.open == 8)
    await until(lambda: world.asked == 8)

    own = connect(said=ASK % b"")
    await until(lambda: is_ended(own))
    assert world.ended == {"refused": 1}

    assert await answer(world) == "short"
    await until(lambda: [is_ended(each) for each in busy].count(True) == 1)
    assert world.ended == {"refused": 1, "full": 1}


async def test_request_head_has_a_deadline(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    half = connect(said=b"GET / HTTP/1.1\r\nHost: lo")
    used = connect(said=ASK % b"")
    waiting = connect(said=ASK % b"slow")

    await until(lambda: is_ended(half))

    assert world.ended == {"no_head": 1}
    assert not is_ended(waiting)
    assert has_answer(used)
    assert not is_ended(used)
    used.sendall(b"G")  # the next head
    await until(lambda: is_ended(used))


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (at, b"x" * 4_000) for at in range(20)),
        ASK % b"slow" + ASK % b"" * 2_000,
        b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" + bytes(90_000),
    ],
)
async def test_client_that_sends_too_much_is_ended(
    world: World, connect: Connect, said: bytes
) -> None:
    sender = connect()
    sender.settimeout(5.0)
    with contextlib.suppress(ConnectionError):
        await asyncio.to_thread(sender.sendall, said)

    await until(lambda: world.ended == {"sends_too_much": 1})

    assert await answer(world, GREEDY) == "short"


async def test_many_requests_on_one_connection_are_answered(world: World, connect: Connect) -> None:
    client = connect()
    for _ in range(300):
        client.sendall(ASK % (b"?x=" + b"x" * 300))
        await until(partial(has_answer, client))

    assert world.ended == {}


async def test_idle_connection_is_closed(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.http.connection.IDLE_S", 0.2)
    used = connect(said=ASK % b"")
    await until(lambda: has_answer(used))

    await until(lambda: is_ended(used))

    assert world.ended == {}  # by its own time, and no bound


async def test_client_that_takes_nothing_is_given_up(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "TAKE_S", 0.3)
    connect(said=ASK % b"big")

    await until(lambda: world.ended == {"takes_nothing": 1})

    await until(lambda: world.server.sending.unsent == 0)
    assert len(await answer(world, path="/big")) > BIG


async def test_client_that_takes_slowly_goes_on(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "TAKE_S", 0.5)
    slow = connect(said=ASK % b"big")
    end = asyncio.get_running_loop().time() + 1.5

    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)
        slow.settimeout(0.0)
        try:
            assert slow.recv(100_000)
        except BlockingIOError:
            continue

    assert world.ended == {}


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_unsent_bytes_are_bounded_and_who_takes_nothing_pays(
    world: World,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    is_encrypted: bool,
) -> None:
    monkeypatch.setattr(sending, "UNSENT_MAX", 3 * BIG)
    authority = trustme.CA()
    if is_encrypted:
        world.server.use(configured(tmp_path, authority))
        context = ssl.create_default_context()
        authority.configure_trust(context)
    most = 0
    hanging = []
    for _ in range(5):
        one = connect()
        if is_encrypted:
            one.settimeout(5.0)
            one = await asyncio.to_thread(context.wrap_socket, one, server_hostname="127.0.0.1")
        await asyncio.to_thread(one.sendall, ASK % b"big")
        hanging.append(one)
        await asyncio.sleep(0.1)
        most = max(most, world.server.sending.unsent)

    await until(lambda: world.ended.get("unsent", 0) >= 3)

    assert BIG < most <= 3 * BIG
    assert world.server.connections.unsent > 0
    for one in hanging:
        one.close()


async def test_shared_body_counts_once(world: World) -> None:
    body = bytes(100)
    world.server.sending.kept = lambda: [body, body]

    assert world.server.sending.unsent == 100


async def test_connection_in_its_handshake_counts(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 2.0)
    world.server.use(configured(tmp_path, trustme.CA()))
    silent = [connect() for _ in range(HEADLESS_MAX + 2)]
    await until(lambda: world.ended == {"client_without_head": 2})
    assert world.server.connections.open == HEADLESS_MAX

    await until(lambda: world.ended == {"client_without_head": 2, "no_head": HEADLESS_MAX})

    await until(lambda: all(is_ended(each) for each in silent))
    assert world.server.connections.open == 0


async def test_event_streams_have_a_bound_of_their_own(world: World, connect: Connect) -> None:
    world.server.apply(Web(max_connections=8, max_pages=20))

    streams = await followed(world, connect, 10)

    assert (world.server.connections.limit, world.server.connections.streams_max) == (8, 20)
    assert world.ended == {}
    for stream in streams:
        stream.close()
    await until(lambda: world.server.connections.open == 0)
    assert world.server.connections.streams == 0


async def test_event_streams_of_a_client_cost_a_newcomer_no_place(
    world: World, connect: Connect
) -> None:
    world.server.apply(Web(max_connections=8, max_pages=20))
    streams = await followed(world, connect, 12)
    idle = [connect(MODEST, ASK % b"") for _ in range(8)]
    for one in idle:
        await until(partial(has_answer, one))

    assert await answer(world, "127.0.0.4") == "short"
    await until(lambda: is_ended(idle[0]))
    assert not any(is_ended(each) for each in idle[1:])
    assert world.ended == {"full": 1}
    assert world.server.connections.streams == len(streams)


async def test_refusal_names_the_client_with_most_connections(
    world: World, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.apply(Web(max_connections=8))
    busy = [GREEDY, GREEDY, *(f"127.0.0.{at}" for at in range(11, 17))]
    for at, address in enumerate(busy, 1):
        connect(address, ASK % b"slow")
        await until(partial(_is_asked, world, at))

    refused = connect(busy[-1])
    await until(lambda: is_ended(refused))

    assert world.ended == {"refused": 1}
    named = [record.__dict__["venuewatch_fields"]["client"] for record in caplog.records]
    assert named == [GREEDY]


def _has_streams(world: World, count: int) -> bool:
    return world.server.connections.streams == count


def _is_asked(world: World, times: int) -> bool:
    return world.asked == times


async def followed(world: World, connect: Connect, count: int) -> list[socket.socket]:
    """Open event streams of the greedy client."""
    streams = [connect(GREEDY, ASK % b"events") for _ in range(count)]
    await until(partial(_has_streams, world, count))
    return streams


@pytest.mark.parametrize(
    ("files", "limit", "streams"),
    [(65_536, 1_000, 500), (1_024, 992, 496), (256, 224, 112), (20, 8, 8)],
)
def test_descriptors_are_kept_for_broker_and_journal(
    monkeypatch: pytest.MonkeyPatch, files: int, limit: int, streams: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    counted = Connections()

    assert (counted.limit, counted.streams_max) == (limit, streams)
