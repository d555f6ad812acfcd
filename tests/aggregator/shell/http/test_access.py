"""Access: users and passwords over HTTP, and requests that may change something."""

import asyncio
import base64
from collections import Counter
from ipaddress import ip_address
from types import SimpleNamespace
from typing import cast

import bcrypt
import pytest
from aiohttp import ClientSession, web
from multidict import CIMultiDict

from aggregator.shell.http import access
from aggregator.shell.http.server import HttpServer
from tests.aggregator.shell.http.conftest import Client
from tests.kit.scripted_fleet import NOW
from venuewatch.base import clock

HASHES = {
    "alice": bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)),
    "bob": bcrypt.hashpw("påsswörd".encode(), bcrypt.gensalt(4)),
}


def by(user: str, password: str) -> dict[str, str]:
    """Return the header of a request by a user."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


ALICE = by("alice", "correct horse")


@pytest.fixture
def checks(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """Count the hashes that are computed, from now on with users."""
    counted: Counter[bytes] = Counter()
    real = bcrypt.checkpw

    def count(password: bytes, hashed: bytes) -> bool:
        counted[hashed] += 1
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", count)
    server.access.users = HASHES
    return counted


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize(
    "path",
    ["/metrics", "/metrics/self", "/", "/sd", "/no/such", "/-/reload", "/wall", "/events"],
)
async def test_every_path_wants_a_user(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status, await answer.text()) == (401, "unauthorized\n")
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("alice", "correct horse", 200),
        ("bob", "påsswörd", 200),
        ("alice", "correct hors", 401),
        ("alice", "", 401),
        ("alice", "x" * 1_000, 401),
        ("alice", "correct horse\0", 401),
        ("bob", "correct horse", 401),
        ("Alice", "correct horse", 401),
        ("", "", 401),
    ],
)
async def test_the_right_password_of_a_user_is_wanted(
    client: Client, user: str, password: str, status: int
) -> None:
    answer = await client.get("/metrics", headers=by(user, password))

    assert answer.status == status


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize(
    "given", ["Basic", "Basic !", "Basic YWJj", "Bearer abc", "Basic /////w==", "x" * 4_000]
)
async def test_hostile_authorization_is_refused(client: Client, given: str) -> None:
    answer = await client.get("/metrics", headers={"Authorization": given})

    assert answer.status == 401


async def test_password_that_was_right_costs_no_second_hash(
    client: Client, checks: Counter[bytes]
) -> None:
    for _ in range(5):
        assert (await client.get("/sd", headers=ALICE)).status == 200

    assert checks.total() == 1


async def test_unknown_user_costs_a_hash_like_a_known_one(
    client: Client, checks: Counter[bytes]
) -> None:
    for user in ("alice", "mallory"):
        before = checks.total()
        assert (await client.get("/", headers=by(user, "x"))).status == 401
        assert checks.total() == before + 1


async def test_another_list_of_users_counts_at_once(client: Client, server: HttpServer) -> None:
    server.access.users = HASHES
    assert (await client.get("/", headers=ALICE)).status == 200

    server.access.users = {**HASHES, "alice": bcrypt.hashpw(b"new", bcrypt.gensalt(4))}
    assert (await client.get("/", headers=ALICE)).status == 401
    server.access.users = {"bob": HASHES["bob"]}
    assert (await client.get("/", headers=by("alice", "new"))).status == 401
    server.access.users = {}
    assert (await client.get("/")).status == 200


async def test_a_flood_of_wrong_passwords_keeps_no_known_user_out(
    client: Client, server: HttpServer, checks: Counter[bytes]
) -> None:
    del checks
    assert (await client.get("/", headers=ALICE)).status == 200
    slow = bcrypt.hashpw(b"x", bcrypt.gensalt(8))
    server.access.users = {**HASHES, "slow": slow}

    async with ClientSession(f"http://127.0.0.1:{server.port}") as attacker:
        wrong = [
            asyncio.ensure_future(attacker.get("/", headers=by("slow", str(at))))
            for at in range(access._WAITING_MAX + 20)  # noqa: SLF001 - more than may wait
        ]
        known = await client.get("/", headers=ALICE)
        pending = sum(not each.done() for each in wrong)
        statuses = {(await each).status for each in wrong}

    assert (known.status, pending > 0) == (200, True)
    assert {401, 503} <= statuses <= {401, 429, 503}


@pytest.mark.parametrize(
    ("peer", "headers", "may"),
    [
        ("127.0.0.1", {}, True),
        ("127.8.8.8", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.1", {}, False),
        ("::ffff:192.0.2.1", {}, False),
        ("fe80::1%eth0", {}, False),
        ("not an address", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, False),
        ("127.0.0.1", {"Via": "1.1 proxy.example"}, False),
        ("127.0.0.1", {"Origin": "https://evil.example"}, False),
        ("127.0.0.1", {"Sec-Fetch-Site": "cross-site"}, False),
        ("127.0.0.1", {"Sec-Fetch-Site": "same-origin"}, False),
        ("127.0.0.1", {"Sec-Fetch-Mode": "no-cors"}, False),
    ],
)
async def test_change_without_a_user_comes_from_this_machine(
    peer: str, headers: dict[str, str], *, may: bool
) -> None:
    transport = SimpleNamespace(get_extra_info=lambda _: (peer, 1))
    request = cast(web.Request, SimpleNamespace(headers=headers, transport=transport))
    asked = access.Access()

    assert asked.may_change(request) is may
    asked.users = HASHES
    is_of_browser = any(name.startswith(("Origin", "Sec-")) for name in headers)
    assert asked.may_change(request) is not is_of_browser  # or it had its answer before


async def test_reload_is_refused_through_a_proxy(client: Client) -> None:
    answers = [
        await client.post("/-/reload"),
        await client.post("/-/reload", headers={"X-Forwarded-For": "192.0.2.1"}),
    ]

    assert [answer.status for answer in answers] == [200, 403]
    assert (await answers[1].text()).startswith("expected a user, or a request from this machine")


@pytest.mark.usefixtures("checks")
async def test_reload_is_refused_to_a_page_of_a_user(client: Client) -> None:
    answers = [
        await client.post("/-/reload", headers=ALICE | more)
        for more in ({}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "cross-site"})
    ]

    assert [answer.status for answer in answers] == [200, 403, 403]


@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
async def test_health_is_answered_without_a_user(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 200


@pytest.mark.usefixtures("checks")
async def test_the_api_refuses_in_its_own_form(client: Client) -> None:
    answer = await client.get("/api/v1/venues")

    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    assert (await answer.json())["detail"] == "unauthorized"
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


async def test_an_address_with_many_wrong_passwords_waits(
    client: Client, server: HttpServer, checks: Counter[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/", headers=ALICE)).status == 200
    before = checks.total()
    statuses = [
        (await client.get("/", headers=by("bob", str(at)))).status
        for at in range(access.FAILURES_MAX + 2)
    ]
    known = await client.get("/", headers=ALICE)
    refused = await client.get("/", headers=by("bob", "påsswörd"))
    monkeypatch.setattr(clock, "monotonic", lambda: NOW + access.FAILURES_S)
    later = await client.get("/", headers=by("bob", "påsswörd"))

    assert statuses == [401] * access.FAILURES_MAX + [429] * 2
    assert (known.status, refused.status, later.status) == (200, 429, 200)
    assert refused.headers["Retry-After"] == "61"
    assert checks.total() == before + access.FAILURES_MAX + 1
    assert server.access.users is HASHES


THERE = {"X-Forwarded-For": "192.0.2.1"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 403),
        ("/wall", 403),
        ("/map", 403),
        ("/venues/STA", 403),
        ("/hosts/lost", 403),
        ("/incidents/1", 403),
        ("/events", 403),
        ("/api/v1/venues", 403),
        ("/api/v1/events", 403),
        ("/api/v1/openapi.json", 403),
        ("/no/such", 403),
        ("/metrics", 200),
        ("/metrics/self", 200),
        ("/sd", 200),
        ("/-/healthy", 200),
        ("/-/ready", 200),
    ],
)
async def test_without_users_others_read_only_what_exporters_show(
    client: Client, path: str, status: int
) -> None:
    answer = await client.get(path, headers=THERE)

    assert answer.status == status
    if status == 403:
        text = await answer.text()
        assert "expected a request from this machine" in text
        assert text.rstrip("\n").count("\n") == 0


@pytest.mark.parametrize(
    ("peer", "proxies", "headers", "client"),
    [
        ("192.0.2.9", [], {}, "192.0.2.9"),
        ("192.0.2.9", [], {"X-Forwarded-For": "127.0.0.1"}, "192.0.2.9"),
        ("127.0.0.1", [], {"X-Forwarded-For": "127.0.0.1"}, None),
        ("127.0.0.1", [], {"Forwarded": "for=127.0.0.1"}, None),
        ("127.0.0.1", ["127.0.0.1"], {"X-Forwarded-For": "192.0.2.1"}, "192.0.2.1"),
        ("127.0.0.1", ["127.0.0.1"], {"X-Forwarded-For": "127.0.0.1, 192.0.2.1"}, "192.0.2.1"),
        ("127.0.0.1", ["127.0.0.1"], {"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1"),
        ("127.0.0.1", ["127.0.0.1"], {}, "127.0.0.1"),
        ("127.0.0.1", ["127.0.0.1"], {"Via": "1.1 proxy.example"}, None),
        ("127.0.0.1", ["127.0.0.1"], {"X-Forwarded-For": "unknown"}, None),
        ("127.0.0.1", ["127.0.0.1"], {"X-Forwarded-For": "127.0.0.1,"}, None),
        ("10.1.2.3", ["10.0.0.0/8"], {"X-Forwarded-For": "192.0.2.1, 10.9.9.9"}, "192.0.2.1"),
        ("10.1.2.3", ["10.0.0.0/8"], {"X-Forwarded-For": "[2001:db8::1]:443"}, "2001:db8::1"),
        ("10.1.2.3", ["10.0.0.0/8"], {"X-Forwarded-For": "192.0.2.1:5000"}, "192.0.2.1"),
        ("::ffff:10.1.2.3", ["10.1.2.3"], {"X-Forwarded-For": "::ffff:192.0.2.1"}, "192.0.2.1"),
        (
            "10.1.2.3",
            ["10.0.0.0/8"],
            {"X-Forwarded-For": ",".join(["10.0.0.1"] * 5_000)},
            "10.0.0.1",
        ),
    ],
)
def test_client_is_what_a_listed_proxy_says(
    peer: str, proxies: list[str], headers: dict[str, str], client: str | None
) -> None:
    transport = SimpleNamespace(get_extra_info=lambda _: (peer, 1))
    request = cast(web.Request, SimpleNamespace(headers=CIMultiDict(headers), transport=transport))

    found = access.Access(proxies=proxies).client_of(request)

    assert found == (None if client is None else ip_address(client))


async def test_a_listed_proxy_lets_this_machine_read(client: Client, server: HttpServer) -> None:
    server.access.believe(["127.0.0.1"])

    here = await client.get("/api/v1/venues", headers={"X-Forwarded-For": "127.0.0.1"})
    there = await client.get("/api/v1/venues", headers=THERE)

    assert (here.status, there.status) == (200, 403)
