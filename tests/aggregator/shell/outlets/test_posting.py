"""Posting to any server: who we are, whom we trust, and what is said when it fails."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest
import trustme
from aiohttp.client_proto import ResponseHandler

from aggregator import config
from aggregator.shell.outlets.posting import Troubles, check_usable, in_words, session_of
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.outlets.alertmanager.pusher import pushing
from tests.aggregator.shell.outlets.remote_write.backlogs import AT
from tests.aggregator.shell.outlets.remote_write.receiver import writing
from tests.aggregator.shell.outlets.sending import sending, where
from tests.kit.machine import WALL
from tests.kit.receiver import Receiver
from tests.kit.waiting import until
from venuewatch.base import clock
from venuewatch.base.config import ConfigError


class Posting(Protocol):
    """Posts one thing to a server."""

    __name__: str

    def __call__(self, url: str, **more: Any) -> AbstractAsyncContextManager[None]:
        """Return an outlet at work."""


@contextlib.asynccontextmanager
async def alertmanager(url: str, **more: Any) -> AsyncIterator[None]:
    async with pushing(url, **more) as pusher:
        pusher.add(1)
        yield


@contextlib.asynccontextmanager
async def remote_write(url: str, **more: Any) -> AsyncIterator[None]:
    async with writing(url, **more) as writer:
        writer.send(5.0)
        yield


@contextlib.asynccontextmanager
async def webhook(url: str, **more: Any) -> AsyncIterator[None]:
    async with sending(where(url, **more)) as at_work:
        at_work.add("1-1")
        yield


@pytest.fixture(autouse=True)
def wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the time at which the late readings come."""
    monkeypatch.setattr(clock, "wall", lambda: WALL + AT)


BY_TOKEN = {"bearer_token_file": "s3cret"}, "Bearer s3cret"
BY_PASSWORD = {"username": "me", "password_file": "s3cret"}, "Basic bWU6czNjcmV0"


@pytest.mark.parametrize(
    ("posting", "files", "header"),
    [
        (alertmanager, *BY_TOKEN),
        (alertmanager, *BY_PASSWORD),
        (remote_write, *BY_TOKEN),
        (remote_write, *BY_PASSWORD),
        (webhook, *BY_TOKEN),
    ],
)
async def test_path_user_and_token_are_sent_and_never_logged(
    receiver: Receiver,
    posting: Posting,
    tmp_path: Path,
    files: dict[str, str],
    header: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "s3cret").write_text("s3cret\n")
    receiver.decode = bytes
    receiver.answers += [500, 302]
    more = {
        name: str(tmp_path / text) if name.endswith("file") else text
        for name, text in files.items()
    }

    async with posting(f"http://127.0.0.1:{receiver.port}/s3cret", **more):
        await receiver.until_attempts(3)

    assert {sent.headers["Authorization"] for sent in receiver.attempts} == {header}
    assert all(sent.path.startswith("/s3cret") for sent in receiver.attempts)
    assert caplog.records
    assert "s3cret" not in " ".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize("posting", [alertmanager, remote_write, webhook])
async def test_private_authority_is_trusted_if_it_is_named(
    posting: Posting, tmp_path: Path, whys: Whys
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ours.pem")
    stranger.cert_pem.write_to_path(tmp_path / "theirs.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)

    async with Receiver.serving(tls) as receiver:
        receiver.decode = bytes
        async with posting(receiver.url, ca_file=str(tmp_path / "theirs.pem")):
            await until(lambda: bool(whys(f"{posting.__name__}_fails")))
        refused = list(receiver.attempts)
        async with posting(receiver.url, ca_file=str(tmp_path / "ours.pem")):
            await receiver.until_attempts(1)

    assert refused == []
    assert whys(f"{posting.__name__}_fails") == ["its certificate is not trusted"]


def test_secret_that_cannot_be_read_is_refused_at_the_start(tmp_path: Path) -> None:
    where = config.Receiver(username="me", password_file=str(tmp_path / "missing"))

    with pytest.raises(ConfigError, match="missing"):
        check_usable(where)


def test_each_trouble_is_logged_once_until_something_is_accepted(whys: Whys) -> None:
    troubles = Troubles(logging.getLogger("aggregator"), "webhook_fails", "http://192.0.2.9")

    for why in ("full", "nothing listens there", "full", "nothing listens there"):
        troubles.report(why)
    troubles.end()
    troubles.report("full")

    assert whys("webhook_fails") == ["full", "nothing listens there", "full"]


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(104, "Connection reset by peer"),
        aiohttp.ClientPayloadError("not enough data"),
        ConnectionResetError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_connection_that_breaks_is_told_in_words(error: Exception) -> None:
    assert in_words(error) == "it hung up without an answer"


async def test_endless_answer_is_parsed_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = ResponseHandler.data_received
    pieces: list[int] = []

    def note(handler: ResponseHandler, data: bytes) -> None:
        pieces.append(len(data))
        parse(handler, data)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000)
                await writer.drain()

    monkeypatch.setattr(ResponseHandler, "data_received", note)
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, session_of(1.0) as session:
        with pytest.raises(TimeoutError):
            await session.post(f"http://127.0.0.1:{port}/", data=b"x")

    assert sum(pieces) > 100_000
    assert max(pieces) <= 32 * 1024
