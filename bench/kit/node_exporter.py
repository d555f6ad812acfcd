"""node_exporter as it is deployed: scraped over one kept-alive connection, gzip and all."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

from bench.kit.machine import program
from bench.kit.mosquitto import answers
from bench.kit.processes import BenchError, await_start, free_port, running
from venuewatch import clock

PROGRAM = "prometheus-node-exporter"

_AS_PROMETHEUS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
    "X-Prometheus-Scrape-Timeout-Seconds": "1",
}


class Scraped:
    """An exporter that is asked at an even pace until the block around it ends."""

    def __init__(self, pid: int, port: int, every_s: float) -> None:
        self.pid = pid
        self.scrapes = 0
        self._port = port
        self._every_s = every_s
        self._stop = threading.Event()

    @contextlib.contextmanager
    def scraping(self) -> Iterator[None]:
        """Scrape while the block runs."""
        thread = threading.Thread(target=self._run, name="scraper")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10.0)
        with contextlib.closing(connection):
            due = clock.monotonic()
            while not self._stop.wait(max(0.0, due - clock.monotonic())):
                connection.request("GET", "/metrics", headers=_AS_PROMETHEUS)
                connection.getresponse().read()
                self.scrapes += 1
                due += self._every_s


@contextlib.contextmanager
def node_exporter(directory: Path, *, every_s: float) -> Iterator[Scraped]:
    """Run node_exporter with its default collectors, scraped each ``every_s``.

    Raises:
        BenchError: it is not installed, or does not start.
    """
    path = program(PROGRAM)
    if path is None:
        raise BenchError("node_exporter is not installed")
    port = free_port()
    command = [path, f"--web.listen-address=127.0.0.1:{port}"]
    log = directory / "node_exporter.log"
    with running(command, log=log) as process:
        await_start(process, lambda: answers(port), log=log)
        scraped = Scraped(process.pid, port, every_s)
        with scraped.scraping():
            yield scraped
