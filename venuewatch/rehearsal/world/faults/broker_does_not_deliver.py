"""Lets the broker take every message, answer every client, and deliver nothing."""

import random

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.world import World


class BrokerDoesNotDeliver(Fault, frozen=True):
    """Permissions taken away, or a queue that is stuck."""

    EXPECTED = "aggregator_blind"

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Have nothing delivered."""
        world.broker.delivers = False
        world.breaks(Subject("centre"))

    def heal(self, world: World) -> None:
        """Deliver again, beginning with what waited."""
        world.broker.deliver_again()
