"""Ends the broker: at once, or in order in its variant."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class BrokerStopped(CentreFault, frozen=True):
    """A crash: no will is said, every connection is closed."""

    EXPECTED = "broker_down"
    SEEN_BY = "broker"

    is_in_order: bool = False

    def hit(self, world: World) -> None:
        """End the broker."""
        if self.is_in_order:
            world.broker.stop()
        else:
            world.broker.kill()

    def heal(self, world: World) -> None:
        """Start it again."""
        world.broker.start()

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """End the real broker."""
        return world.end(world.broker, in_order=self.is_in_order, lasts_s=self.longest_s)
