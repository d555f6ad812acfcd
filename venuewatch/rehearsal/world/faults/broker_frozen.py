"""Hangs the broker's process; its kernel still takes connections."""

import random

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.world import World


class BrokerFrozen(Fault, frozen=True):
    """A disk that blocks, or SIGSTOP."""

    EXPECTED = "broker_down"

    lasts_s: float = 20.0

    def inject(self, world: World, rng: random.Random) -> None:  # noqa: ARG002
        """Freeze the broker."""
        world.broker.process.freeze()
        world.breaks(Subject("centre"))

    def heal(self, world: World) -> None:
        """Let it go on."""
        world.broker.process.resume()
