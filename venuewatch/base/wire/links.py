"""Links between venues and the centre: their classes, and the waits before a new connection.

The waits are part of the protocol: the centre's grace is built on them, and so is the time that it
gives hosts which hung up together. They have full jitter (each wait is uniform between zero and a
doubling ceiling), so a venue whose link returns does not come back as one wave.
"""

import random
from typing import Literal, TypeAlias

Link: TypeAlias = Literal[
    "wired", "metro", "cellular", "satellite", "satellite_lossy", "bursty", "bursty_satellite"
]

RECONNECT_MAX_S = 10.0
"""The ceiling (s) of the wait between two attempts, unless configured."""

INTERVAL_MAX_S = 60.0
"""The longest (s) between two beats: a host that announced more would choose not to be watched."""

KEEPALIVE_MAX_S = 60.0
"""The longest keepalive (s) of an agent; 1.5 times this a will may come late."""

AT_CEILING = 32
"""An attempt so late that only the ceiling counts: where trying soon would do harm."""

BRIEF_S = 10.0
"""A connection that lasted less (s) was no real one: another client took it, or it was refused."""

YIELD_S = 60.0
YIELD_MAX_S = 600.0
"""How long (s) one of two of one name makes way: at first, and after many times."""

TWIN_S = YIELD_MAX_S + 5 * YIELD_S
"""How long (s) another agent of the same name is believed in: it looks again after 10 min."""

_FIRST_MAX_S = 1.0


def brief_in_a_row(before: int, lasted_s: float) -> int:
    """Return how many connections in a row were brief, now that one ended after ``lasted_s``."""
    return before + 1 if lasted_s < BRIEF_S else 0


def longest_wait_s(doublings: int, *, max_s: float = RECONNECT_MAX_S) -> float:
    """Return the longest (s) that an agent waits before it tries again.

    ``doublings``: how many attempts failed since it had a connection, or how many connections in a
    row were brief; 0 after one that lasted.
    """
    return min(max_s, _FIRST_MAX_S * 2.0 ** min(doublings, AT_CEILING))


def wait_before(attempt: int, rng: random.Random, *, max_s: float = RECONNECT_MAX_S) -> float:
    """Return how long (s) to wait before attempt ``attempt``, counted from 0.

    Uniform in 0 to 1 s first, the ceiling doubling with each attempt up to ``max_s``.
    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Raises:
        ValueError: a negative attempt.
    """
    if attempt < 0:
        raise ValueError(f"attempts are counted from 0, got {attempt}")
    return rng.uniform(0.0, longest_wait_s(attempt, max_s=max_s))


def wait_after_brief(times: int, rng: random.Random, *, max_s: float = RECONNECT_MAX_S) -> float:
    """Return how long (s) to wait after ``times`` connections in a row that were brief.

    Uniform in 1 to 2 s after the first, doubling up to ``max_s``. It is never near zero: of two
    clients of one name each has the time to be told something before the other is back.

    Raises:
        ValueError: less than one.
    """
    if times < 1:
        raise ValueError(f"brief connections are counted from 1, got {times}")
    most_s = longest_wait_s(times, max_s=max_s)
    return rng.uniform(most_s / 2, most_s)


def yield_wait_s(times: int) -> float:
    """Return how long (s) the one that makes way for the ``times``-th time waits; 1 is the first.

    Raises:
        ValueError: less than one.
    """
    if times < 1:
        raise ValueError(f"times are counted from 1, got {times}")
    return min(YIELD_MAX_S, YIELD_S * 2.0 ** min(times - 1, AT_CEILING))
