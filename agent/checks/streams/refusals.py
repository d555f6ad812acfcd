"""Counts senders that a way in refused: where one knocks, the stream is not silent.

A run of refusals begins with the first one after a message was heard, and ends with the next
message, or once nobody has been refused for the limit.
"""

from agent.checks.reading.times import Now
from venuewatch.base.wire.checks import CheckState


class Refusals:
    """The run of refusals that is under way, if one is, and the number of all of them."""

    def __init__(self) -> None:
        self.number = 0
        self._why = ""
        self._first_s: float | None = None
        self._last_s = 0.0

    def refuse(self, count: int, why: str, now: Now, limit_s: float) -> None:
        """Count some; ``limit_s`` after the last one a new run begins."""
        self.number += count
        self._why = why
        if self._first_s is None or now.monotonic_s - self._last_s > limit_s:
            self._first_s = now.monotonic_s
        self._last_s = now.monotonic_s

    def hear(self) -> None:
        """Take in that a message was heard."""
        self._first_s = None

    def note(self, now: Now, limit_s: float) -> str:
        """Return who was refused within the limit, and why; "" if nobody was."""
        if not self.number or now.monotonic_s - self._last_s > limit_s:
            return ""
        return f"refused: {self._why}"

    def state(self, now: Now, limit_s: float) -> tuple[CheckState, str] | None:
        """Return the state where nothing else comes; None while no run is under way.

        ``unknown``, and ``critical`` once the run is longer than ``limit_s``.
        """
        if self._first_s is None or now.monotonic_s - self._last_s > limit_s:
            return None
        run_s = now.monotonic_s - self._first_s
        state: CheckState = "critical" if run_s > limit_s else "unknown"
        return state, f"all that came for {run_s:.0f} s was refused"
