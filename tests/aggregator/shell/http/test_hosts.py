"""Hosts: names that page and API are answered under, and strangers' names."""

import asyncio
import socket

import pytest

from aggregator.config import Web
from aggregator.shell.http.hosts import Hosts
from aggregator.shell.http.server import HttpServer

CAME_TO = ("192.0.2.7", 8039)
CAME_TO_IPV6 = ("fe80::7", 8039, 0, 2)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    monkeypatch.setattr(socket, "gethostname", lambda: "Centre.example.net")
    made = Hosts()
    made.use(
        Web(
            listen_address=":8039",
            external_url="https://Watch.example.org/venues",
            allowed_hosts=("Further.example", "198.51.100.4", "[2001:db8::9]"),
        )
    )
    return made


@pytest.mark.parametrize(
    ("asked", "is_ours"),
    [
        ("localhost", True),
        ("LOCALHOST:8039", True),
        ("localhost.:1", True),
        ("127.0.0.1:8039", True),
        ("127.8.8.8", True),
        ("[::1]:8039", True),
        ("[::ffff:127.0.0.1]", True),
        ("192.0.2.7", True),
        ("192.0.2.7:443", True),
        ("192.0.2.8", False),
        ("198.51.100.4", True),
        ("[2001:DB8:0::9]", True),
        ("[2001:db8::8]", False),
        ("centre", True),
        ("centre.example.net", True),
        ("centre.evil.example", False),
        ("watch.example.org.", True),
        ("further.example:80", True),
        ("further.example..", False),
        ("localhost.evil.example", False),
        ("evil.example", False),
        ("evil.example:8039", False),
        ("", False),
        (":8039", False),
        ("localhost:80:80", False),
        ("localhost:x", False),
        ("localhost:٣", False),
        ("user@localhost", False),
        ("localhost/", False),
        ("localhost evil", False),
        ("127.1", False),
        ("2130706433", False),
        ("[::1", False),
        ("[::1]x", False),
        ("[localhost]", False),
        ("x" * 300, False),
        ("\u2028", False),
    ],
)
def test_only_our_own_names_are_ours(ours: Hosts, asked: str, *, is_ours: bool) -> None:
    assert ours.is_ours(asked, CAME_TO) is is_ours


@pytest.mark.parametrize("asked", ["[fe80::7%25eth0]:8039", "[fe80::7%eth0]", "[FE80::7]"])
def test_address_with_a_zone_is_the_address(ours: Hosts, asked: str) -> None:
    assert ours.is_ours(asked, CAME_TO_IPV6)


GUARDED = ["/", "/wall", "/api/v1/venues", "/events", "/no/such", "/static/x", "/-/reload"]
OPEN = ["/metrics", "/metrics?venue=STA", "/metrics/self", "/sd", "/-/healthy", "/-/ready"]


async def status_of(server: HttpServer, head: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head.replace("\n", "\r\n").encode() + b"Connection: close\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]


@pytest.mark.parametrize("path", GUARDED + OPEN)
async def test_stranger_s_name_gets_only_what_exporters_show(server: HttpServer, path: str) -> None:
    method = "POST" if path == "/-/reload" else "GET"

    status, text = await status_of(server, f"{method} {path} HTTP/1.1\nHost: evil.example\n")

    assert (status == 421) is (path in GUARDED)
    assert server.hosts.refused == (path in GUARDED)
    if path in GUARDED:
        assert (
            'got one for "evil.example": [web] allowed_hosts takes further names'
            in text.replace("\\", "")
        )


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\nHost: localhost\n", 200),
        ("GET / HTTP/1.0\n", 200),
        ("GET / HTTP/1.0\nHost: evil.example\n", 421),
        ("GET / HTTP/1.1\n", 400),
        ("GET / HTTP/1.1\nHost: localhost\nHost: localhost\n", 400),
        ("GET / HTTP/1.1\nHost: localhost\nhost: evil.example\n", 400),
        ("GET / HTTP/1.1\nHost:\n", 421),
        ("GET http://localhost/ HTTP/1.1\nHost: localhost\n", 200),
        ("GET http://evil.example/ HTTP/1.1\nHost: localhost\n", 421),
        ("GET http://localhost/ HTTP/1.1\nHost: evil.example\n", 421),
        ("GET http://[::1]/ HTTP/1.1\nHost: [::1]\n", 200),
        ("GET //evil.example/ HTTP/1.1\nHost: localhost\n", 404),
    ],
)
async def test_host_is_wanted_once_and_in_the_target_too(
    server: HttpServer, head: str, status: int
) -> None:
    assert (await status_of(server, head))[0] == status


async def test_api_refuses_a_stranger_s_name_in_its_own_form(server: HttpServer) -> None:
    _, text = await status_of(server, "GET /api/v1/venues HTTP/1.1\nHost: a\x7fb\n")
    assert text.count("\n") <= 1

    _, text = await status_of(server, "GET /api/v1/venues HTTP/1.1\nHost: evil.example\n")
    assert '"status":421' in text


async def test_configured_name_is_ours_from_then_on(server: HttpServer) -> None:
    head = "GET / HTTP/1.1\nHost: watch.example\n"
    before, _ = await status_of(server, head)

    server.apply(Web(allowed_hosts=("watch.example",)))

    assert (before, (await status_of(server, head))[0]) == (421, 200)
