"""Room for backlog of each venue, and of all: twice what is granted (``credit.py``).

An agent that waits for no grant is bound by its host's budget alone; twelve such at one venue would
be forty times what is granted there. What finds no room is put back: its agent keeps it, and sends
it again. Nothing is counted against its host: an agent of an older version waits for no grant.
This module is pure arithmetic, as ``budget.py`` is. Times are monotonic seconds.
"""

from typing import Final

from aggregator.core.allowances import INF, Allowance

VENUE: Final = Allowance(500_000.0, 6e6)
"""Bytes of one venue; at once what 45 hosts may have under way."""

ALL: Final = Allowance(3e6, 24e6)
"""Bytes of all venues."""

_ROUNDING_S: Final = 1e-6


class BacklogRoom:
    """What was taken lately, by venue and in all."""

    def __init__(self) -> None:
        self._until_of: dict[str, float] = {}
        self._until = -INF

    def takes(self, venue: str, size: int, now: float, full_from: float) -> bool:
        """Tell whether there is room for ``size`` bytes of a venue, and spend it.

        ``full_from``: what was paid back by then is whole (``Budget.full_from``).
        """
        until = max(self._until_of.get(venue, -INF), full_from) + size / VENUE.per_s
        of_all = max(self._until, full_from) + size / ALL.per_s
        if max(until - VENUE.burst_s, of_all - ALL.burst_s) > now + _ROUNDING_S:
            return False
        self._until_of[venue], self._until = until, of_all
        return True
