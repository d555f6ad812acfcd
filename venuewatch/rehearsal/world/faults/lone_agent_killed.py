"""The only agent of a venue ends at once."""

import random

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._aim import breaks, first_venue, with_hosts
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.world import World


class LoneAgentKilled(Fault, frozen=True):
    """Its connection was closed, and there is nobody to ask why."""

    EXPECTED = "connection_lost"

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with a venue of one host."""
        return with_hosts(rng, 1)

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Kill it."""
        (host,) = first_venue(world).hosts.values()
        host.kill_agent()
        breaks(world, host)
