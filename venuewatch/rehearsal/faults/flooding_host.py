"""Lets a host send far more than it may."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.base.wire import topics
from venuewatch.base.wire.topics import Stream
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import OrderedHostFault
from venuewatch.rehearsal.live import flooding
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class FloodingHost(OrderedHostFault, frozen=True):
    """A program that runs wild under an agent's name; the agent beats on beside it."""

    EXPECTED = "over_budget"
    SEEN_BY = "traffic"
    SCOPE = "budget"
    ENDS = frozenset()
    TOLD_WITHIN_S = 30.0

    lasts_s: float = 45.0
    per_s: float = 100.0

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Let these hosts flood."""
        for subject in subjects:
            agent = world.host(subject).agent
            if agent is not None:
                agent.flood(self.per_s)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Run such a program on the real machine; it ends by its own length."""
        machine = world.hosts[subject.host].machine
        topic = topics.topic(subject.venue, subject.host, Stream.BEAT)
        place = (world.broker.address, world.broker.port)
        how = ("messages", *place, self.per_s, self.longest_s, topic)
        name = f"flood-{subject.host}"
        return world.run_on(machine, name, flooding.MODULE, *how, lasts_s=self.longest_s)
