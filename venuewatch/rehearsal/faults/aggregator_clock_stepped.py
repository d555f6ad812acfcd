"""Sets the aggregator's wall clock to another time."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import CentreFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class AggregatorClockStepped(CentreFault, frozen=True):
    """An operator's mistake, or a time source that steps by less than an hour."""

    EXPECTED = NONE
    SEEN_BY = "aggregator_clock"

    step_s: float = 3_000.0

    def hit(self, world: World) -> None:
        """Step the clock, forward or back."""
        world.observer.clock.set_offset(world.rng.choice((-1, 1)) * self.step_s)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - one
        """Step the clock by just ``step_s``."""
        world.observer.clock.set_offset(self.step_s)

    def heal(self, world: World) -> None:
        """Set it right."""
        world.observer.clock.set_offset(0.0)

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Set the clock by which the real aggregator runs."""
        return world.set_clock(world.clock, self.step_s, lasts_s=self.longest_s).end
