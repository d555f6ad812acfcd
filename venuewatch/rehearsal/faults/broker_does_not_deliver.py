"""Lets the broker take every message, answer every client, and deliver nothing."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class BrokerDoesNotDeliver(CentreFault, frozen=True):
    """Permissions taken away, or a queue that is stuck."""

    EXPECTED = "aggregator_blind"
    SEEN_BY = "ticks"

    def hit(self, world: World) -> None:
        """Have nothing delivered."""
        world.broker.delivers = False

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Have nothing delivered, or nothing at QoS 0 to these hosts."""
        names = frozenset(subject.host for subject in subjects if subject.host)
        if names:
            world.broker.unticked |= names
        else:
            self.hit(world)

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Deliver to them again."""
        names = frozenset(subject.host for subject in subjects if subject.host)
        if names:
            world.broker.unticked -= names
        else:
            self.heal(world)

    def heal(self, world: World) -> None:
        """Deliver again, beginning with what waited."""
        world.broker.deliver_again()
