"""Lets a machine's wall clock run too fast or too slow."""

from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import any_host, breaks
from venuewatch.rehearsal.world.world import World


class ClockDrifting(Fault, frozen=True):
    """A virtual machine that lost its time source."""

    EXPECTED = "clock_skew"

    lasts_s: float = 120.0
    rate: float = 0.05

    def inject(self, world: World) -> None:
        """Let some clock drift."""
        host = any_host(world)
        host.machine.clock.drift(world.rng.choice((-1, 1)) * self.rate)
        breaks(world, host, "clock")
