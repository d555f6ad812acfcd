"""Counts what was refused of a results feed: a sender that knocks is not silent.

What is refused says nothing of its source. A run of refusals begins with the first one after a
message that was heard, and ends with the next message, or once nothing more is refused. A probe is
counted, and that is all: it asks whether something answers, and something does.
"""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from agent.checks.reading.times import Now
from agent.checks.results_feed.header import Reason
from venuewatch.base.wire.checks import CheckState

OF_FILES: tuple[Reason, ...] = ("message", "oversized")
OF_PUSHES: tuple[Reason, ...] = tuple(each for each in get_args(Reason) if each != "link")
PROBE: Reason = "probe"

_UNAUTHORIZED: tuple[Reason, ...] = ("key", "peer", "browser", "content_type")
_UNREADABLE: tuple[Reason, ...] = ("message", "request", "method", "encoding", "slow")


class Refusals:
    """The run of refusals that is under way, if one is, and the numbers of all of them.

    ``by_reason`` has the number for each reason that there was.
    """

    def __init__(self) -> None:
        self.by_reason: Counter[Reason] = Counter()
        self._first_s: float | None = None
        self._last_s = float("-inf")

    @property
    def malformed(self) -> int:
        """The number of messages and requests that were none."""
        return self._sum(_UNREADABLE)

    @property
    def unauthorized(self) -> int:
        """The number of pushes that their senders may not send."""
        return self._sum(_UNAUTHORIZED)

    def _sum(self, reasons: Sequence[Reason]) -> int:
        return sum(self.by_reason[reason] for reason in reasons)

    def counts(self, reasons: Sequence[Reason]) -> list[tuple[str, float]]:
        """Return how many were refused for each reason, 0 among them."""
        return [(reason, float(self.by_reason[reason])) for reason in reasons]

    def refuse(self, reason: Reason, now: Now, limit_s: float, count: int = 1) -> None:
        """Count refusals; ``limit_s`` after the last one a new run begins."""
        self.by_reason[reason] += count
        if reason == PROBE:
            return
        if self._first_s is None or now.monotonic_s - self._last_s > limit_s:
            self._first_s = now.monotonic_s
        self._last_s = max(self._last_s, now.monotonic_s)

    def hear(self) -> None:
        """Note that a message was heard."""
        self._first_s = None

    def is_recent(self, now: Now, limit_s: float) -> bool:
        """Tell whether anything was refused within the limit."""
        return now.monotonic_s - self._last_s <= limit_s

    def state(self, now: Now, limit_s: float) -> tuple[CheckState, str] | None:
        """Return the state of a feed of which nothing else comes; None if nothing is refused.

        ``unknown``, and ``critical`` once the run is longer than ``limit_s``.
        """
        if self._first_s is None or not self.is_recent(now, limit_s):
            return None
        run_s = now.monotonic_s - self._first_s
        told = f"all that came for {run_s:.0f} s was refused"
        return ("critical" if run_s > limit_s else "unknown"), told
