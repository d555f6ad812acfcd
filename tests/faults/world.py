"""A live world of a test: its venues are a plan's, and it has the incidents since a mark."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import repeat
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from venuewatch.base import clock
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.fleet import StageCheck, checks_of
from venuewatch.rehearsal.live import world as live
from venuewatch.rehearsal.live.pages import Incident
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.world import RECONNECT_MAX_S
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.stage.run import Run

__all__ = ["RECONNECT_MAX_S", "Incident", "Plan", "World", "world_of"]

_ASK_EVERY_S: Final = 0.05  # a page keeps the aggregator busy, and many may wait for one


class Plan(NamedTuple):
    """A venue of a world; ``way`` is each direction of its uplink.

    With ``roles`` its hosts have the checks of those.
    """

    code: str
    hosts: int
    link: Link = "wired"
    way: Way = Way()
    roles: tuple[str, ...] = ()


class World(live.World):
    """A live world, and the incidents since the last ``mark``."""

    def __init__(
        self,
        folder: Path,
        run: Run,
        plans: Sequence[Plan],
        reconnect_max_s: float = RECONNECT_MAX_S,
        webhook_url: str = "",
    ) -> None:
        ways = {plan.code: plan.way for plan in plans}
        inventory = Inventory(tuple(map(_venue_of, plans)))
        super().__init__(
            folder,
            run,
            inventory,
            ways=ways,
            reconnect_max_s=reconnect_max_s,
            webhook_url=webhook_url,
            checks=_checks_of,
        )
        self._marked = self._opened_before = 0
        self._marked_at = 0.0
        self._changes_before = 0

    def mark(self) -> None:
        """Wait until all is well, and forget the incidents before."""
        self.await_well()
        self._marked = max((incident.number for incident in self.ever()), default=0)
        self._marked_at, self._opened_before = clock.wall(), len(self._opened())
        self._changes_before = len(self.aggregator.accused())

    def expect(self, scope: str, who: str, cause: str, *, within_s: float) -> Incident:
        """Return the incident that must be there, of that cause, within so long (s)."""
        wanted = (scope, who, cause)

        def find() -> Incident | None:
            found = self.incidents()
            return next((incident for incident in found if incident.name == wanted), None)

        return until(f"{wanted} is an incident", find, within_s=within_s, every_s=_ASK_EVERY_S)

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

    def wills(self) -> float:
        """Return how many wills and farewells the aggregator has received."""
        name = "venuewatch_aggregator_messages_total"
        return self.aggregator.value(name, stream="death") or 0.0

    def stalls(self) -> list[tuple[float, float]]:
        """Return when (wall s) the aggregator noticed that it had not run, and for how long (s)."""
        return [
            (datetime.fromisoformat(str(said["time"])).timestamp(), float(str(said["lag_s"])))
            for said in self.aggregator.events("stalled")
        ]

    def named(self) -> list[tuple[str, str, str]]:
        """Return scope, venue or host, and cause of every incident since the mark."""
        return [incident.name for incident in self.incidents()]

    def called(self, state: str) -> set[str]:
        """Return the hosts that were called ``down`` or ``unreachable`` since the mark."""
        changes = self.aggregator.accused()[self._changes_before :]
        return {str(change["host"]) for change in changes if change["after"] == state}


@contextlib.contextmanager
def world_of(
    folder: Path,
    plans: Sequence[Plan],
    *,
    reconnect_max_s: float = RECONNECT_MAX_S,
    webhook_url: str = "",
) -> Iterator[World]:
    """Yield a world whose hosts are all up; nothing is left of it afterwards."""
    with staged() as run:
        world = World(folder, run, plans, reconnect_max_s, webhook_url)
        try:
            world.start()
            yield world
        finally:
            world.close()


def _venue_of(plan: Plan) -> VenueEntry:
    hosts = (
        HostEntry(f"{plan.code}-{at}", role=role)
        for at, role in zip(range(1, plan.hosts + 1), plan.roles or repeat(""), strict=False)
    )
    return VenueEntry(plan.code, link=plan.link, host=tuple(hosts))


def _checks_of(host: HostEntry, venue: VenueEntry) -> tuple[StageCheck, ...]:
    return checks_of(host, venue) if host.role else ()
