"""Lets the broker take every message, answer every client, and deliver nothing."""

from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class BrokerDoesNotDeliver(CentreFault, frozen=True):
    """Permissions taken away, or a queue that is stuck."""

    EXPECTED = "aggregator_blind"

    def hit(self, world: World) -> None:
        """Have nothing delivered."""
        world.broker.delivers = False

    def heal(self, world: World) -> None:
        """Deliver again, beginning with what waited."""
        world.broker.deliver_again()
