"""Moments of a results day: what happens, and what should be shown from then on."""

from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from typing import NamedTuple

from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.feeds import CAUSES
from venuewatch.base.wire.checks import ResultsState
from venuewatch.demo.results_day.speaker import Sent, Speaker


class Moment(NamedTuple):
    """Something that happens at ``at`` (local), and the state that the check has from then on.

    ``at`` is when the limits of the check are over; the next reading shows it.
    ``is_clock_wrong``: the clock of the source is to be told as wrong, too.
    """

    at: str
    state: ResultsState
    says: str
    is_clock_wrong: bool = False

    @property
    def causes(self) -> frozenset[str]:
        """The causes of incidents that are open then."""
        of_state = CAUSES.get(self.state)
        causes = [] if of_state is None else [str(of_state)]
        return frozenset([*causes, *([str(Cause.RESULTS_CLOCK)] if self.is_clock_wrong else [])])


class Script(NamedTuple):
    """The day of one results system, at the host that watches it.

    ``says`` returns its messages on a day in a zone; ``by_push``: they come by HTTP, else as files.
    """

    venue: str
    host: str
    zone: str
    by_push: bool
    moments: Sequence[Moment]
    says: Callable[[date, tzinfo], list[Sent]]

    def unixtime(self, at: str, day: date, zone: tzinfo) -> float:
        """Return a time of the script in unixtime."""
        return Speaker("", day, zone).unixtime(at)
