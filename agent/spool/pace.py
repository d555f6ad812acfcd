"""Paces the backlog: in batches, and never in a live beat's way.

One batch is under way at a time. Its size follows the link: the time that a batch adds to the
broker's acknowledgement, over the least seen, is what it would add to a beat behind it.
"""

import math

BATCHES_PER_S = 50.0
LEAST_BYTES = 1_024
MOST_BYTES = 16_384
BEAT_DELAY_S = 0.05
"""How much later (s) a batch may make a beat."""


class Pace:
    """Says when the next batch may go, and how large it may be. Times are monotonic seconds."""

    def __init__(self, *, batches_per_s: float = BATCHES_PER_S) -> None:
        if not batches_per_s > 0:
            raise ValueError(f"expected more than 0 batches a second, got {batches_per_s}")
        self._apart_s = 1.0 / batches_per_s
        self._least_s = math.inf
        self._sent_at = -math.inf
        self._not_before = -math.inf
        self._fits_bytes = MOST_BYTES
        self.is_under_way = False
        self.batch_bytes = LEAST_BYTES

    @property
    def next_at(self) -> float:
        """When the next batch may go; infinity while one is under way."""
        if self.is_under_way:
            return math.inf
        return max(self._sent_at + self._apart_s, self._not_before)

    def sent(self, now: float) -> None:
        """Note that a batch went out."""
        self.is_under_way = True
        self._sent_at = now

    def delivered(self, now: float) -> None:
        """Note that the broker has it; a slow one makes the next smaller."""
        self.is_under_way = False
        took_s = now - self._sent_at
        self._least_s = min(self._least_s, took_s)
        added_s = took_s - self._least_s
        if added_s > BEAT_DELAY_S:
            self.batch_bytes = min(self._fits_bytes, max(LEAST_BYTES, self.batch_bytes // 2))
        elif added_s < BEAT_DELAY_S / 2:
            self.batch_bytes = min(self._fits_bytes, self.batch_bytes * 2)

    def refused(self, *, not_before: float = -math.inf) -> None:
        """Note that the broker does not take it; the next batch goes no sooner than this (s)."""
        self.is_under_way = False
        self._not_before = not_before

    def too_large(self, payload_bytes: int) -> None:
        """Note that a batch with so many bytes of readings is too large for the broker."""
        self.refused()
        self._fits_bytes = max(1, payload_bytes // 2)
        self.batch_bytes = min(self._fits_bytes, self.batch_bytes)

    def interrupted(self) -> None:
        """Note that the connection ended: what was under way may be sent again."""
        self.is_under_way = False
        self._not_before = -math.inf
        self._fits_bytes = MOST_BYTES
        self._least_s = math.inf
        self.batch_bytes = LEAST_BYTES
