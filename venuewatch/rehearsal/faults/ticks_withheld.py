"""Withholds the centre's ticks from a venue that is heard."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import any_venue
from venuewatch.rehearsal.world.world import World


class TicksWithheld(Fault, frozen=True):
    """Permissions, or a queue that drops messages on the way down."""

    EXPECTED = "one_way_loss"

    def inject(self, world: World) -> None:
        """Have the broker tell the hosts of some venue nothing at QoS 0."""
        venue = any_venue(world)
        world.broker.unticked = frozenset(venue.hosts)
        world.breaks(Subject("link", venue.plan.code))

    def heal(self, world: World) -> None:
        """Tell them again."""
        world.broker.unticked = frozenset()
