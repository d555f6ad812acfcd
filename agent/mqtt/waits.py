"""Waits: how long an agent lets pass before it connects again. No I/O; times are monotonic seconds.

==================================  ==============================================================
before                              wait
==================================  ==============================================================
no session came about               full jitter, the ceiling doubling with each round
a session that lasted               full jitter, up to a second
one that was brief, or taken over   1 to 2 s, doubling with each in a row
one that lasted, of a host that     1 to 2 s: the other one has the time to be told, and to leave
another agent has the name of
the centre's command to make way    60 s, doubling up to 10 min with each in a row
==================================  ==============================================================

A broker need not say that another client has taken the name (Mosquitto 2.0.11 does not). So a
session that ends soon after it was opened, again and again, is one that was taken or refused. None
of these waits is longer than ``reconnect_max_s``, but the last one.
"""

import math
import random

from venuewatch.base.wire import links


class Waits:
    """The waits of one agent; ``max_s``: the longest that it chooses by itself."""

    def __init__(self, rng: random.Random, *, max_s: float) -> None:
        self._rng = rng
        self._max_s = max_s
        self._rounds = 0
        self._brief = 0
        self._yields = 0
        self._opened_at: float | None = None
        self._twin_until = -math.inf

    def opened(self, now: float) -> None:
        """Note that a session is open."""
        self._rounds = 0
        self._opened_at = now

    def note_twin(self, now: float) -> None:
        """Note that another agent has our name, and is the one that has to make way."""
        self._twin_until = now + links.TWIN_S

    def round_over(self) -> None:
        """Note that every broker was tried in vain."""
        self._rounds += 1

    def after_end(self, now: float, *, was_taken_over: bool = False) -> float:
        """Return how long (s) to wait: the session ended at ``now``, or none came about."""
        lasted_s = self.left(now)
        if lasted_s is None:
            return links.wait_before(self._rounds, self._rng, max_s=self._max_s)
        self._brief = links.brief_in_a_row(self._brief, 0.0 if was_taken_over else lasted_s)
        if self._brief or now < self._twin_until:
            return links.wait_after_brief(max(1, self._brief), self._rng, max_s=self._max_s)
        return links.wait_before(0, self._rng, max_s=self._max_s)

    def after_yield(self, now: float) -> float:
        """Return how long (s) to wait: the centre has told us to make way."""
        self.left(now)
        self._brief = 0
        self._yields += 1
        return links.yield_wait_s(self._yields)

    def left(self, now: float) -> float | None:
        """Note that the session has ended; return how long (s) it lasted, None if there was none.

        One that lasted for longer than the first wait had the name: the next one begins anew.
        """
        if self._opened_at is None:
            return None
        lasted_s, self._opened_at = now - self._opened_at, None
        if lasted_s >= links.YIELD_S:
            self._yields = 0
        return lasted_s
