"""Cuts every venue from the centre, where everything works."""

from contextlib import ExitStack

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.delay_line import Way
from venuewatch.rehearsal.world.world import World


class CentreCutOff(CentreFault, frozen=True):
    """The centre's own line to the world."""

    EXPECTED = "aggregator_blind"
    SEEN_BY = "line"

    def hit(self, world: World) -> None:
        """Cut every uplink."""
        for venue in world.venues.values():
            venue.uplink.cut()

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Cut every line at once."""
        cut = Way(is_cut=True)
        mending = ExitStack()
        for code in world.lans:
            mending.callback(world.change_line(code, cut, cut, lasts_s=self.longest_s).end)
        return mending.close
