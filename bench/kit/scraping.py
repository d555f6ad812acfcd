"""Asks a program at an even pace: over HTTP as Prometheus does, or a connection for each question.

A closed connection has no counters in the kernel, so the caller counts the bytes of its questions.
"""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator

from bench.kit.processes import LOOPBACK, BenchError
from bench.kit.sides import Payload
from venuewatch.base import clock

_ANSWER_S = 10.0
_AT_ONCE = 65_536
AS_PROMETHEUS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
    "X-Prometheus-Scrape-Timeout-Seconds": "1",
}


@contextlib.contextmanager
def evenly(work: Callable[[], None], every_s: float, *, what: str) -> Iterator[None]:
    """Do ``work`` each ``every_s`` in a thread of its own while the block runs.

    Raises:
        BenchError: it failed on the way, so whatever was measured meanwhile is worth nothing.
    """
    stop = threading.Event()
    failed: list[Exception] = []

    def run() -> None:
        due = clock.monotonic()
        try:
            while not stop.wait(max(0.0, due - clock.monotonic())):
                work()
                due += every_s
        except Exception as error:  # noqa: BLE001 - raised again where the block ends
            failed.append(error)

    thread = threading.Thread(target=run, name=what)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failed:
        raise BenchError(f"{what} has stopped: {failed[0]!r}")


@contextlib.contextmanager
def scraped(port: int, path: str, every_s: float, *, silent_s: float = _ANSWER_S) -> Iterator[None]:
    """Scrape a page of the loopback over one kept-alive connection while the block runs.

    Raises:
        BenchError: a scrape failed, or nothing of it came for ``silent_s``.
    """
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=silent_s)

    def scrape() -> None:
        connection.request("GET", path, headers=AS_PROMETHEUS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise BenchError(f"{path} answers with {answer.status}")

    with contextlib.closing(connection), evenly(scrape, every_s, what=path):
        yield


class Caller:
    """Calls one port of the loopback again and again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._said = 0
        self._heard = 0

    def ask(self, question: bytes) -> bytes:
        """Return all that is said until the other one hangs up.

        Raises:
            OSError: no answer.
        """
        with socket.create_connection((LOOPBACK, self._port), timeout=_ANSWER_S) as sock:
            sock.sendall(question)
            answer = b"".join(iter(lambda: sock.recv(_AT_ONCE), b""))
        self._said += len(question)
        self._heard += len(answer)
        return answer

    def payload(self) -> Payload:
        """Return what the one who is called has exchanged with us: it sent what we heard."""
        return Payload(sent=self._heard, received=self._said)
