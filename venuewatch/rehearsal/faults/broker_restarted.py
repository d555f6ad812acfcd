"""Ends the broker, and starts it again a moment later."""

from venuewatch.rehearsal.faults import NOBODY_JUDGED, NONE
from venuewatch.rehearsal.faults.broker_stopped import BrokerStopped
from venuewatch.rehearsal.world.world import World


class BrokerRestarted(BrokerStopped, frozen=True):
    """An upgrade of the broker."""

    EXPECTED = NONE
    ALSO = NOBODY_JUDGED

    lasts_s: float = 2.0

    def hit(self, world: World) -> None:
        """End the broker: in order, or by a coin where that is left open."""
        if self.is_in_order or world.rng.random() < 0.5:  # noqa: PLR2004 - a coin
            world.broker.stop()
        else:
            world.broker.kill()
