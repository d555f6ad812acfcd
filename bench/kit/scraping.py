"""Scrapes at an even pace over HTTP, as Prometheus does; and node_exporter, scraped so.

node_exporter runs as it is deployed: one kept-alive connection, gzip and all.
"""

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator

from bench.kit.processes import BenchError, answers, await_start, free_port, running
from bench.kit.sides import Side, Surroundings, installed
from venuewatch.base import clock

_ANSWER_S = 10.0
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
def scraped(port: int, path: str, every_s: float) -> Iterator[None]:
    """Scrape a page of the loopback over one kept-alive connection while the block runs.

    Raises:
        BenchError: a scrape failed.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)

    def scrape() -> None:
        connection.request("GET", path, headers=AS_PROMETHEUS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise BenchError(f"{path} answers with {answer.status}")

    with contextlib.closing(connection), evenly(scrape, every_s, what=path):
        yield


PROGRAM = "prometheus-node-exporter"


@contextlib.contextmanager
def node_exporter(around: Surroundings) -> Iterator[Side]:
    """Run node_exporter with its default collectors, scraped at the given pace.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = installed(PROGRAM, "node_exporter")
    port = free_port()
    command = [path, f"--web.listen-address=127.0.0.1:{port}"]
    log = around.directory / "node_exporter.log"
    with running(command, log=log) as process:
        await_start(process, lambda: answers(port), log=log)
        with scraped(port, "/metrics", around.every_s):
            yield Side(process.pid)
