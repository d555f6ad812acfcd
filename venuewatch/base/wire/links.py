"""Links between venues and the centre: their classes, and the waits before a new connection.

The waits are part of the protocol, since the centre's grace is built on them. They have full
jitter (each wait is uniform between zero and a doubling ceiling), so a venue whose link returns
does not come back as one wave.
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

_FIRST_MAX_S = 1.0


def wait_before(attempt: int, rng: random.Random, *, max_s: float = RECONNECT_MAX_S) -> float:
    """Return how long (s) to wait before attempt ``attempt``, counted from 0.

    Uniform in 0 to 1 s first, the ceiling doubling with each attempt up to ``max_s``.
    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Raises:
        ValueError: a negative attempt.
    """
    if attempt < 0:
        raise ValueError(f"attempts are counted from 0, got {attempt}")
    doublings = min(attempt, AT_CEILING)
    return rng.uniform(0.0, min(max_s, _FIRST_MAX_S * 2.0**doublings))
