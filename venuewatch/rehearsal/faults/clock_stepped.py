"""Sets a machine's wall clock to another time."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Fault, Mending
from venuewatch.rehearsal.faults._victims import any_host, breaks
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class ClockStepped(Fault, frozen=True):
    """A wrong time zone, or a dead battery."""

    EXPECTED = "clock_skew"
    SEEN_BY = "clock"
    ENDS = frozenset()

    least_s: float = 5.0
    most_s: float = 7_200.0
    step_s: float = 30.0

    def inject(self, world: World) -> None:
        """Step some clock, forward or back."""
        host, rng = any_host(world), world.rng
        host.machine.clock.set_offset(rng.choice((-1, 1)) * rng.uniform(self.least_s, self.most_s))
        breaks(world, host, "clock")

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Step the clocks of these hosts by ``step_s``."""
        for subject in subjects:
            world.host(subject).machine.clock.set_offset(self.step_s)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Set the clock by which the real agent runs."""
        clock = world.hosts[subject.host].clock
        return world.set_clock(clock, self.step_s, lasts_s=self.longest_s).end
