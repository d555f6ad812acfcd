"""Hangs the broker's process; its kernel still takes connections."""

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class BrokerFrozen(CentreFault, frozen=True):
    """A disk that blocks, or SIGSTOP."""

    EXPECTED = "broker_down"
    SEEN_BY = "broker"

    lasts_s: float = 20.0

    def hit(self, world: World) -> None:
        """Freeze the broker."""
        world.broker.process.freeze()

    def heal(self, world: World) -> None:
        """Let it go on."""
        world.broker.process.resume()

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Stop the real broker."""
        return world.freeze(world.broker, lasts_s=self.longest_s).end
