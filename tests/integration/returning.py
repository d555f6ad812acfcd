"""Returning agents: real ones with full spools, and hosts elsewhere that are killed meanwhile.

The spool is written once, by the agent's own code, and copied: readings are told apart by host.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from agent.spool.disk import Spool
from bench.kit.processes import LOOPBACK
from tests.integration.duty import Hosts
from tests.integration.real import (
    START_S,
    Agent,
    Aggregator,
    Here,
    Mosquitto,
    Place,
    inventory_of,
    pause,
    until,
)
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue, Families
from venuewatch.base.wire.messages import Vitals, encode
from venuewatch.rehearsal.live.programs import HERE

ELSEWHERE = "TAH"
ANY = "0.0.0.0"  # noqa: S104 - of a test's own network
FAMILIES: Families = [("node_cpu_seconds_total", [[str(at), "user"] for at in range(64)])]

APART_S = 1.2
"""How long (s) two kills are apart: hosts that hang up within a second are judged together."""

_ASK_EVERY_S = 0.1
_NEVER_S = 86_400
_MORE = 6  # hosts elsewhere that live, so that the others are no cut venue


def write_spool(folder: Path, host: str, size_bytes: int) -> int:
    """Write the spool of a host, of that size; return how many readings it has."""
    spool = Spool(str(folder), host=host, max_bytes=4 * size_bytes)
    catalogue = Catalogue(FAMILIES)
    said, end, number = encode(catalogue), int(clock.wall()) - 60, 0
    while spool.size_bytes < size_bytes:
        values: list[float | None] = [number + at / 100 for at in range(64)]
        wall_ms = (end - 200_000 + number) * 1000
        vitals = Vitals("old", 1, number, wall_ms, catalogue=catalogue.key, values=values)
        spool.append(b"v" + encode(vitals), said)
        number += 1
    spool.close()
    return number


class OtherMachines(Here):
    """This machine, where programs take no CPU from those that run here."""

    def command(self, *words: str) -> Sequence[str]:
        return ("nice", "-n", "10", *words)


OTHER_MACHINES = OtherMachines()


class Fleet:
    """``returning`` hosts with a spool each, not started yet, and ``elsewhere`` that are up.

    Each question takes CPU from those who are watched: the log is read, and few pages are asked.
    """

    def __init__(
        self,
        folder: Path,
        broker: Mosquitto,
        aggregator: Aggregator,
        names: Sequence[str],
        address: str,
    ) -> None:
        self._folder = folder
        self._address = address
        self.broker = broker
        self.aggregator = aggregator
        self.names = names
        self.elsewhere: dict[str, Hosts] = {}

    def fill(self, size_bytes: int) -> int:
        """Give each host that returns a spool of that size; return how many readings it has."""
        first, *others = self.names
        readings = write_spool(self._folder / first, first, size_bytes)
        (self._folder / first / "lock").unlink()  # it has the host's name
        for other in others:
            shutil.copytree(self._folder / first, self._folder / other)
        return readings

    def come_back(self, stack: ExitStack, place: Place = OTHER_MACHINES) -> None:
        """Start the agents that have spools, at a place: behind a packet filter, say."""
        for name in self.names:
            more = (
                f'address = "{self._address}"\n'
                f'[spool]\ndirectory = "{self._folder / name}"\n[probe]\nenabled = false\n'
                f"[heartbeat]\nvitals_every_s = {_NEVER_S}\n"
            )
            agent = Agent(self._folder, self.broker.port, name, broker=more)
            stack.enter_context(agent.at(place))

    def kill(self, host: str) -> float:
        """Kill a host elsewhere; return after how many seconds that was known."""
        before = len(self._times(host, "down"))
        killed_at = clock.wall()
        self.elsewhere[host].kill()
        self._until_more(host, "down", before)
        return self._times(host, "down")[-1] - killed_at

    def kill_all(self) -> list[float]:
        """Kill each host elsewhere, and have all of them again; return when each was known."""
        known_s = []
        for host in self.elsewhere:
            known_s.append(self.kill(host))
            pause(APART_S)
        before = {host: len(self._times(host, "up")) for host in self.elsewhere}
        for hosts in self.elsewhere.values():
            hosts.start()
        for host, ups in before.items():
            self._until_more(host, "up", ups)
        return known_s

    def until_up(self) -> None:
        """Wait until all that return are up."""
        for host in self.names:
            self._until_more(host, "up", 0)

    def incidents(self) -> list[tuple[object, object]]:
        """Return host and cause of every incident but those of hosts that were killed."""
        found = [each for each in self.aggregator.events("incident") if each["change"] == "opened"]
        return [
            (each["host"], each["cause"]) for each in found if each["host"] not in self.elsewhere
        ]

    def granted_bytes(self) -> float:
        return self.aggregator.value("venuewatch_aggregator_backlog_granted_bytes_total") or 0.0

    def _until_more(self, host: str, state: str, times: int) -> None:
        def has_come() -> bool:
            return len(self._times(host, state)) > times

        until(f"{host} is {state}", has_come, within_s=START_S, every_s=_ASK_EVERY_S)

    def _times(self, host: str, state: str) -> list[float]:
        """Return when (s since 1970) a host came into a state, by the aggregator's log."""
        return [
            datetime.fromisoformat(str(change["time"])).timestamp()
            for change in self.aggregator.events("host_changed")
            if (change["host"], change["after"]) == (host, state)
        ]


@contextmanager
def fleet(
    folder: Path,
    *,
    venues: Mapping[str, int],
    elsewhere: int,
    centre: Place = HERE,
    address: str = LOOPBACK,
) -> Iterator[Fleet]:
    """Run broker, aggregator and the hosts elsewhere, all up, until the block ends.

    ``venues``: how many hosts of each are to return. All but those run at the ``centre``, which
    has the ``address`` for them.
    """
    returning = [(code, "wired", hosts) for code, hosts in venues.items()]
    inventory = inventory_of(*returning, (ELSEWHERE, "wired", elsewhere + _MORE))
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder, address=ANY).at(centre))
        place = folder / "centre"
        place.mkdir()
        whole = "[journal]\nmax_bytes = 1_099_511_627_776\n"  # what comes in is counted at the end
        made_at = Aggregator(place, broker.port, inventory=inventory, web=whole)
        aggregator = stack.enter_context(made_at.at(centre))
        names = [f"{code}-{at}" for code, of in venues.items() for at in range(1, of + 1)]
        made = Fleet(folder, broker, aggregator, names, address)
        for at in range(1, elsewhere + 1):
            name = f"{ELSEWHERE}-{at}"
            alone = f'[[venue]]\ncode = "{ELSEWHERE}"\n[[venue.host]]\nname = "{name}"\n'
            hosts = Hosts(folder, name, broker.port, alone).at(centre)
            made.elsewhere[name] = stack.enter_context(hosts)
        rest = "".join(
            f'[[venue.host]]\nname = "{ELSEWHERE}-{at}"\n'
            for at in range(elsewhere + 1, elsewhere + _MORE + 1)
        )
        code = f'[[venue]]\ncode = "{ELSEWHERE}"\n'
        stack.enter_context(Hosts(folder, "rest", broker.port, code + rest).at(centre))
        until("it has settled", aggregator.is_ready, within_s=START_S, every_s=_ASK_EVERY_S)
        yield made
