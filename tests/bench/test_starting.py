"""Tests of started programs: each has a port of its own, and is waited for."""

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.kit.processes import ROOT, free_port
from tests.integration.real import Process
from venuewatch.rehearsal.live.servers import is_ready

TAKER = """
import random
from bench.kit.processes import free_port
random.seed(7)
print(free_port(), flush=True)
input()
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def dial(listener: socket.socket) -> socket.socket:
    return socket.create_connection(listener.getsockname())


def answer(listener: socket.socket, words: bytes) -> None:
    with listener.accept()[0] as broker:
        broker.recv(64)
        broker.sendall(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [(b"\x20\x02\x00\x00", True), (b"\x20\x02\x00\x05", True), (b"HTTP/1.1", False), (b"", False)],
    ids=["accepts", "refuses", "speaks HTTP", "hangs up"],
)
def test_a_broker_is_ready_when_it_answers(
    words: bytes, listener: socket.socket, *, expected: bool
) -> None:
    broker = threading.Thread(target=answer, args=(listener, words))
    broker.start()

    assert is_ready(lambda: dial(listener)) is expected

    broker.join()


def test_an_open_port_alone_is_no_broker(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venuewatch.rehearsal.live.servers._ANSWER_S", 0.05)

    assert not is_ready(lambda: dial(listener))


def test_a_free_port_is_given_to_one_process_only() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TAKER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        taken = int(other.stdout.readline())
        random.seed(7)  # as the other: it would try the same ports in the same order

        ours = free_port()

        other.communicate(b"\n")
    assert ours != taken


def test_a_log_line_that_is_half_written_is_no_event(tmp_path: Path) -> None:
    process = Process(tmp_path, "agent")
    process.log.write_text('{"event": "up", "host": "STA-1"}\n{"event": "up", "ho')

    assert process.events("up") == [{"event": "up", "host": "STA-1"}]
