"""A whole rehearsal: real agents at venues, a real broker and a real aggregator at the centre."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from aggregator.shell.http.api.incidents import ExcuseView
from aggregator.shell.http.api.record import IncidentJson
from tests.faults.host import Host
from tests.faults.stage import staged
from tests.integration.real import Aggregator, Mosquitto, Process, until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.stage.faults import freeze, refuse_hosts, reset_connections
from venuewatch.rehearsal.stage.guardian import Fault
from venuewatch.rehearsal.stage.machine import Machine, entered
from venuewatch.rehearsal.stage.network import CENTRE, Lan, address_of, make_centre
from venuewatch.rehearsal.stage.run import Run

RECONNECT_MAX_S: Final = 2.0
"""How long (s) a host waits at most between two attempts, so that a world heals soon."""

_AT_ONCE: Final = 20
_PAGES_EVERY_S: Final = 0.2
_WELL_S: Final = 180.0  # spells without verdicts are one incident until 60 s without any
_LINGERING: Final = frozenset(
    {"flapping", "duplicate_identity"}
)  # for minutes, in case they return


class Plan(NamedTuple):
    """A venue of a world; ``way`` is each direction of its uplink."""

    code: str
    hosts: int
    link: str = "wired"
    way: Way = Way()


class Incident(IncidentJson, frozen=True, kw_only=True):
    """An incident as the aggregator reports it over HTTP."""

    @property
    def name(self) -> tuple[str, str, str]:
        """Scope, venue or host, and cause."""
        return (self.scope, self.host or self.venue, self.cause)

    @property
    def kinds(self) -> set[str]:
        """The kinds of its evidence."""
        return {seen.seen for seen in self.evidence}


class _Page(msgspec.Struct, frozen=True):
    incidents: tuple[Incident, ...]
    excuses: tuple[ExcuseView, ...]


class World:
    """The programs of a rehearsal, and the incidents since the last ``mark``.

    Attributes:
        up_at: when (monotonic s) all hosts were up for the first time.
    """

    def __init__(
        self, folder: Path, run: Run, plans: Sequence[Plan], reconnect_max_s: float
    ) -> None:
        broker = f'address = "{CENTRE}"\nreconnect_max_s = {reconnect_max_s}\n'
        self._guardian = run.guardian
        self._plans = plans
        self._centre = Machine(run.prefix, "centre")
        self.broker = Mosquitto(folder, address=CENTRE).at(self._centre)
        self.aggregator = Aggregator(
            folder, self.broker.port, inventory=_inventory(plans), broker=broker
        ).at(self._centre)
        self.lans: dict[str, Lan] = {}
        self.hosts: dict[str, Host] = {}
        for number, plan in enumerate(plans, start=1):
            lan = self.lans[plan.code] = Lan(run, number, self._centre, plan.way)
            for at in range(1, plan.hosts + 1):
                name = f"{plan.code}-{at}"
                of_venue = f'{broker}link = "{plan.link}"\n'
                self.hosts[name] = Host(name, folder, lan, port=self.broker.port, broker=of_venue)
        self._marked = self._opened_before = 0
        self._marked_at = 0.0
        self._changes_before = 0
        self.up_at = 0.0

    def start(self) -> None:
        """Start everything, the agents a few at a time, and wait until all of it is well."""
        make_centre(self._centre)
        for plan in self._plans:
            self.lans[plan.code].make(plan.hosts)
        self.broker.start()
        self.aggregator.start()
        for count, host in enumerate(self.hosts.values(), start=1):
            host.start()
            if count % _AT_ONCE == 0 or count == len(self.hosts):
                self._until(f"{count} hosts are up", lambda count=count: self.hosts_up() >= count)  # type: ignore[misc]
        self.up_at = clock.monotonic()

    def close(self) -> None:
        """End everything that was started."""
        for lan in self.lans.values():
            lan.close()
        agents = (program for host in self.hosts.values() for program in host.programs)
        for process in (*agents, self.aggregator, self.broker):
            if process.is_running:
                process.kill()

    def venue(self, code: str) -> list[Host]:
        """Return the hosts of a venue, in their order."""
        return [host for host in self.hosts.values() if host.name.startswith(f"{code}-")]

    def hosts_up(self) -> int:
        lines = (self.aggregator.get("/metrics") or "").splitlines()
        return sum(
            line.startswith("venuewatch_host_state{") and 'state="up"' in line for line in lines
        )

    def mark(self) -> None:
        """Wait until all is well, and forget the incidents before."""
        self._until("all is well", self._is_well)
        self._marked = max((incident.number for incident in self.ever()), default=0)
        self._marked_at, self._opened_before = clock.wall(), len(self._opened())
        self._changes_before = len(self.aggregator.accused())

    def recover(self) -> None:
        """Undo every fault, and wait until all is well."""
        self._guardian.end_all()
        for lan in self.lans.values():
            lan.uplink.heal()
        for process in (self.broker, self.aggregator):
            if not process.is_running:
                process.start()
        for host in self.hosts.values():
            host.heal()
        self._until("all is well", self._is_well)

    def at_centre(self) -> contextlib.AbstractContextManager[None]:
        """Be on the centre's machine, with this thread and all that it starts meanwhile."""
        return entered(self._centre.namespace)

    def freeze(self, process: Process) -> Fault:
        """Let a program stand still, until its fault ends or the world recovers."""
        return freeze(self._guardian, process.pid)

    def reset_connections(self) -> None:
        """Close the connections of all hosts at once, the aggregator's not."""
        reset_connections(self._centre, self.broker.port, but=CENTRE)

    def refuse(self, *names: str) -> Fault:
        """Let these hosts not connect any more, until the fault ends or the world recovers."""
        return refuse_hosts(
            self._guardian, self._centre, [self.hosts[name].address for name in names]
        )

    def expect(self, scope: str, who: str, cause: str, *, within_s: float) -> Incident:
        """Return the incident that must be there, of that cause, within so long (s)."""
        wanted = (scope, who, cause)

        def find() -> Incident | None:
            found = self.incidents()
            return next((incident for incident in found if incident.name == wanted), None)

        return until(f"{wanted} is an incident", find, within_s=within_s)

    def incidents(self) -> list[Incident]:
        """Return the incidents that were opened since the mark, the oldest first.

        One of before that was opened again has the evidence of since then.
        """
        again = set(self._opened()[self._opened_before :])
        return [
            incident if incident.number > self._marked else self._since_mark(incident)
            for incident in self.ever()
            if incident.number > self._marked or incident.number in again
        ]

    def _opened(self) -> list[object]:
        """Return the numbers of incidents as they were opened, or opened again."""
        said = self.aggregator.events("incident")
        return [each["number"] for each in said if each["change"] == "opened"]

    def _since_mark(self, incident: Incident) -> Incident:
        seen = tuple(seen for seen in incident.evidence if seen.at >= self._marked_at)
        return msgspec.structs.replace(incident, evidence=seen)

    def stalls(self) -> list[tuple[float, float]]:
        """Return when (wall s) the aggregator noticed that it had not run, and for how long (s)."""
        return [
            (datetime.fromisoformat(str(said["time"])).timestamp(), float(str(said["lag_s"])))
            for said in self.aggregator.events("stalled")
        ]

    def ever(self) -> list[Incident]:
        """Return every incident since the world began, the oldest first."""
        return sorted(self._page().incidents, key=lambda incident: incident.number)

    def is_excused(self, name: str) -> bool:
        """Tell whether a verdict on a host would be put off now."""
        return any(name in excuse.hosts for excuse in self._page().excuses)

    def _page(self) -> _Page:
        text = self.aggregator.get("/api/v1/incidents")
        assert text is not None, "the aggregator tells no incidents"
        return msgspec.json.decode(text, type=_Page)

    def named(self) -> list[tuple[str, str, str]]:
        """Return scope, venue or host, and cause of every incident since the mark."""
        return [incident.name for incident in self.incidents()]

    def called(self, state: str) -> set[str]:
        """Return the hosts that were called ``down`` or ``unreachable`` since the mark."""
        changes = self.aggregator.accused()[self._changes_before :]
        return {str(change["host"]) for change in changes if change["after"] == state}

    def _is_well(self) -> bool:
        """Tell whether all hosts are up, and no incident is open that can be over by now."""
        return all(
            incident.closed_at is not None or incident.cause in _LINGERING
            for incident in self.ever()
        ) and self.hosts_up() == len(self.hosts)

    def _until(self, what: str, ask: Callable[[], bool]) -> None:
        """Wait for it without keeping the aggregator busy with long pages."""
        until(what, ask, within_s=_WELL_S, every_s=_PAGES_EVERY_S)


@contextlib.contextmanager
def world_of(
    folder: Path, plans: Sequence[Plan], *, reconnect_max_s: float = RECONNECT_MAX_S
) -> Iterator[World]:
    """Yield a world whose hosts are all up; nothing is left of it afterwards."""
    with staged() as run:
        world = World(folder, run, plans, reconnect_max_s)
        try:
            world.start()
            yield world
        finally:
            world.close()


def _inventory(plans: Sequence[Plan]) -> str:
    lines = []
    for number, plan in enumerate(plans, start=1):
        lines += ["[[venue]]", f'code = "{plan.code}"', f'link = "{plan.link}"']
        for at in range(1, plan.hosts + 1):
            lines += ["[[venue.host]]", f'name = "{plan.code}-{at}"']
            lines += [f'address = "{address_of(number, at)}"', f"gateway = {str(at == 1).lower()}"]
    return "\n".join(lines) + "\n"
