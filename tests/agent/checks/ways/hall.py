"""Constants of the tests of ways in, and what a way has heard after some looks."""

import gzip
from collections.abc import Callable
from functools import partial

from agent.checks.reading.times import Deadline, Now
from agent.checks.ways import Heard, Way
from venuewatch.base import clock

LOOPBACK = "127.0.0.1"
PATIENCE_S = 10.0
NOW = Now(1_000.0, 1_722_700_000.0)

packed = partial(gzip.compress, mtime=0)
"""Return the same gzip at any time: it is part of the names of tests."""


def until(way: Way, is_so: Callable[[Heard], bool], now: Now = NOW) -> list[Heard]:
    """Hear until one reading is as wanted; return all readings that were not empty."""
    heard: list[Heard] = []
    end_s = clock.monotonic() + PATIENCE_S
    while clock.monotonic() < end_s:
        one = way.hear(now, Deadline(PATIENCE_S))
        heard += [one] if one != Heard() else []
        if is_so(one):
            return heard
    raise AssertionError(heard[-3:])
