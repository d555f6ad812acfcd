"""A TCP port that can be connected to, and says what it should."""

import socket
import threading

import msgspec
import pytest

from agent.checks.net import connect
from tests.agent.checks import peers


def greet(conn: socket.socket, _over: threading.Event) -> None:
    name = conn.recv(100)
    conn.sendall(b"hello ")
    conn.sendall(name)


def test_a_port_that_accepts_is_ok_and_timed() -> None:
    with peers.tcp_peer(peers.say_nothing) as port:
        reading = peers.read("tcp", address="localhost", port=port)

    assert reading.state == "ok"
    assert reading.values.check_round_trip_avg_seconds is not None


def test_a_server_that_answers_as_expected_is_ok() -> None:
    with peers.tcp_peer(greet) as port:
        reading = peers.read(
            "tcp", address=peers.LOOPBACK, port=port, send="venue", expect="hello venue"
        )

    assert reading.state == "ok"


def test_another_answer_is_critical_and_quoted() -> None:
    with peers.tcp_peer(greet) as port:
        reading = peers.read("tcp", address=peers.LOOPBACK, port=port, send="a\nb", expect="bye")

    assert reading[:2] == ("critical", "expected 'bye', got 'hello a\\nb'")


def test_a_port_where_nothing_listens_is_critical() -> None:
    reading = peers.read("tcp", address=peers.LOOPBACK, port=peers.refused_port())

    assert reading[:2] == ("critical", "nothing listens there")


def test_a_machine_that_is_silent_is_given_up_in_time() -> None:
    with peers.full_port() as port:
        reading = peers.read("tcp", address=peers.LOOPBACK, port=port, timeout_s=0.5)

    assert reading[:2] == ("critical", "no answer in time")


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (peers.say_nothing, "no answer in time"),
        (peers.drip(b"no"), "no answer in time"),
        (peers.pour(b"", b"\0" * 9999), "expected 'hello', got '\\x00"),
        (peers.hang_up, "the connection was closed by the other side"),
    ],
)
def test_a_server_that_never_says_what_is_expected_is_critical(
    script: peers.Script, detail: str
) -> None:
    with peers.tcp_peer(script) as port:
        address = {"address": peers.LOOPBACK, "port": port}
        reading = peers.read("tcp", **address, send="x", expect="hello", timeout_s=0.5)

    assert reading.state == "critical"
    assert reading.detail.startswith(detail)


@pytest.mark.parametrize("name", ["no such name", "", "x" * 70 + ".example", ".", "a..b"])
def test_a_name_that_can_not_exist_is_critical(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_ask_system", ask_nobody)

    reading = peers.read("tcp", address=name, port=80)

    assert reading.state == "critical"
    assert reading.detail.startswith("the name cannot be resolved")


def ask_nobody(name: str, port: int, *, flags: int) -> list[connect.Target]:
    name.encode("idna")
    raise socket.gaierror(socket.EAI_NONAME, f"no {name} {port} {flags}")


def test_a_resolver_that_hangs_is_given_up_in_time_and_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered, asked = threading.Event(), []

    def ask_slowly(name: str, port: int, *, flags: int) -> list[connect.Target]:
        if flags == socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "a name")
        asked.append(name)
        answered.wait(peers.PATIENCE_S)
        return [connect.Target(socket.AF_INET, (peers.LOOPBACK, port))]

    monkeypatch.setattr(connect, "_ask_system", ask_slowly)

    readings = [peers.read("tcp", address="slow.example", port=9, timeout_s=0.2) for _ in range(2)]
    lookup = connect._lookups.ask("slow.example", 9)  # noqa: SLF001
    answered.set()
    late = lookup.wait(peers.PATIENCE_S)

    assert [reading.detail for reading in readings] == ["no answer in time"] * 2
    assert asked == ["slow.example"]
    assert late == [connect.Target(socket.AF_INET, (peers.LOOPBACK, 9))]
    assert connect._lookups.ask("slow.example", 9) is not lookup  # noqa: SLF001


def test_the_next_address_is_tried_when_one_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    with peers.full_port() as dead, peers.tcp_peer(peers.say_nothing) as port:
        targets = [connect.Target(socket.AF_INET, (peers.LOOPBACK, each)) for each in (dead, port)]
        monkeypatch.setattr(connect, "_ask_system", lambda *_, **__: targets)
        reading = peers.read("tcp", address="two.example", port=port, timeout_s=1.0)

    assert reading.state == "ok"


def test_an_escape_that_toml_left_as_it_is_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="`send` to have the characters themselves"):
        peers.read("tcp", address=peers.LOOPBACK, port=1, send=r"HELO\r\n")
