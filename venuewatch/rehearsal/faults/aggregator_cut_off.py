"""Cuts the aggregator off from its broker; the agents reach that as ever."""

from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.world.world import World


class AggregatorCutOff(CentreFault, frozen=True):
    """A cable between two machines of the centre."""

    EXPECTED = "aggregator_blind|broker_down"
    SEEN_BY = "aggregator_line"

    def hit(self, world: World) -> None:
        """Cut both ways."""
        for leg in world.centre_legs:
            leg.is_cut = True

    def heal(self, world: World) -> None:
        """Join them again."""
        for leg in world.centre_legs:
            leg.is_cut = False
