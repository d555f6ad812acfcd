"""Decides what is written to the receiver, when, and what its answers mean.

What waits is bounded; the host that has waited longest loses its oldest first. A batch holds
readings of one host. A refusal because of a sample's time refuses the whole request (Prometheus
keeps nothing of it), so that a batch of several readings is cut in two, until the one is found that
is to blame.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import TypeAlias

from aggregator.shell.outlets.answers import is_refusal
from aggregator.shell.outlets.remote_write.instants import Instant

SAMPLES_MAX = 5_000_000
"""How many samples may wait: some 100 MB, or an hour of 80 hosts with 180 series each."""

SAMPLES_AT_ONCE = 2_000
"""From how many samples on a batch is full: as many as Prometheus itself sends at once."""

_OF_ITS_TIME = ("too old", "out of bounds", "out of order", "duplicate sample")
"""Words by which receivers refuse a sample for its time.

Prometheus answers "too old sample" with 500 before 2.50, and with 400 since. "out of bounds" and
"out of order sample" are 400: there, and from a Prometheus that takes nothing late at all.
"""

_MS = 1_000.0

Batch: TypeAlias = tuple[Instant, ...]


class Reason(StrEnum):
    """Why samples were dropped."""

    OUTSIDE_WINDOW = "outside_window"
    QUEUE_FULL = "queue_full"
    TOO_OLD = "too_old"
    REFUSED = "refused"


WORDS: Mapping[Reason, str] = {
    Reason.OUTSIDE_WINDOW: "they are older than window_s, or of the future",
    Reason.QUEUE_FULL: f"more than {SAMPLES_MAX} wait: the oldest are dropped",
    Reason.TOO_OLD: "the receiver refuses them for their time",
    Reason.REFUSED: "the receiver refuses them",
}
"""The same for the log."""


class Answer(StrEnum):
    """What an answer of the receiver means."""

    WRITTEN = "written"
    TOO_OLD = "too_old"
    REFUSED = "refused"
    LATER = "later"


def meaning_of(status: int, text: str) -> Answer:
    """Return what an answer means: its status, and the beginning of its text."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Answer.WRITTEN
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or is_refusal(status):
        said = text.lower().replace("-", " ")
        if any(words in said for words in _OF_ITS_TIME):
            return Answer.TOO_OLD
    return Answer.REFUSED if is_refusal(status) else Answer.LATER


class Backfill:
    """What waits for a receiver that takes samples of the last ``window_s``.

    Attributes:
        written: how many samples it has accepted.
        dropped: how many were given up, by reason.
        pending: how many wait.
    """

    def __init__(self, *, window_s: float, samples_max: int = SAMPLES_MAX) -> None:
        self._window_ms = window_s * _MS
        self._samples_max = samples_max
        self._waiting: dict[str, deque[Instant]] = {}
        self._next: list[Batch] = []  # the last one is under way
        self.written = 0
        self.dropped: Counter[Reason] = Counter(dict.fromkeys(Reason, 0))
        self.pending = 0

    def add(self, instants: Iterable[Instant]) -> None:
        """Keep these behind what waits of their hosts."""
        for instant in instants:
            self._waiting.setdefault(instant.host, deque()).append(instant)
            self.pending += instant.size
        while self.pending > self._samples_max and self._waiting:
            host, waiting = next(iter(self._waiting.items()))
            self._drop((waiting.popleft(),), Reason.QUEUE_FULL)
            if not waiting:
                del self._waiting[host]

    def batch(self, wall: float) -> Batch:
        """Return what is to be written next, at ``wall`` (s since 1970); nothing if nothing waits.

        It is returned again until ``take_answer`` was told what became of it, without what has
        fallen out of the window meanwhile.
        """
        while self._next or self._waiting:
            if not self._next:
                self._next.append(self._full_batch())
            batch = self._next.pop()
            kept = tuple(instant for instant in batch if self._is_within(instant, wall))
            outside = tuple(instant for instant in batch if not self._is_within(instant, wall))
            self._drop(outside, Reason.OUTSIDE_WINDOW)
            if kept:
                self._next.append(kept)
                return kept
        return ()

    def take_answer(self, answer: Answer) -> None:
        """Take in the answer to the last ``batch``."""
        if answer is Answer.LATER:
            return
        batch = self._next.pop()
        if answer is Answer.WRITTEN:
            self.written += _size(batch)
            self.pending -= _size(batch)
        elif answer is Answer.TOO_OLD and len(batch) > 1:
            half = len(batch) // 2
            self._next += [batch[half:], batch[:half]]
        else:
            reason = Reason.TOO_OLD if answer is Answer.TOO_OLD else Reason.REFUSED
            self._drop(batch, reason)

    def _full_batch(self) -> Batch:
        """Take from the host that has waited longest, and let it wait behind the others."""
        host = next(iter(self._waiting))
        waiting = self._waiting.pop(host)
        taken: list[Instant] = []
        size = 0
        while waiting and size < SAMPLES_AT_ONCE:
            taken.append(waiting.popleft())
            size += taken[-1].size
        if waiting:
            self._waiting[host] = waiting
        return tuple(sorted(taken, key=_timestamp_ms))

    def _is_within(self, instant: Instant, wall: float) -> bool:
        earliest_ms = max(0.0, wall * _MS - self._window_ms)  # no receiver takes one before 1970
        return earliest_ms <= instant.timestamp_ms <= wall * _MS

    def _drop(self, instants: Sequence[Instant], reason: Reason) -> None:
        size = _size(instants)
        self.dropped[reason] += size
        self.pending -= size


def _size(instants: Sequence[Instant]) -> int:
    return sum(instant.size for instant in instants)


def _timestamp_ms(instant: Instant) -> int:
    return instant.timestamp_ms
