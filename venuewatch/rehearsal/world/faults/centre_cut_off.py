"""Cuts every venue from the centre, where everything works."""

import random

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.world import World


class CentreCutOff(Fault, frozen=True):
    """The centre's own line to the world."""

    EXPECTED = "aggregator_blind"

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Cut every uplink."""
        for venue in world.venues.values():
            venue.uplink.cut()
        world.breaks(Subject("centre"))
