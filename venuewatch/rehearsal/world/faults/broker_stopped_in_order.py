"""Stops the broker in order: it publishes every will before it ends."""

from venuewatch.rehearsal.world.faults.broker_stopped import BrokerStopped
from venuewatch.rehearsal.world.world import World


class BrokerStoppedInOrder(BrokerStopped, frozen=True):
    """An administrator stops the service: a will of every host that lives."""

    lasts_s: float = 15.0

    def hit(self, world: World) -> None:
        """Stop the broker."""
        world.broker.stop()
