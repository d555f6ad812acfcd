"""Sets the aggregator's wall clock to another year."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from aggregator.core.incidents.troubles import subject_of
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.faults import Fault, Mending
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class CentreClockJump(Fault, frozen=True):
    """A time source gone mad, or an operator who mistypes a year: no host is accused."""

    EXPECTED = "clock_jump"
    SEEN_BY = "aggregator_clock"
    TOLD_WITHIN_S = 3.0

    jump_s: float = 31_536_000.0

    def inject(self, world: World) -> None:
        """Set the clock, forward or back."""
        world.observer.clock.set_offset(world.rng.choice((-1, 1)) * self.jump_s)
        world.breaks(subject_of(Cause.CLOCK_JUMP))

    def strike(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - one
        """Set the clock by just ``jump_s``."""
        world.observer.clock.set_offset(self.jump_s)

    def heal(self, world: World) -> None:
        """Set it right."""
        world.observer.clock.set_offset(0.0)

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Set the clock by which the real aggregator runs."""
        return world.set_clock(world.clock, self.jump_s, lasts_s=self.longest_s).end
