"""Has a results source report many units at once, some of which end while others begin."""

from typing import ClassVar

from venuewatch.rehearsal.faults._talking import TalkingFault
from venuewatch.rehearsal.live.sources.instructions import Does


class BusyDay(TalkingFault, frozen=True):
    """The busiest day: ``units`` of several disciplines, each with a score every second."""

    DOES: ClassVar[Does] = "busy"

    units: float = 12.0
