"""Loudest owner: who has most notices waiting that may be dropped.

Owners stand in buckets by their count, so that a change and the question take the same time for
one owner and for a whole fleet.
"""

from aggregator.core.notices.turns import Owner


class Loudness:
    """How many notices of each owner may be dropped."""

    def __init__(self) -> None:
        self._counts: dict[Owner, int] = {}
        self._buckets: dict[int, dict[Owner, None]] = {}
        self._most = 0

    def count(self, owner: Owner) -> int:
        """Return how many notices of an owner may be dropped."""
        return self._counts.get(owner, 0)

    def change(self, owner: Owner, by: int) -> None:
        """Count so many more, or fewer, of an owner."""
        was = self._counts.get(owner, 0)
        now = was + by
        if not by:
            return
        if now < 0:
            raise ValueError(f"{owner} cannot have {now} notices that may be dropped")
        if was:
            bucket = self._buckets[was]
            del bucket[owner]
            if not bucket:
                del self._buckets[was]
        if now:
            self._counts[owner] = now
            self._buckets.setdefault(now, {})[owner] = None
        else:
            del self._counts[owner]
        self._most = max(self._most, now)
        while self._most and self._most not in self._buckets:
            self._most -= 1

    def loudest(self) -> Owner | None:
        """Return who has most, the longest so; None if nothing may be dropped."""
        return next(iter(self._buckets[self._most])) if self._most else None
