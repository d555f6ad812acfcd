"""A name server that answers, with the right addresses."""

import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks import dns
from agent.checks.net import connect
from agent.checks.net import dns_message as message
from agent.checks.net.connect import Target
from agent.checks.net.udp import ask
from agent.checks.reading.times import Deadline
from tests.agent.checks import peers

NAME = "results.example"
ASKED = message.question(7, NAME, "A")
REFUSED = "the server refuses to answer us (REFUSED)"


def reply(
    asked: bytes, *records: bytes, code: int = 0, flags: int = 0x8180, echo: bytes | None = None
) -> bytes:
    """Answer the question ``asked``; its name can be pointed to at 12."""
    question = asked[12:] if echo is None else echo
    return (
        asked[:2]
        + struct.pack("!HHHHH", flags | code, 1, len(records), 0, 0)
        + question
        + b"".join(records)
    )


def record(address: str, owner: bytes = b"\xc0\x0c", kind: int = 1) -> bytes:
    packed = socket.inet_aton(address)
    return owner + struct.pack("!HHIH", kind, 1, 60, len(packed)) + packed


def alias(owner: bytes, target: bytes) -> bytes:
    return owner + struct.pack("!HHIH", 5, 1, 60, len(target)) + target


@pytest.fixture(scope="module")
def dnsmasq() -> Iterator[int]:
    """A real name server with a few names of ours; nothing is forwarded."""
    program = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin")
    if program is None:
        pytest.skip("dnsmasq (Debian: dnsmasq-base) is not installed")
    port = peers.refused_port()
    many = [f"--host-record=many.example,10.0.{at // 200}.{at % 200 + 1}" for at in range(300)]
    ours = [
        f"--host-record={NAME},192.0.2.10,2001:db8::10",
        "--cname=alias.example," + NAME,
        "--address=/broken.example/",
        *many,
    ]
    alone = ["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="]
    where = [f"--port={port}", f"--listen-address={peers.LOOPBACK}", "--bind-interfaces"]
    user = [] if os.geteuid() else ["--user=root"]
    with subprocess.Popen(
        [program, *alone, *where, *user, *ours], stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        assert any("started" in line for line in server.stderr)
        yield port
        server.terminate()


@pytest.mark.real
@pytest.mark.parametrize(
    ("query", "which", "address"),
    [
        (NAME, "A", "192.0.2.10"),
        ("Alias.Example.", "A", "192.0.2.10"),
        (NAME, "AAAA", "2001:db8::10"),
    ],
)
def test_a_real_server_answers(dnsmasq: int, query: str, which: str, address: str) -> None:
    reading = peers.read(
        "dns", query=query, record=which, server=peers.LOOPBACK, port=dnsmasq, expect=[address]
    )

    assert reading[:2] == ("ok", address)
    assert reading.values.check_answers == 1
    assert reading.values.check_round_trip_avg_seconds is not None


@pytest.mark.real
def test_a_real_long_answer_is_asked_for_again_over_tcp(dnsmasq: int) -> None:
    reading = peers.read("dns", query="many.example", server=peers.LOOPBACK, port=dnsmasq)

    assert (reading.state, reading.values.check_answers) == ("ok", 300)


@pytest.mark.real
def test_a_real_server_says_that_a_name_does_not_exist(dnsmasq: int) -> None:
    reading = peers.read("dns", query="broken.example", server=peers.LOOPBACK, port=dnsmasq)

    assert reading[:2] == ("critical", "the name does not exist (NXDOMAIN)")


def asked_of(answers: Callable[[bytes], list[bytes]], **config: Any) -> Any:
    with peers.udp_peer(answers) as port:
        return peers.read("dns", query=NAME, server=peers.LOOPBACK, port=port, **config)


@pytest.mark.parametrize(
    ("answer", "detail", "addresses"),
    [
        (partial(reply, code=2), "the server failed to find an answer (SERVFAIL)", None),
        (partial(reply, code=5), REFUSED, None),
        (partial(reply, code=11), "the server says error 11", None),
        (lambda asked: asked[:2] + b"\x81\x05" + bytes(8), REFUSED, None),  # not the question again
        (reply, "the name has no A record", 0),
        (
            lambda asked: reply(asked, record("192.0.2.66")),
            "these are not the expected addresses: 192.0.2.66",
            1,
        ),
    ],
)
def test_any_answer_but_the_expected_one_is_critical_in_words(
    answer: Callable[[bytes], bytes], detail: str, addresses: int | None
) -> None:
    reading = asked_of(lambda asked: [answer(asked)], expect=["192.0.2.10"])

    assert reading[:2] == ("critical", detail)
    assert reading.values.check_answers == addresses


def forged(asked: bytes) -> list[bytes]:
    other = message.question(0, "evil.example", "A")[12:]
    good = reply(asked, record("192.0.2.66"))
    number = bytes([asked[0] ^ 1, asked[1]])
    return [
        b"",
        b"\0",
        os.urandom(512),
        bytes(60_000),
        number + good[2:],
        asked,
        reply(asked, record("192.0.2.66"), echo=other),
        good[:-1],
        reply(asked, record("192.0.2.66", owner=b"\xc0\xff")),
        reply(asked, b"\xc0" + bytes([len(asked)]) + b"\0\1\0\1"),
    ]


def test_forged_and_malformed_answers_are_passed_over_until_the_true_one() -> None:
    reading = asked_of(lambda asked: [*forged(asked), reply(asked, record("192.0.2.10"))])

    assert reading[:2] == ("ok", "192.0.2.10")


def test_a_server_that_only_sends_garbage_is_critical() -> None:
    reading = asked_of(forged, timeout_s=0.5)

    assert reading[:2] == ("critical", "what came back is no answer to the question")


def test_a_flood_of_garbage_is_given_up_before_the_deadline() -> None:
    with (
        peers.udp_peer(lambda _: [b"x"] * 200) as port,
        pytest.raises(Exception, match="no answer"),
    ):
        ask(
            Target(socket.AF_INET, (peers.LOOPBACK, port)),
            b"?",
            lambda _: None,
            Deadline(peers.PATIENCE_S),
        )


def test_a_server_that_is_silent_is_asked_again_and_given_up_in_time() -> None:
    asked: list[bytes] = []

    reading = asked_of(peers.note(asked), timeout_s=0.6)

    assert reading[:2] == ("critical", "no answer in time")
    assert len(asked) == 3


def test_a_lost_datagram_is_no_failure() -> None:
    asked: list[bytes] = []

    def second_time(question: bytes) -> list[bytes]:
        asked.append(question)
        return [reply(question, record("192.0.2.10"))] if len(asked) > 1 else []

    reading = asked_of(second_time)

    assert reading.state == "ok"


def test_a_server_that_is_not_there_is_critical() -> None:
    reading = peers.read("dns", query=NAME, server=peers.LOOPBACK, port=peers.refused_port())

    assert reading[:2] == ("critical", "nothing listens there")


def over_tcp(answer: Callable[[bytes], bytes]) -> Callable[[socket.socket, threading.Event], None]:
    def script(conn: socket.socket, _over: threading.Event) -> None:
        conn.sendall(answer(conn.recv(4096)[2:]))

    return script


@pytest.mark.parametrize(
    ("script", "detail"),
    [
        (peers.say_nothing, "no answer in time"),
        (peers.drip(b"\xff\xff\0"), "no answer in time"),
        (peers.hang_up, "the connection was closed by the other side"),
        (over_tcp(lambda _: b"\xff\xffshort"), "the server hung up in its answer"),
        (over_tcp(lambda _: b"\0\5hello"), "the answer is malformed: it ends too early"),
    ],
)
def test_a_server_that_fails_over_tcp_is_critical(script: Any, detail: str) -> None:
    with (
        peers.tcp_peer(script) as port,
        peers.udp_peer(lambda asked: [reply(asked, flags=0x8380)], port),
    ):
        reading = peers.read("dns", query=NAME, server=peers.LOOPBACK, port=port, timeout_s=0.6)

    assert reading[:2] == ("critical", detail)


def test_the_first_name_server_of_the_file_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# nameserver 10.0.0.9\nnameserver\nnameserver 127.0.0.1\nnameserver ::1\n")
    monkeypatch.setattr(dns, "_RESOLV_CONF", file)

    with peers.udp_peer(lambda asked: [reply(asked, record("192.0.2.10"))]) as port:
        reading = peers.read("dns", query=NAME, port=port)

    assert reading.detail == "192.0.2.10"


def test_without_a_file_the_system_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = [
        Target(socket.AF_INET, ("192.0.2.10", 0)),
        Target(socket.AF_INET6, ("fe80::1%eth0", 0, 0, 2)),
    ]
    monkeypatch.setattr(dns, "_RESOLV_CONF", tmp_path / "none")
    monkeypatch.setattr(connect, "_ask_system", lambda *_, **__: targets)

    readings = [peers.read("dns", query=NAME, record=each) for each in ("A", "AAAA")]

    assert [reading.detail for reading in readings] == ["192.0.2.10", "fe80::1"]


def test_records_of_other_names_are_not_counted() -> None:
    other = b"\4evil\7example\0"

    found = message.answer(
        reply(ASKED, record("192.0.2.66", owner=other), record("192.0.2.10")), ASKED
    )

    assert found.addresses == ("192.0.2.10",)


def test_aliases_that_go_in_circles_end() -> None:
    other, back = b"\1a\0", b"\xc0\x0c"

    found = message.answer(reply(ASKED, alias(back, other), alias(other, back)), ASKED)

    assert found.addresses == ()


@given(st.binary(max_size=600))
def test_reading_any_bytes_ends_with_an_answer_or_a_refusal(garbage: bytes) -> None:
    for sent in (garbage, reply(ASKED, garbage, garbage)):
        try:
            found = message.answer(sent, ASKED)
        except message.MalformedAnswerError:
            continue
        assert found.code <= 15


def test_pointers_that_lead_far_back_cost_little() -> None:
    at = len(ASKED) + 11
    chain = b"".join((0xC000 | back).to_bytes(2, "big") for back in (12, *range(at, at + 9000, 2)))
    hidden = b"\0" + struct.pack("!HHIH", 16, 1, 60, len(chain)) + chain
    last = (0xC000 | at + 9000).to_bytes(2, "big")

    with pytest.raises(message.MalformedAnswerError, match="pointers lead astray"):
        message.answer(reply(ASKED, hidden, record("192.0.2.66", owner=last)), ASKED)
