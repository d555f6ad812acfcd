"""Stops the broker in order: it publishes every will before it ends."""

import random

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.world import World


class BrokerStoppedInOrder(Fault, frozen=True):
    """An administrator stops the service: a will of every host that lives."""

    EXPECTED = "broker_down"

    lasts_s: float = 15.0

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Stop the broker."""
        world.broker.stop()
        world.breaks(Subject("centre"))

    def heal(self, world: World) -> None:
        """Start it again."""
        world.broker.start()
