"""node_exporter as it is deployed: scraped over one kept-alive connection, gzip and all."""

import contextlib
from collections.abc import Iterator

from bench.kit.peers import Surroundings, installed
from bench.kit.processes import answers, await_start, free_port, running
from bench.kit.scraping import scraped
from bench.kit.sides import Side

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
