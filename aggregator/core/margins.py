"""Margins: how long past its expected time a beat may still arrive, by class of link.

The figures are for 1 s beats on one TCP connection, and gave less than one false alarm per 1,000
host-days in simulation (``docs/decisions/0004-margins.md``). They are sums of a retransmission
ladder, not multiples of the interval, so they hold for slower beats too.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

from venuewatch.base.wire.links import Link

THIN_MARGINS_S: Final[Mapping[Link, float]] = {
    "wired": 1.8,
    "metro": 1.8,
    "cellular": 9.3,
    "satellite": 4.0,
    "satellite_lossy": 12.0,
    "bursty": 7.2,
    "bursty_satellite": 26.0,
}

STOCK_MARGINS_S: Final[Mapping[Link, float]] = {
    "wired": 1.9,
    "metro": 2.3,
    "cellular": 11.0,
    "satellite": 8.5,
    "satellite_lossy": 36.0,
    "bursty": 19.0,
    "bursty_satellite": 66.0,
}
"""Of agents whose birth says ``stock_tcp``."""

LONG_WAY_S: Final = 0.2
"""A round trip (s) from which on a lost packet takes longer than most things are waited for."""

PATIENCE_S = 1.0
"""How long (s) past its expected time a beat goes unremarked; then the host is ``late``."""


def margin_s_of(link: Link, *, stock_tcp: bool = False) -> float:
    """Return the margin (s) of a class of link; ``stock_tcp``: as an agent's birth says."""
    return (STOCK_MARGINS_S if stock_tcp else THIN_MARGINS_S)[link]


LATENESS_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0)

ON_TIME_S = LATENESS_BUCKETS_S[0]
_NEAR_MISS = 0.75  # of the margin: its last quarter is too near


class Lateness:
    """How late the beats of one venue came: a wrong class of link shows here before it alarms.

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
        """Count a beat that came ``late_s`` after it was expected; negative is early."""
        if late_s <= ON_TIME_S:
            self.counts[0] += 1
            return
        self.counts[bisect_left(LATENESS_BUCKETS_S, late_s)] += 1
        self.total_s += late_s
        if late_s > _NEAR_MISS * margin_s:
            self.near_misses += 1
