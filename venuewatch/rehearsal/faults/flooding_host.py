"""Lets a host send far more than it may."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import any_host, breaks
from venuewatch.rehearsal.world.world import World


class FloodingHost(Fault, frozen=True):
    """A program that runs wild under an agent's name; the agent beats on beside it."""

    EXPECTED = "over_budget"
    SEEN_BY = "traffic"
    TOLD_WITHIN_S = 30.0

    lasts_s: float = 45.0
    per_s: float = 100.0

    def inject(self, world: World) -> None:
        """Let some host flood."""
        host = any_host(world)
        self.strike(world, [Subject("host", host.venue, host.name)])
        breaks(world, host, "budget")

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Let these hosts flood."""
        for subject in subjects:
            agent = world.host(subject).agent
            if agent is not None:
                agent.flood(self.per_s)
