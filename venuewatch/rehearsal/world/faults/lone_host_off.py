"""The only machine of a venue loses its power."""

import random

from venuewatch.rehearsal.world.faults import AroundKeepalive
from venuewatch.rehearsal.world.faults._aim import breaks, first_venue, with_hosts
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.world import World


class LoneHostOff(AroundKeepalive, frozen=True):
    """There is nobody to ask, and a guess is no verdict."""

    EXPECTED = "silent"

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with a venue of one host."""
        return with_hosts(rng, 1)

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Switch it off."""
        (host,) = first_venue(world).hosts.values()
        host.power_off()
        breaks(world, host)
