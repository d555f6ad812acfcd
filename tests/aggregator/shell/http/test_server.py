"""HTTP server: certificates and users that change while it serves."""

import asyncio
import logging
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from aggregator.shell.http.server import HttpServer
from aggregator.shell.http.web_config import WebConfig, load
from tests.aggregator.shell.conftest import Whys
from tests.kit.waiting import until

TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem"


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.scheme)

    app = web.Application()
    app.router.add_get("/", answer)
    server = HttpServer()
    await server.begin(app, "127.0.0.1:0", WebConfig())
    yield server
    await server.end()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def configured(folder: Path, authority: trustme.CA, text: str = f"{TLS}}}") -> WebConfig:
    """Return a web configuration with a new certificate of an authority."""
    issued = authority.issue_cert("127.0.0.1")
    (folder / "cert.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (folder / "web.yml").write_text(text)
    return load(str(folder / "web.yml"))


def trusting(authority: trustme.CA, *, has_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if has_certificate:
        authority.issue_cert("prometheus").configure_cert(context)
    return context


async def get(server: HttpServer, context: ssl.SSLContext | None) -> str:
    """Return the answer on a connection of its own."""
    scheme = "http" if context is None else "https"
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{scheme}://127.0.0.1:{server.port}/", ssl=context or True) as answer,
    ):
        return await answer.text()


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_new_certificate_serves_new_connections(
    server: HttpServer, authority: trustme.CA, tmp_path: Path
) -> None:
    assert await get(server, None) == "http"

    server.use(configured(tmp_path, authority))
    assert await get(server, trusting(authority)) == "https"
    assert server.scheme == "https"

    another = trustme.CA()
    server.use(configured(tmp_path, another))
    assert await get(server, trusting(another)) == "https"
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await get(server, trusting(authority))

    server.use(WebConfig())
    assert await get(server, None) == "http"


async def test_open_connection_outlives_a_new_certificate(
    server: HttpServer, authority: trustme.CA, tmp_path: Path
) -> None:
    server.use(configured(tmp_path, authority))
    url, context = f"https://127.0.0.1:{server.port}/", trusting(authority)
    async with aiohttp.ClientSession() as session:
        async with session.get(url, ssl=context) as before:
            assert await before.text() == "https"
            port = server.port
        server.use(configured(tmp_path, trustme.CA()))

        async with session.get(url, ssl=context) as after:
            assert await after.text() == "https"  # on the same connection
        assert server.port == port


@pytest.mark.parametrize(
    ("kind", "without", "with_one"),
    [("VerifyClientCertIfGiven", True, True), ("RequireAndVerifyClientCert", False, True)],
)
async def test_certificate_of_a_client_is_verified(
    server: HttpServer,
    authority: trustme.CA,
    tmp_path: Path,
    kind: str,
    *,
    without: bool,
    with_one: bool,
) -> None:
    text = f"{TLS}, client_auth_type: {kind}, client_ca_file: ca.pem}}"
    server.use(configured(tmp_path, authority, text))
    stranger = trusting(authority)
    trustme.CA().issue_cert("stranger").configure_cert(stranger)

    async def is_answered(context: ssl.SSLContext) -> bool:
        try:
            return await get(server, context) == "https"
        except aiohttp.ClientError:
            return False

    assert await is_answered(trusting(authority)) is without
    assert await is_answered(trusting(authority, has_certificate=True)) is with_one
    assert not await is_answered(stranger)


async def test_tls_1_1_is_refused(
    server: HttpServer, authority: trustme.CA, tmp_path: Path
) -> None:
    server.use(configured(tmp_path, authority))
    old = trusting(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(aiohttp.ClientError):
        await get(server, old)


async def test_configured_headers_are_in_every_answer(server: HttpServer, tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("http_server_config: {headers: {X-Frame-Options: DENY}}")
    server.use(load(str(tmp_path / "web.yml")))

    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        answers = [await session.get(path) for path in ("/", "/no/such")]

    assert [answer.headers.get("X-Frame-Options") for answer in answers] == ["DENY"] * 2
    assert [answer.headers.get("X-Content-Type-Options") for answer in answers] == ["nosniff"] * 2


async def test_silent_and_half_open_connections_keep_nobody_out(server: HttpServer) -> None:
    strangers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for stranger in strangers[::2]:
        stranger.sendall(b"GET / HT")

    assert await get(server, None) == "http"

    for stranger in strangers:
        stranger.close()


@pytest.mark.parametrize(
    "request_head",
    [b"GET / HTTP/9.9", b"GET /\xff HTTP/1.1", b"GET / HTTP/1.1\r\nAuthorization: " + b"x" * 9_000],
)
async def test_request_that_is_not_http_is_not_logged(
    server: HttpServer, caplog: pytest.LogCaptureFixture, request_head: bytes
) -> None:
    caplog.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_head + b"\r\nHost: x\r\n\r\n")

    answer = await reader.read()

    writer.close()
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 ")
    assert b"X-Content-Type-Options: nosniff" in head
    assert text == b"expected a request of HTTP/1.1\n"
    assert caplog.messages == []


async def test_failure_of_ours_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: web.Request) -> web.Response:
        raise RuntimeError

    app = web.Application()
    app.router.add_get("/", fail)
    server = HttpServer()
    await server.begin(app, "127.0.0.1:0", WebConfig())

    await get(server, None)

    await server.end()
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        RuntimeError
    ]


async def test_idle_connections_give_way_when_descriptors_run_out(whys: Whys) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        asked.set()
        await may_answer.wait()
        return web.Response(text="answered")

    app = web.Application()
    app.router.add_get("/", answer)
    server = HttpServer()
    await server.begin(app, "127.0.0.1:0", WebConfig())
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    busy = asyncio.create_task(get(server, None))
    await asked.wait()

    with socket.socket() as another:
        another.settimeout(0)
        with no_descriptor_left():
            another.connect_ex(("127.0.0.1", server.port))
            ends = [await reader.read() for reader, _ in idle]
            await until(lambda: server.acceptor.failures > 1)
        may_answer.set()

    assert (ends, await busy) == ([b"", b"", b""], "answered")
    assert whys("idle_connections_closed") == ["too many files and connections are open"]
    for _, writer in idle:
        writer.close()
    await server.end()


async def test_address_of_every_interface_is_served_on_one_port() -> None:
    server = HttpServer()
    app = web.Application()

    await server.begin(app, ":0", WebConfig())

    reader_hosts = []
    for host in ("127.0.0.1", "::1"):
        try:
            socket.create_connection((host, server.port), 5.0).close()
            reader_hosts.append(host)
        except OSError:
            continue
    await server.end()
    assert "127.0.0.1" in reader_hosts
    assert ("::1" in reader_hosts) is socket.has_dualstack_ipv6() or reader_hosts == ["127.0.0.1"]


async def test_address_that_this_machine_lacks_keeps_no_other_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))
        for address in ("192.0.2.1", "127.0.0.1")
    ]
    server = HttpServer()

    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        await server.begin(web.Application(), "localhost:0", WebConfig())

    socket.create_connection(("127.0.0.1", server.port), 5.0).close()
    await server.end()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("192.0.2.1:0", "this machine has no such address"),
        ("a..b:0", "the address is not a host name"),
    ],
)
async def test_address_that_cannot_be_had_is_refused(address: str, words: str) -> None:
    server = HttpServer()

    with pytest.raises(OSError, match=words):
        await server.begin(web.Application(), address, WebConfig())
    await server.end()


@pytest.mark.parametrize(
    ("address", "users", "readers", "is_warned"),
    [
        ("127.0.0.1:0", {}, "this machine", False),
        ("0.0.0.0:0", {}, "this machine", True),
        ("0.0.0.0:0", {"alice": b"$2b$04$x"}, "users", False),
    ],
)
async def test_start_says_who_may_read(
    *,
    address: str,
    users: dict[str, bytes],
    readers: str,
    is_warned: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = HttpServer()

    await server.begin(web.Application(), address, WebConfig(users=users))
    await server.end()

    said = {record.message: record.__dict__["venuewatch_fields"] for record in caplog.records}
    assert said["serving"]["readers"] == readers
    assert ("pages_only_for_this_machine" in said) is is_warned
