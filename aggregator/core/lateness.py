"""How late beats come, by venue: a wrong class of link shows here before it alarms."""

from bisect import bisect_left

LATENESS_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0)


_NEAR_MISS = 0.75  # of the margin: its last quarter is too near


class Lateness:
    """How late the beats of one venue came, against when each was expected.

    Attributes:
        counts: beats by bucket of :data:`LATENESS_BUCKETS_S`, the last beyond all of them.
        total_s: the sum (s) over all late ones.
        near_misses: beats that came in the last quarter of their margin.
    """

    __slots__ = ("counts", "near_misses", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENESS_BUCKETS_S) + 1)
        self.total_s = 0.0
        self.near_misses = 0

    def observe(self, late_s: float, margin_s: float) -> None:
        """Take in a beat that came ``late_s`` after it was expected; negative is early."""
        if late_s <= LATENESS_BUCKETS_S[0]:
            self.counts[0] += 1
            return
        self.counts[bisect_left(LATENESS_BUCKETS_S, late_s)] += 1
        self.total_s += late_s
        if late_s > _NEAR_MISS * margin_s:
            self.near_misses += 1
