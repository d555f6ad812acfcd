"""Sending: bodies in pieces, and scrapers that leave, hang, or are too many."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from aggregator.shell.http import sending
from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig
from tests.aggregator.shell.http.conftest import Client
from tests.kit.waiting import until

BIG = 50_000_000  # bytes: more than the system takes for a client that reads nothing
_RESET = struct.pack("ii", 1, 0)


@pytest.fixture
async def big() -> AsyncIterator[HttpServer]:
    """Return a server with one big answer."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=bytes(BIG))

    app = web.Application()
    app.router.add_get("/", answer)
    server = HttpServer()
    await server.begin(app, "127.0.0.1:0", WebConfig())
    yield server
    await server.end()


def hanging_scraper(server: HttpServer) -> socket.socket:
    """Return a connection on which a big body is asked for, and nothing of it read."""
    hanging = socket.create_connection(("127.0.0.1", server.port), 5.0)
    hanging.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return hanging


async def test_scraper_that_takes_too_long_is_given_up(
    big: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_LIMIT_S", 0.2)

    with hanging_scraper(big):
        await until(lambda: big.connections.ended == {"takes_nothing": 1})

    assert (big.connections.open, big.sending.unsent) == (0, 0)


async def test_scraper_that_leaves_midway_is_no_error(
    big: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    leaving = hanging_scraper(big)
    await asyncio.to_thread(leaving.recv, 1)
    assert big.sending.unsent >= BIG

    leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    leaving.close()

    await until(lambda: big.sending.unsent == 0)
    assert (caplog.messages, big.connections.ended) == ([], {})


async def test_big_body_arrives_whole_in_pieces(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"Accept-Encoding": "identity"}
    whole = await (await client.get("/metrics", headers=plain)).read()
    monkeypatch.setattr(sending, "PIECE", 100)

    answer = await client.get("/metrics", headers=plain)

    assert (await answer.read(), answer.headers["Content-Length"]) == (whole, str(len(whole)))
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


async def test_loop_goes_on_between_two_pieces(
    big: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PIECE", BIG // 100)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(take_turns())
    reader, writer = await asyncio.open_connection("127.0.0.1", big.port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    received = len(await reader.read())
    writer.close()
    beside.cancel()

    assert received > BIG
    assert turns >= 100
