"""A check that is critical on one host: since when, how often in a row, by which readings.

Times are monotonic seconds.
"""

from aggregator.core.host import INF, Host
from aggregator.core.verdicts.causes import Evidence
from aggregator.core.verdicts.unsaid import Unsaid

WAIT_EXTRA_S = 5.0
"""For how long (s) beyond a period of the check the other hosts are waited for."""


class Critical:
    """A check that was critical when its host was last read.

    ``boot`` is empty while it is only known from an earlier process. ``failed_at``: since when (s)
    it has been critical twice; None before. ``waits_until``: until when (s) other hosts are waited
    for.
    """

    __slots__ = ("boot", "count", "failed_at", "first", "host", "latest", "unsaid", "waits_until")

    def __init__(self, host: Host, every_s: float) -> None:
        self.host = host
        self.boot = ""
        self.count = 0
        self.failed_at: float | None = None
        self.waits_until = -INF
        self.first: Evidence | None = None
        self.latest: Evidence | None = None
        self.unsaid = Unsaid(every_s)

    @property
    def wait_s(self) -> float:
        """How long (s) other hosts are waited for."""
        return self.unsaid.every_s + WAIT_EXTRA_S

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The first and the latest reading that were critical."""
        return tuple(seen for seen in (self.first, self.latest) if seen is not None)

    def take(self, boot: str, every_s: float, seen: Evidence) -> None:
        """Take a critical reading in; another boot begins to count anew."""
        if boot != self.boot:
            self.boot, self.count, self.failed_at = boot, 0, None
        self.count += 1
        self.first, self.latest = seen if self.count == 1 else self.latest, seen
        self.unsaid.every_s = every_s
        self.unsaid.mention()
