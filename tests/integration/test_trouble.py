"""Trouble with the broker: one clear line, then retry, and never a traceback; TLS when asked."""

import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
import trustme

from bench.kit.processes import free_port
from tests.integration.real import (
    Agent,
    Aggregator,
    Mosquitto,
    Process,
    in_thread,
    pause,
    program,
    until,
)
from tests.integration.websocket_relay import relaying

pytestmark = pytest.mark.real

Client = Callable[[Path, int, str], Process]

BULK = "aggregator-bulk"
CLIENTS: dict[str, Client] = {
    "STA-1": lambda folder, port, broker: Agent(folder, port, "STA-1", broker=broker),
    "aggregator": lambda folder, port, broker: Aggregator(folder, port, broker=broker),
}


@pytest.fixture(params=CLIENTS)
def name(request: pytest.FixtureRequest) -> str:
    """Return the program that connects: each test holds for the agent and the aggregator."""
    return str(request.param)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[Mosquitto]:
    """A broker behind TLS that wants a password."""
    folder = tmp_path_factory.mktemp("tls")
    pem = folder / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    for user in (*CLIENTS, BULK):
        subprocess.run([program("mosquitto_passwd"), "-b", passwords, user, "right"], check=True)
    extra = [
        f"certfile {pem}",
        f"keyfile {pem}",
        f"password_file {passwords}",
        "allow_anonymous false",
    ]
    with Mosquitto(folder, extra=extra) as running:
        yield running


def credentials(folder: Path, authority: trustme.CA, user: str, word: str = "right") -> str:
    ca_file, password_file = folder / "ca.pem", folder / "password"
    authority.cert_pem.write_to_path(str(ca_file))
    password_file.write_text(word + "\n")
    own = (
        f'ca_file = "{ca_file}"\nusername = "{user}"\npassword_file = "{password_file}"\n'
        "reconnect_max_s = 0.1\n"
    )
    if user != "aggregator":
        return own
    return f'{own}[broker.bulk]\nusername = "{BULK}"\npassword_file = "{password_file}"\n'


def trouble_after_retries(process: Process, broker: Mosquitto, heard: str) -> list[str]:
    """Return the logged troubles, after three more tries of the broker.

    On a busy machine another one may come between: then each is said again when it comes again.
    """
    before = broker.said().count(heard)
    until("it tries again", lambda: broker.said().count(heard) >= before + 3, within_s=30.0)
    assert "Traceback" not in process.said()
    return troubles(process)


def troubles(process: Process) -> list[str]:
    """Return what was said of its connection, or of the first one of two."""
    said = process.events("broker_unreachable")
    return [
        str(entry["why"]) for entry in said if not str(entry.get("client")).startswith("_bulk-")
    ]


def is_each_said_once(why: list[str]) -> bool:
    """Tell whether no trouble is said again before another one was."""
    return bool(why) and [same for same, _ in groupby(why)] == why


def test_tls_and_a_password_let_us_in(
    tmp_path: Path, broker: Mosquitto, authority: trustme.CA, name: str
) -> None:
    with CLIENTS[name](tmp_path, broker.port, credentials(tmp_path, authority, name)) as client:
        until("it is let in", lambda: client.events("broker_connected"))

        assert client.events("broker_unreachable") == []


def test_a_wrong_password_is_said_once(
    tmp_path: Path, broker: Mosquitto, authority: trustme.CA, name: str
) -> None:
    wrong = credentials(tmp_path, authority, name, word="of-another-host")

    with CLIENTS[name](tmp_path, broker.port, wrong) as client:
        why = trouble_after_retries(client, broker, "not authorised")

    assert is_each_said_once(why)
    assert "refused" in "".join(why)
    assert "of-another-host" not in client.said()


def test_a_wrong_authority_is_said_once(tmp_path: Path, broker: Mosquitto, name: str) -> None:
    stranger = credentials(tmp_path, trustme.CA(), name)

    with CLIENTS[name](tmp_path, broker.port, stranger) as client:
        why = trouble_after_retries(client, broker, "OpenSSL Error")

    assert is_each_said_once(why)
    assert "certificate is not trusted" in "".join(why)


def test_a_broker_that_is_not_there_is_said_once_and_found_when_it_comes(
    tmp_path: Path, name: str
) -> None:
    port = free_port()

    with CLIENTS[name](tmp_path, port, "reconnect_max_s = 0.1") as client:
        until("it is said", lambda: client.events("broker_unreachable"))
        with Mosquitto(tmp_path, port=port):
            until("it is found", lambda: client.events("broker_connected"))

            why = troubles(client)
            assert why[0] == f"nothing listens at 127.0.0.1:{port}: is the broker running?"
            assert is_each_said_once(why)
            assert "Traceback" not in client.said()


def test_an_agent_beats_over_websockets(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path) as broker,
        Aggregator(tmp_path, broker.port) as aggregator,
        in_thread(relaying(broker.port)) as port,
        Agent(tmp_path, port, "STA-1", broker='transport = "websockets"'),
    ):
        aggregator.wait_for("STA-1", "up")
        until(
            "ticks are echoed",
            lambda: aggregator.value("venuewatch_host_round_trip_seconds", host="STA-1"),
        )


def test_an_agent_that_beats_seldom_keeps_its_session(tmp_path: Path) -> None:
    """The broker gives a silent connection up after 1.5 times the keepalive."""
    seldom = "keepalive_s = 3\n[heartbeat]\ninterval_s = 9.0\nvitals_every_s = 600"

    with (
        Mosquitto(tmp_path) as broker,
        Agent(tmp_path, broker.port, "STA-1", broker=seldom) as agent,
    ):
        until("it has connected", lambda: agent.events("broker_connected"))
        pause(12.0)

        assert agent.events("broker_lost") == []


def test_an_agent_says_when_the_broker_delivers_nothing_and_when_it_does(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Agent(tmp_path, broker.port, "STA-1") as agent:
        until("it says so", lambda: agent.events("centre_silent"))

        with Aggregator(tmp_path, broker.port):
            until("it hears", lambda: agent.events("centre_listens"))

            names = re.findall(r'"event": ?"(centre_\w+)"', agent.said())
            assert names[:2] == ["centre_silent", "centre_listens"]
