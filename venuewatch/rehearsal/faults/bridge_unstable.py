"""Breaks the connection of a venue's own broker again and again."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults._victims import FIRST, VenueFault
from venuewatch.rehearsal.world.venue import SimVenue
from venuewatch.rehearsal.world.world import World


class BridgeUnstable(VenueFault, frozen=True):
    """A router that forgets connections: what the bridge says of itself counts no more."""

    EXPECTED = "bridge_unstable"
    ALSO = frozenset({"venue:venue_unreachable", "venue:flapping"})
    IS_BRIDGED = True
    CONVERGES_WITHIN_S = 1_500.0  # steady for 300 s; a venue that fell with it may be damped

    lasts_s: float = 100.0
    every_s: float = 15.0

    def inject(self, world: World) -> None:
        """Break the first venue's, again and again."""
        venue = world.venues[FIRST]
        for number in range(int(self.lasts_s / self.every_s)):
            world.loop.after(number * self.every_s, lambda: self.hit(venue))
        world.breaks(Subject("bridge", FIRST))

    def hit(self, venue: SimVenue) -> None:
        """Have the bridge connect again."""
        if venue.bridge is not None:
            venue.bridge.hang_up()
