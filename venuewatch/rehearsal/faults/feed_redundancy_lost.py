"""Takes one of two that bring the same results: they still come."""

from typing import ClassVar

from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults._victims import CheckFault


class FeedRedundancyLost(CheckFault, frozen=True):
    """A spare that is gone. On a stage a results server is switched off for it."""

    EXPECTED = "redundancy_lost"
    STATE: ClassVar[CheckState] = "redundancy_lost"
