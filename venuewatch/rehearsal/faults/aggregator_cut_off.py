"""Cuts the aggregator off from its broker; the agents reach that as ever."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.blocking import block
from venuewatch.rehearsal.stage.network import CENTRE
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

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Lose what the centre's address says to itself: aggregator and broker are both there."""
        return block(world.guardian, world.centre, [CENTRE], lasts_s=self.longest_s).end
