"""Runs a centre that one of its hosts abuses, and kills others of its fleet meanwhile.

Broker and aggregator are real, and so is each connection of the fleet. A kill ends a connection;
the API is asked how soon it is known, and a receiver how soon it is told.
"""

import argparse
import contextlib
import json
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from bench.kit import centres, members
from bench.kit.attacks import CONNECTIONS, STRANGERS
from bench.kit.cable import CENTRE, Cable
from bench.kit.centres import Aggregator, get
from bench.kit.mosquitto import Broker, Certificates, make_certificates, mosquitto
from bench.kit.processes import Asked, BenchError, asking, pause, python, wait_for
from tests.integration.real import in_thread
from tests.kit.receiver import Receiver
from venuewatch.base import clock

KNOWN_WITHIN_S = 30.0
"""A kill that is not known by then counts as known then."""

_APART_S = 1.3  # connections that end within a second of each other are one case
_LOOK_S = 0.02
_TOLD_WITHIN_S = 15.0
_FILES = 400  # of the broker, beyond its fleet's
_ELSEWHERE = 10  # niceness of programs that are on machines of their own
_LOST = {"down", "unreachable"}


class Kill(NamedTuple):
    """A host that was killed at ``at`` (s since 1970), and known to be after ``known_s``."""

    host: str
    at: float
    known_s: float


class Centre:
    """A centre with its whole fleet up. Hosts are killed once each, ``next`` first."""

    def __init__(
        self, folder: Path, broker: Broker, aggregator: Aggregator, fleet: Asked, notices: Receiver
    ) -> None:
        self.broker = broker
        self.aggregator = aggregator
        self.next = 0
        self._folder = folder
        self._fleet = fleet
        self._notices = notices
        self.killed: set[str] = set()

    def kill(self) -> Kill:
        """Kill the next host; return once that is known."""
        host = members.place(self.next)[1]
        pause(_APART_S)
        at, killed_at = clock.wall(), clock.monotonic()
        self._fleet.ask(f"kill {self.next}")
        self.next += 1
        self.killed.add(host)
        while self._state(host) not in _LOST:
            if clock.monotonic() - killed_at > KNOWN_WITHIN_S:
                return Kill(host, at, KNOWN_WITHIN_S)
            pause(_LOOK_S)
        return Kill(host, at, clock.monotonic() - killed_at)

    def told_s(self, kill: Kill) -> float:
        """Return how long (s) after a kill its page was out; or how long that was waited for."""
        if not wait_for(lambda: bool(self._pages_of(kill.host)), at_most_s=_TOLD_WITHIN_S):
            return clock.wall() - kill.at
        return self._pages_of(kill.host)[0] - kill.at

    def journal_bytes(self) -> int:
        """Return how large the journal is, with what is only in SQLite's log of it yet."""
        path = self._folder / "aggregator.sqlite"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            (size,) = database.execute("PRAGMA page_size").fetchone()
        return int(pages) * int(size)

    def incidents(self) -> list[dict[str, Any]]:
        """Return the latest incidents, the newest first.

        Raises:
            BenchError: the API does not answer.
        """
        try:
            _, text = get(self.aggregator.web_port, "/api/v1/incidents?limit=100")
        except OSError as error:
            raise BenchError(f"the aggregator does not answer: {error}") from None
        found: list[dict[str, Any]] = json.loads(text)["incidents"]
        return found

    def settle(self) -> None:
        """Wait until the aggregator is sure of all its hosts, and nothing of the centre is open.

        Raises:
            BenchError: it does not get there.
        """

        def is_settled() -> bool:
            ready = get(self.aggregator.web_port, "/-/ready")[0] == 200  # noqa: PLR2004 - OK
            return ready and not any(
                each["scope"] == "centre" and each["closed_at"] is None for each in self.incidents()
            )

        if not wait_for(is_settled, at_most_s=120.0):
            raise BenchError("the aggregator does not get well after an attack")

    def _state(self, host: str) -> str | None:
        with contextlib.suppress(OSError):
            status, text = get(self.aggregator.web_port, f"/api/v1/hosts/{host}")
            if status == 200:  # noqa: PLR2004 - OK
                return str(json.loads(text)["state"])
        return None

    def _pages_of(self, host: str) -> list[float]:
        """Return when (s since 1970) an incident was told that has this host."""
        return [
            attempt.at
            for attempt in list(self._notices.attempts)
            if host in {attempt.body["incident"]["host"], *attempt.body["incident"]["children"]}
        ]


def others(incidents: Collection[dict[str, Any]], blamed: Collection[str]) -> list[str]:
    """Name cause and subject of each incident that is about others than the ``blamed`` hosts."""
    return [
        f"{each['cause']} {each['host'] or each['venue'] or 'centre'}"
        for each in incidents
        if not {each["host"], *each["children"]} - {""}
        or {each["host"], *each["children"]} - {"", *blamed}
    ]


def naming(incidents: Collection[dict[str, Any]], host: str) -> list[str]:
    """Return the causes of the incidents that name a host, as their own or in their evidence."""
    return sorted({str(each["cause"]) for each in incidents if host in json.dumps(each)})


@contextlib.contextmanager
def centre(folder: Path, hosts: int, *, is_tls: bool, outside: str = "") -> Iterator[Centre]:
    """Run broker, aggregator and fleet until the block ends, from when every host is up.

    ``is_tls``: between broker and aggregator. ``outside``: where attackers find the broker, if not
    at the loopback.

    Raises:
        BenchError: a program does not start, or not every host connects.
    """
    members.write_inventory(folder / "inventory.toml", hosts)
    made = make_certificates(folder, "aggregator") if is_tls else None
    with contextlib.ExitStack() as stack:
        notices = stack.enter_context(in_thread(Receiver.serving()))
        broker = stack.enter_context(
            mosquitto(folder, clients=hosts + _FILES, tls=made, outside=outside)
        )
        fleet = stack.enter_context(
            asking(
                python("bench.kit.fleet", "--port", str(broker.port), "--hosts", str(hosts)),
                log=folder / "fleet.log",
            )
        )
        came = fleet.read_answer()
        if came["connections"] < hosts:
            raise BenchError(f"only {came['connections']} of {hosts} connect: {came['why']}")
        connection = "" if made is None else _by_tls(folder, made)
        port = broker.port if made is None else broker.tls_port
        more = f'{connection}[notify]\nwebhook_url = "{notices.url}"\n'
        aggregator = stack.enter_context(
            centres.aggregator(folder, folder / "inventory.toml", port, more=more)
        )
        yield Centre(folder, broker, aggregator, fleet, notices)


def _by_tls(folder: Path, made: Certificates) -> str:
    """Return the lines by which an aggregator has both of its connections over TLS."""
    own = made.client_chain, made.client_key
    bulk = folder / "bulk.pem", folder / "bulk-key.pem"
    for mine, its in zip(own, bulk, strict=True):
        shutil.copy(mine, its)
    lines = (
        f'cert_file = "{chain}"\nkey_file = "{key}"\n[broker.bulk]\n' for chain, key in (own, bulk)
    )
    start = f'address = "127.0.0.1"\nca_file = "{made.authority}"\n'
    return start + "".join(lines).removesuffix("[broker.bulk]\n")


@contextlib.contextmanager
def attacked(
    centre: Centre, folder: Path, attack: str, number: int, per_second: int, laid: Cable | None
) -> Iterator[Asked]:
    """Have host ``number`` attack until the block ends; it can be asked for its counts.

    With a cable it is outside of the centre, at an address that the packet filter does not know.

    It stands beside its agent. Under the agent's own name come messages that are too large: the
    broker ends the connection, and nothing of them reaches the aggregator. And so do many
    connections, each of which ends the one before.

    Raises:
        BenchError: it does not connect.
    """
    venue, host = members.place(number)
    options = argparse.Namespace(port=centre.broker.port, venue=venue, host=host, attack=attack)
    words = [word for name, value in vars(options).items() for word in (f"--{name}", str(value))]
    words += ["--per-second", str(per_second)]
    if attack in {"large", CONNECTIONS}:
        words += ["--client", host]
    command: Sequence[str] = python("bench.kit.attacks", *words)
    if laid is not None:
        command = laid.outside.command(*command, "--address", CENTRE[0])
    with asking(command, log=folder / f"{attack}.log") as attacker:
        psutil.Process(attacker.pid).nice(_ELSEWHERE)
        attacker.read_answer()
        yield attacker


def can_be_named(attack: str) -> bool:
    """Tell whether the aggregator can know who it is: connections of strangers say nothing."""
    return attack != STRANGERS
