"""Counts senders that a way in refused: where one knocks, the stream is not silent."""

from collections.abc import Mapping

from agent.checks.reading.times import Now
from agent.checks.results_feed import refusals
from agent.checks.results_feed.header import Reason


class Refusals(refusals.Refusals):
    """The run of refusals that is under way, if one is, and why the last sender was refused."""

    def __init__(self) -> None:
        super().__init__()
        self._why = ""

    def refuse_all(self, counts: Mapping[Reason, int], why: str, now: Now, limit_s: float) -> None:
        """Count some, by their reasons; ``why`` is said of the last one, "" if all are probes."""
        self._why = why or self._why
        for reason, count in counts.items():
            self.refuse(reason, now, limit_s, count)

    def note(self, now: Now, limit_s: float) -> str:
        """Return who was refused within the limit, and why; "" if nobody was."""
        return f"refused: {self._why}" if self.is_recent(now, limit_s) else ""
