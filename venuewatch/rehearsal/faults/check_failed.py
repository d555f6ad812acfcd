"""Fails a check: it twice finds the worst, or does not end in time."""

from typing import ClassVar

from aggregator.core.incidents.record import Scope
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults._victims import CheckFault


class CheckFailed(CheckFault, frozen=True):
    """A service that does not answer; its variants are what other kinds of checks look at."""

    EXPECTED = "check_failed"
    STATE: ClassVar[CheckState] = "critical"
    SCOPE: ClassVar[Scope] = "check"
    KIND: ClassVar[str] = "tcp"
