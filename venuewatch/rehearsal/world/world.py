"""A whole simulated fleet under the real core.

Everything happens on a virtual clock and follows from one seed. Nothing in this folder knows a rule
of the core. It knows packets, processes and clocks, and what is really broken.
"""

import random
from collections.abc import Callable, Iterator
from typing import Final

from aggregator.core.centre import Centre
from aggregator.core.incidents.record import Subject
from aggregator.core.liveness import AWAY_LIMIT_S
from aggregator.core.states import ALIVE, VenueState
from aggregator.inventory import Inventory
from venuewatch.rehearsal.world.broker import Broker
from venuewatch.rehearsal.world.connect import Route
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Leg, Way
from venuewatch.rehearsal.world.observer import NAME, Observer
from venuewatch.rehearsal.world.venue import SimHost, SimVenue

STARTS_AT: Final = 1_000.0
"""When (s) a world begins, on its clock."""

CENTRE_DELAY_S = 0.0002  # one way between the broker's machine and the aggregator's
START_WITHIN_S = 3.0
LOOK_EVERY_S = 0.5


class World:
    """Everything there is; nothing happens until ``run``.

    A restarted aggregator goes on from what the one before it knew, as from its journal.

    Attributes:
        rng: where all chance comes from.
        broken: what is broken, since when (s); told by the faults.
        was_broken: what ever was, since when it first was.
        centre_legs: the ways between the broker and the aggregators beside it.
    """

    def __init__(
        self, layout: Layout, rng: random.Random, *, away_limit_s: float = AWAY_LIMIT_S
    ) -> None:
        self._layout = layout
        self._away_limit_s = away_limit_s
        self.loop = Loop(start=STARTS_AT)
        self.rng = rng
        self.broken: dict[Subject, float] = {}
        self.was_broken: dict[Subject, float] = {}
        self.broker = Broker(self.loop, rng)
        self.centre_legs: list[Leg] = []
        self.venues = {
            plan.code: SimVenue(self.loop, rng, plan, self.broker) for plan in layout.venues
        }
        self.observer = self.aggregator(NAME)

    @property
    def now(self) -> float:
        """The present (s)."""
        return self.loop.now

    @property
    def inventory(self) -> Inventory:
        """What the aggregator was told of the fleet."""
        return self._layout.written

    def hosts(self) -> Iterator[SimHost]:
        """Go through every host of every venue."""
        for venue in self.venues.values():
            yield from venue.hosts.values()

    def host(self, subject: Subject) -> SimHost:
        """Return the host that a subject names."""
        return self.venues[subject.venue].hosts[subject.host]

    def aggregator(self, name: str) -> Observer:
        """Return an aggregator beside all others, which is not started yet."""
        route = Route(self.broker, self._centre_way(), self._centre_way())
        return Observer(self.loop, self.rng, route, self._new_centre, name=name)

    def start(self) -> None:
        """Start the aggregator, and every agent soon after."""
        self.observer.start()
        for host in self.hosts():
            self.loop.after(self.rng.uniform(0.0, START_WITHIN_S), host.start_agent)

    def run(self, seconds: float) -> None:
        """Let some time pass."""
        self.loop.run(self.loop.now + seconds)

    def run_until(self, is_so: Callable[[], bool], *, within_s: float) -> bool:
        """Let time pass until something is so; return False if it never was."""
        end = self.loop.now + within_s
        while not is_so():
            if self.loop.now >= end:
                return False
            self.run(LOOK_EVERY_S)
        return True

    def breaks(self, subject: Subject) -> None:
        """Note that something broke now."""
        self.broken.setdefault(subject, self.now)
        self.was_broken.setdefault(subject, self.now)

    def open_subjects(self) -> list[Subject]:
        """Return what the present core has an open incident about."""
        latest = {
            told.changed.incident.number: told.changed.incident
            for told in self.observer.told
            if told.run == self.observer.run_number
        }
        return [incident.subject for incident in latest.values() if incident.closed_at is None]

    def trouble(self) -> list[str]:
        """Return what keeps the world from being at peace, in words; empty when nothing does."""
        centre = self.observer.centre
        said = [f"open: {subject}" for subject in self.open_subjects()]
        if not centre.is_ready:
            said.append("the core is not settled")
        for venue in centre.fleet.venues.values():
            state = venue.state
            if state is not VenueState.OK:
                said.append(f"{venue.code} is {state}")
            said += [
                f"{host.name} is {host.state}"
                for host in venue.hosts.values()
                if host.state not in ALIVE and host.is_listed
            ]
        if self.observer.notifier.waiting:
            said.append(f"{self.observer.notifier.waiting} notices wait")
        said += [
            f"{host.name} is not heard whole"
            for host in self.hosts()
            if host.agent is None or not host.agent.is_content
        ]
        return said

    def _new_centre(self, name: str, before: Centre | None, stopped_at: float) -> Centre:
        now = self.loop.now
        centre = Centre(self._layout.fleet(), name=name, start=now, away_limit_s=self._away_limit_s)
        memory = None
        if before is not None:
            memory = self.observer.journal.memory(before, stopped_at)
        if memory is not None:
            centre.restore(now, memory)
        return centre

    def _centre_way(self) -> Way:
        leg = Leg(self.rng, delay_s=CENTRE_DELAY_S)
        self.centre_legs.append(leg)
        return Way(self.loop, [leg])
