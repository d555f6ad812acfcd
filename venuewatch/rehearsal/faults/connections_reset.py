"""Closes the connections of many agents at once; in a variant some can not come back."""

from collections.abc import Collection
from typing import ClassVar

from aggregator.core.incidents.record import Subject
from aggregator.core.losses import HUNG_UP
from venuewatch.rehearsal.faults import NONE, Fault, Mending
from venuewatch.rehearsal.faults._victims import FIRST, breaks_venue
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class ConnectionsReset(Fault, frozen=True):
    """A firewall or load balancer that starts again, and forgets every connection.

    ``BLOCKED`` hosts of the first venue, and ``BLOCKED_ELSEWHERE`` of another one, do not get
    through it any more.
    """

    EXPECTED = NONE
    SEEN_BY = "sessions"
    ENDS = frozenset({"begin"})
    BLOCKED: ClassVar[int] = 0
    BLOCKED_ELSEWHERE: ClassVar[int] = 0

    def inject(self, world: World) -> None:
        """Close all connections of agents, the centre's own not."""
        first, *others = world.venues.values()
        blocked = world.rng.sample(list(first.hosts.values()), self.BLOCKED)
        if self.BLOCKED_ELSEWHERE:
            other = world.rng.choice(others)
            blocked += world.rng.sample(list(other.hosts.values()), self.BLOCKED_ELSEWHERE)
            world.breaks(HUNG_UP)
        elif self.BLOCKED:
            breaks_venue(world, world.venues[FIRST])
        for host in blocked:
            host.machine.plug("out")
        world.broker.reset({host.name for host in world.hosts()})

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Close the connections of these hosts, or of all of a venue; let named hosts not back."""
        for subject in subjects:
            if subject.host:
                world.host(subject).machine.plug("out")
        world.broker.reset(
            {
                host.name
                for subject in subjects
                for host in world.venues[subject.venue].hosts.values()
                if subject.host in {"", host.name}
            }
        )

    def heal(self, world: World) -> None:
        """Let everybody through."""
        for host in world.hosts():
            host.mend()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Close the connections of a venue; let a named host not back."""
        blocked = None
        if subject.host:
            blocked = world.refuse(subject.host, lasts_s=self.longest_s)
        world.reset_connections(subject.venue)
        return blocked.end if blocked is not None else lambda: None
