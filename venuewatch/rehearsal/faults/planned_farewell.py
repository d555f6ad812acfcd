"""Stops an agent in order, and starts it again in time."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Fault, Mending
from venuewatch.rehearsal.faults._victims import any_host
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class PlannedFarewell(Fault, frozen=True):
    """A planned reboot."""

    EXPECTED = NONE
    SEEN_BY = "agent"
    ENDS = frozenset({"begin"})

    lasts_s: float = 20.0

    def inject(self, world: World) -> None:
        """Stop some agent in order, and start it again."""
        host = any_host(world)
        self.strike(world, [Subject("host", host.venue, host.name)])
        world.loop.after(self.lasts_s, host.mend)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Stop these agents in order."""
        for subject in subjects:
            agent = world.host(subject).agent
            if agent is not None:
                agent.stop()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Stop the real agent in order."""
        host = world.hosts[subject.host]
        return host.end_agent(in_order=True, lasts_s=self.longest_s)
