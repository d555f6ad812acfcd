"""Sending: bodies in pieces, and scrapers that leave, hang, or are too many."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NoReturn, cast
from unittest import mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from aggregator.shell.http import sending
from aggregator.shell.http.sending import Sending
from tests.aggregator.shell.http.conftest import Client
from tests.kit.waiting import until

BIG = 50_000_000  # bytes: more than the system takes for a client that reads nothing
_RESET = struct.pack("ii", 1, 0)


@asynccontextmanager
async def hanging_scraper(ended: list[str]) -> AsyncIterator[socket.socket]:
    """Let a client ask for a big body and read nothing of it; note in ``ended`` when it is sent."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await Sending().send(request, bytes(BIG), {})
        ended.append("sent")
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    with socket.create_connection(runner.addresses[0]) as hanging:
        hanging.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        yield hanging
    await runner.cleanup()


async def test_scraper_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SEND_LIMIT_S", 0.2)
    ended: list[str] = []
    async with hanging_scraper(ended) as hanging:
        await until(lambda: ended == ["sent"])

        hanging.settimeout(5.0)
        received = await asyncio.to_thread(_read_all, hanging)

    assert received < BIG


def _read_all(connection: socket.socket) -> int:
    """Return how many bytes come until the connection ends."""
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            received += len(piece)
    return received


async def test_scraper_that_leaves_midway_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []
    async with hanging_scraper(ended) as leaving:
        await asyncio.to_thread(leaving.recv, 1)

        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        leaving.close()

        await until(lambda: ended == ["sent"])
    assert caplog.messages == []


Send = Callable[[bytes], Awaitable[web.StreamResponse]]


@pytest.fixture
def given_up() -> list[bytes]:
    return []


@pytest.fixture
def send(given_up: list[bytes]) -> Send:
    """Return what sends a body to a scraper that reads nothing, and notes when it is given up."""
    one = Sending()

    async def hang(_: memoryview) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    def begin(body: bytes) -> Awaitable[web.StreamResponse]:
        request = make_mocked_request("GET", "/")
        writer = cast(mock.Mock, request.protocol).writer
        writer.write = writer.write_eof = hang
        transport = cast(mock.Mock, request.transport)
        transport.abort.side_effect = lambda: given_up.append(body[:1])
        return one.send(request, body, {})

    return begin


async def test_scraper_of_a_small_body_is_given_up_too(
    send: Send, given_up: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_LIMIT_S", 0.01)

    await asyncio.wait_for(send(b"a"), 5.0)

    assert given_up == [b"a"]


async def test_oldest_body_makes_room_for_a_new_one(
    send: Send, given_up: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "HELD_MAX", 150)
    a, b, c = (bytes([sign]) * 100 for sign in b"abc")

    scrapers = [asyncio.ensure_future(send(body)) for body in (a, a, b, b, c)]
    done, pending = await asyncio.wait(scrapers, timeout=0.2)

    assert (done, given_up) == ({*scrapers[:2]}, [b"a", b"a"])
    for scraper in pending:
        scraper.cancel()


async def test_big_body_arrives_whole_in_pieces(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"Accept-Encoding": "identity"}
    whole = await (await client.get("/metrics", headers=plain)).read()
    monkeypatch.setattr(sending, "_PIECE", 100)

    answer = await client.get("/metrics", headers=plain)

    assert (await answer.read(), answer.headers["Content-Length"]) == (whole, str(len(whole)))


async def test_loop_goes_on_between_two_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PIECE", 100)
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(take_turns())
    await Sending().send(make_mocked_request("GET", "/"), bytes(2_100), {})
    beside.cancel()

    assert turns >= 19
