"""Counts what was refused of a results feed: a sender that knocks is not silent.

What is refused says nothing of its source. A run of refusals begins with the first one after a
message that was heard, and ends with the next message, or once nothing more is refused.
"""

from agent.checks.reading.times import Now
from agent.checks.results_feed.header import FeedError, OversizedError, UnauthorizedError
from venuewatch.base.wire.checks import CheckState


class Refusals:
    """The run of refusals that is under way, if one is, and the numbers of all of them.

    ``oversized`` is the number of those that were too large, ``malformed`` that of all others but
    those of a sender that may not send: its receiver counts them.
    """

    def __init__(self) -> None:
        self.oversized = 0
        self.malformed = 0
        self._first_s: float | None = None
        self._last_s = 0.0

    def refuse(self, error: FeedError, now: Now, limit_s: float) -> None:
        """Count a refusal; ``limit_s`` after the last one a new run begins."""
        if isinstance(error, OversizedError):
            self.oversized += 1
        elif not isinstance(error, UnauthorizedError):
            self.malformed += 1
        if self._first_s is None or now.monotonic_s - self._last_s > limit_s:
            self._first_s = now.monotonic_s
        self._last_s = max(self._last_s, now.monotonic_s)

    def hear(self) -> None:
        """Note that a message was heard."""
        self._first_s = None

    def state(self, now: Now, limit_s: float) -> tuple[CheckState, str] | None:
        """Return the state of a feed of which nothing else comes; None if nothing is refused.

        ``unknown``, and ``critical`` once the run is longer than ``limit_s``.
        """
        if self._first_s is None or now.monotonic_s - self._last_s > limit_s:
            return None
        run_s = now.monotonic_s - self._first_s
        told = f"all that came for {run_s:.0f} s was refused"
        return ("critical" if run_s > limit_s else "unknown"), told
