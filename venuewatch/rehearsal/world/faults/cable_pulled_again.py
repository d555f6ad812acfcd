"""A machine is unplugged again soon after it was plugged in."""

from venuewatch.rehearsal.world.faults import Sequence
from venuewatch.rehearsal.world.faults.cable_pulled import CablePulled


class CablePulledAgain(Sequence, frozen=True):
    """A loose plug: once or twice it is told, each time in time."""

    EXPECTED = "host_down"
    FIRST = CablePulled
    SECOND = CablePulled
    TOLD_WITHIN_S = 8.0
    TOLD_WITHIN_TRIPS = 6.0
