"""Runs receivers of a fleet that can be measured: our aggregator, or a peer."""

import contextlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bench.kit.processes import (
    Asked,
    BenchError,
    asking,
    await_start,
    free_port,
    python,
    running,
    wait_for,
)

_START_S = 60.0  # paho takes its time over 15,000 births
_HTTP_S = 30.0
_BEATS = re.compile(rb'^venuewatch_aggregator_messages_total\{stream="beat"\} (\S+)$', re.MULTILINE)
_MISSED = re.compile(rb"^venuewatch_host_heartbeats_missed_total\{[^}]*\} (\S+)$", re.MULTILINE)
_UP = re.compile(
    rb'^venuewatch_host_state\{.*host="([^"]+)",.*state="up".*\} 1(?:\.0)?$', re.MULTILINE
)


class Aggregator(NamedTuple):
    """The real one, asked over HTTP."""

    pid: int
    web_port: int

    def beats(self) -> int:
        """Return its own counter; this does not render the fleet."""
        found = _BEATS.search(get(self.web_port, "/metrics/self")[1])
        return int(float(found[1])) if found else 0

    def up(self) -> set[str]:
        """Return the names of the hosts that are up; this renders the fleet, too."""
        return {name.decode() for name in _UP.findall(get(self.web_port, "/metrics")[1])}

    def missed(self) -> int:
        """Return the sum over all hosts; this renders the fleet, so not while it is measured."""
        return sum(
            int(float(count)) for count in _MISSED.findall(get(self.web_port, "/metrics")[1])
        )


class Peer(NamedTuple):
    """Another client with the aggregator's core behind it, asked over a pipe."""

    child: Asked

    @property
    def pid(self) -> int:
        """The process to measure."""
        return self.child.pid

    def beats(self) -> int:
        """Return its own counter."""
        return int(self.child.ask()["beats"])

    def missed(self) -> int:
        """Return the sum over all hosts."""
        return int(self.child.ask()["missed"])


Receiver: TypeAlias = Aggregator | Peer
"""A process that receives the beats of a fleet, and counts them."""


@contextlib.contextmanager
def aggregator(
    directory: Path,
    expected: Path,
    broker_port: int,
    *,
    name: str = "aggregator",
    module: str = "aggregator",
    more: str = "",
) -> Iterator[Aggregator]:
    """Run the real aggregator, from when it knows the state of every host.

    Of several in one directory each has a ``name`` of its own. ``module`` is what is run.
    ``more`` are further lines of the table ``[broker]``, and of what follows it.

    Raises:
        BenchError: it does not get there in time.
    """
    port = free_port()
    settings = directory / f"{name}.toml"
    settings.write_text(
        f'name = "{name}"\ninventory = "{expected.name}"\n'
        f'[web]\nlisten_address = "127.0.0.1:{port}"\n[journal]\npath = "{name}.sqlite"\n'
        f"[broker]\nport = {broker_port}\n{more}",
        encoding="utf-8",
    )
    command = python(module, "--config", str(settings), isolated=module == "aggregator")
    log = directory / f"{name}.log"
    with running(command, log=log) as process:
        await_start(process, lambda: _is_ready(port), log=log, at_most_s=_START_S)
        yield Aggregator(process.pid, port)


@contextlib.contextmanager
def peer(name: str, directory: Path, expected: Path, broker_port: int) -> Iterator[Peer]:
    """Run the client NAME of :mod:`bench.kit.centre`, from when it knows every host's state.

    Raises:
        BenchError: it does not get there in time.
    """
    options = ("--port", str(broker_port), "--inventory", str(expected))
    command = python("bench.kit.centre", name, *options)
    with asking(command, log=directory / f"{name}.log") as child:
        if not wait_for(lambda: bool(child.ask()["is_settled"]), at_most_s=_START_S):
            raise BenchError(f"{name} does not get ready")
        yield Peer(child)


def get(port: int, path: str) -> tuple[int, bytes]:
    """Return status and body of one page of the loopback.

    Raises:
        OSError: no answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_HTTP_S)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _is_ready(port: int) -> bool:
    try:
        return get(port, "/-/ready")[0] == http.client.OK
    except OSError:
        return False
