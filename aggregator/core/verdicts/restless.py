"""Venues of which host after host hangs up: a vote of theirs delays no verdict elsewhere.

Five of a venue's hosts that hung up in the minute before, each for the first time in it, make it
restless: more than one host can do, and more than die by themselves. The last seconds do not count:
what closes connections of many venues may take so long, and is one case. Times are monotonic
seconds.
"""

from collections import deque

from aggregator.core.fleet import Fleet

RESTLESS_S = 60.0
"""For so long (s) a hang-up is remembered."""

SPREAD_S = 5.0
"""For so long (s) what hung up together may hang up, one after the other."""

_LEAST = 5
_AFTER_S = SPREAD_S + 1.0
_SECONDS = int(RESTLESS_S) + 2


class RestlessVenues:
    """Counts the hang-ups of each venue by the second."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._counts: dict[str, deque[tuple[int, int]]] = {}

    def note(self, venue: str, now: float) -> None:
        """Note that a host of a venue hung up, for the first time in a minute."""
        if venue not in self._counts and len(self._counts) >= len(self._fleet.venues):
            self._forget_removed()
        counts = self._counts.setdefault(venue, deque(maxlen=_SECONDS))
        second = int(now)
        count = counts.pop()[1] if counts and counts[-1][0] == second else 0
        counts.append((second, count + 1))

    def has(self, venue: str, now: float) -> bool:
        """Tell whether a venue is restless."""
        counts = self._counts.get(venue, ())
        found = 0
        for second, count in counts:
            if second + 1 > now - _AFTER_S:
                break
            found += count if second >= now - RESTLESS_S else 0
            if found >= _LEAST:
                return True
        return False

    def _forget_removed(self) -> None:
        for code in self._counts.keys() - self._fleet.venues.keys():
            del self._counts[code]
