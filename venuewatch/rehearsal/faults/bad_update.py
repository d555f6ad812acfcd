"""Ends all agents of a venue within a moment, or one after the other within a second."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Fault, Mending
from venuewatch.rehearsal.faults._victims import any_venue, breaks, breaks_venue
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World

_AT_ONCE_S = 0.1  # before the first will is believed


class BadUpdate(Fault, frozen=True):
    """An update that breaks its program; once all agents are gone no neighbour can be asked."""

    EXPECTED = "venue_unreachable"
    SEEN_BY = "agent"

    within_s: float = _AT_ONCE_S

    def inject(self, world: World) -> None:
        """Kill every agent of some venue, one after the other."""
        venue = any_venue(world)
        breaks_venue(world, venue)
        for host in venue.hosts.values():
            world.loop.after(world.rng.uniform(0.0, self.within_s), host.kill_agent)
            if self.within_s > _AT_ONCE_S:  # the first may be told before
                breaks(world, host)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Kill the agents of these hosts, one after the other."""
        for subject in subjects:
            kill = world.host(subject).kill_agent
            world.loop.after(world.rng.uniform(0.0, self.within_s), kill)

    def heal(self, world: World) -> None:
        """Start every agent again."""
        for host in world.hosts():
            host.mend()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Kill the real agent."""
        host = world.hosts[subject.host]
        host.agent.kill()
        return host.start
