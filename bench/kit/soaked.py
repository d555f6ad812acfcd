"""Runs what a soak watches: a broker, an aggregator, one real agent with checks, and many clients.

Each fault has a beginning and an end. In between all are left alone.
"""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import psutil

from bench.kit import members
from bench.kit.centres import Aggregator, aggregator, get
from bench.kit.mosquitto import Broker, mosquitto
from bench.kit.processes import Asked, BenchError, asking, python, running, wait_for

Fault: TypeAlias = tuple[Callable[[], object], Callable[[], object]]
"""What begins it, and what ends it."""

LEAVER: Final = 7
_KEPT: Final = "V00"
_NAME: Final = "aggregator"
_CHANGES: Final = {"host_changed", "incident"}
_UP_S: Final = 60.0


class Sample(NamedTuple):
    """How things stand: memory (KiB) and descriptors of both programs, and the journal.

    ``events``: changes of hosts and incidents so far, as the aggregator's log tells them.
    """

    agent_kib: float
    agent_files: int
    aggregator_kib: float
    aggregator_files: int
    journal_bytes: int
    events: int


class World(NamedTuple):
    """What runs. ``agent`` is the process id of the real one."""

    agent: int
    centre: Aggregator
    broker: Broker
    fleet: Asked
    folder: Path
    hosts: int

    @property
    def faults(self) -> dict[str, Fault]:
        """The faults by name, in the order in which they are played."""
        return {
            "a client leaves and returns": (
                partial(self.fleet.ask, f"leave {LEAVER}"),
                partial(self.fleet.ask, f"return {LEAVER}"),
            ),
            "the agent stands still": _standing(self.agent),
            "clients of one venue alone beat": (
                partial(self.fleet.ask, f"cut {_KEPT}"),
                partial(self.fleet.ask, "heal"),
            ),
            "the aggregator stands still": _standing(self.centre.pid),
            "the broker stands still": _standing(self.broker.pid),
        }

    def sample(self) -> Sample:
        """Return how things stand, after a scrape of everything."""
        get(self.centre.web_port, "/metrics")
        agent, centre = psutil.Process(self.agent), psutil.Process(self.centre.pid)
        return Sample(
            agent.memory_info().rss / 1024,
            agent.num_fds(),
            centre.memory_info().rss / 1024,
            centre.num_fds(),
            sum(path.stat().st_size for path in self.folder.glob(f"{_NAME}.sqlite*")),
            self._events(),
        )

    def await_all_up(self) -> None:
        """Wait until all hosts are up.

        Raises:
            BenchError: they are not in time.
        """
        if not wait_for(self._are_all_up, at_most_s=_UP_S):
            raise BenchError(f"{len(self.centre.up())} of {self.hosts} hosts are up")

    def _are_all_up(self) -> bool:
        return len(self.centre.up()) == self.hosts

    def _events(self) -> int:
        log = self.folder / f"{_NAME}.log"
        with log.open(encoding="utf-8", errors="replace") as lines:
            said = (json.loads(line) for line in lines if line[:1] + line[-1:] == "{\n")
            return sum(entry.get("event") in _CHANGES for entry in said)


@contextlib.contextmanager
def soaked(folder: Path, clients: int) -> Iterator[World]:
    """Run all of it, from when all hosts are up.

    Raises:
        BenchError: a program does not start, or hosts do not come up.
    """
    expected, hosts = folder / "inventory.toml", clients + 1
    members.write_inventory(expected, hosts)
    with mosquitto(folder, clients=hosts + 16) as broker:
        settings = folder / "agent.toml"
        settings.write_text(_settings(clients, broker.port), encoding="utf-8")
        agent = python("agent", "--config", str(settings), isolated=True)
        fleet = python("bench.kit.fleet", "--port", str(broker.port), "--hosts", str(clients))
        with (
            asking(fleet, log=folder / "fleet.log") as played,
            running(agent, log=folder / "agent.log") as process,
        ):
            connected = played.read_answer()
            if connected["connections"] < clients:
                raise BenchError(f"{connected['connections']} clients: {connected['why']}")
            with aggregator(folder, expected, broker.port, name=_NAME) as centre:
                world = World(process.pid, centre, broker, played, folder, hosts)
                world.await_all_up()
                yield world


def _settings(index: int, port: int) -> str:
    """Return the configuration of the agent, which is host number ``index``."""
    venue, host = members.place(index)
    checks = {
        "tcp": f'address = "127.0.0.1"\nport = {port}\n',
        "process": 'program = "mosquitto"\n',
        "disk": 'path = "/"\n',
    }
    return f'venue = "{venue}"\nhost = "{host}"\n[broker]\nport = {port}\n' + "".join(
        f'[[check]]\nname = "{kind}"\nkind = "{kind}"\n{fields}' for kind, fields in checks.items()
    )


def _standing(pid: int) -> Fault:
    return partial(os.kill, pid, signal.SIGSTOP), partial(os.kill, pid, signal.SIGCONT)
