"""Kills the broker."""

import random

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.world import World


class BrokerStopped(Fault, frozen=True):
    """A crash: no will is said, every connection is closed."""

    EXPECTED = "broker_down"

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Kill the broker."""
        world.broker.kill()
        world.breaks(Subject("centre"))

    def heal(self, world: World) -> None:
        """Start it again."""
        world.broker.start()
