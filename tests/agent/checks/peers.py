"""Peers on loopback that behave as a test wants, and one reading of a check against them."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from agent import checks
from agent.checks import Reading
from venuewatch.base import clock

PATIENCE_S = 10.0
STALL_S = 1.0
"""How much later than in time a reading may end: tests run side by side on a busy machine."""

LOOPBACK = "127.0.0.1"

Script: TypeAlias = Callable[[socket.socket, threading.Event], None]
"""Serves one connection; the event is set when the test is over."""


def made(kind: str, **config: Any) -> Any:
    """Make a check as the agent does, from what a configuration file would say."""
    module = checks.load(kind)
    entry = {"kind": kind, "name": "it", "timeout_s": 2.0} | config
    return module.Check(msgspec.convert(entry, module.Config), lambda _name: None)


def read(kind: str, **config: Any) -> Reading:
    """Take one reading, and see that it ends in time and says one line."""
    check = made(kind, **config)
    begin = clock.monotonic()

    reading: Reading = check.read()

    check.close()
    assert clock.monotonic() - begin < config.get("timeout_s", 2.0) + STALL_S
    assert "\n" not in reading.detail
    assert len(reading.detail) < 256
    return reading


def read_until(check: Any, is_so: Callable[[Reading], bool]) -> Reading:
    """Read a check again and again, and return the first reading that is so."""
    ends_at = clock.monotonic() + PATIENCE_S
    while True:
        reading: Reading = check.read()
        if is_so(reading):
            return reading
        assert clock.monotonic() < ends_at, reading


@contextlib.contextmanager
def tcp_peer(script: Script) -> Iterator[int]:
    """Listen on a free port, and serve every connection with ``script``."""
    over = threading.Event()
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            conn, _ = listener.accept()
            if over.is_set():
                conn.close()
                return
            with conn, contextlib.suppress(OSError):
                conn.settimeout(PATIENCE_S)
                script(conn, over)

    thread = threading.Thread(target=serve)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield port
    finally:
        over.set()
        with contextlib.suppress(OSError):
            socket.create_connection((LOOPBACK, port), PATIENCE_S).close()
        thread.join(PATIENCE_S)
        listener.close()


@contextlib.contextmanager
def udp_peer(answers: Callable[[bytes], list[bytes]], port: int = 0) -> Iterator[int]:
    """Listen on a port, and send what ``answers`` returns for each datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, port))

        def serve() -> None:
            while True:
                question, client = sock.recvfrom(65_535)
                if not question:
                    return
                for answer in answers(question):
                    with contextlib.suppress(OSError):
                        sock.sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            sock.sendto(b"", sock.getsockname())
            thread.join(PATIENCE_S)


def note(asked: list[bytes]) -> Callable[[bytes], list[bytes]]:
    def answers(question: bytes) -> list[bytes]:
        asked.append(question)
        return []

    return answers


@contextlib.contextmanager
def full_port() -> Iterator[int]:
    """Give a port whose queue is full, so that Linux drops every further connection's begin."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def refused_port() -> int:
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        return int(sock.getsockname()[1])


def say_nothing(_conn: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE_S)


def hang_up(conn: socket.socket, _over: threading.Event) -> None:
    """Reset the connection as soon as something comes."""
    conn.recv(1)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drip(text: bytes) -> Script:
    """Send one byte each 50 ms, the last one for ever."""

    def script(conn: socket.socket, over: threading.Event) -> None:
        at = 0
        while not over.wait(0.05):
            conn.sendall(text[at : at + 1])
            at = min(at + 1, len(text) - 1)

    return script


def pour(head: bytes, piece: bytes) -> Script:
    """Send ``head``, then ``piece`` as fast as it goes, for ever."""

    def script(conn: socket.socket, over: threading.Event) -> None:
        conn.sendall(head)
        while not over.is_set():
            conn.sendall(piece)

    return script


def say(text: bytes) -> Script:
    """Hear something, send ``text``, and hang up."""

    def script(conn: socket.socket, _over: threading.Event) -> None:
        conn.recv(65_536)
        conn.sendall(text)
        conn.shutdown(socket.SHUT_WR)
        conn.recv(1)

    return script
