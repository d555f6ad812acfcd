"""Decides what is written to the receiver, when, and what its answers mean.

What waits is bounded; the host that has most loses its oldest first. A batch holds readings of one
host. One that is to be written later lets the other hosts go first. A refusal because of a sample's
time refuses the whole request (Prometheus keeps nothing of it), so that a batch of several readings
is cut in two, until the one is found that is to blame.
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
_SOME_MORE = 1_000  # of so many samples that may wait, one

Batch: TypeAlias = tuple[Instant, ...]


class Reason(StrEnum):
    """Why samples were dropped."""

    OUTSIDE_WINDOW = "outside_window"
    QUEUE_FULL = "queue_full"
    TOO_OLD = "too_old"
    REFUSED = "refused"


WORDS: Mapping[Reason, str] = {
    Reason.OUTSIDE_WINDOW: "they are older than window_s, or of the future",
    Reason.QUEUE_FULL: f"more than {SAMPLES_MAX} wait: the host that has most loses its oldest",
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
    if status == HTTPStatus.INTERNAL_SERVER_ERROR or _is_of_request(status):
        said = text.lower().replace("-", " ")
        if any(words in said for words in _OF_ITS_TIME):
            return Answer.TOO_OLD
    return Answer.REFUSED if is_refusal(status) else Answer.LATER


def _is_of_request(status: int) -> bool:
    is_theirs = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_theirs and status not in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


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
        self._sizes: Counter[str] = Counter()  # samples that wait of each host
        self._next: list[Batch] = []  # the last one is under way
        self.written = 0
        self.dropped: Counter[Reason] = Counter(dict.fromkeys(Reason, 0))
        self.pending = 0

    def add(self, instants: Iterable[Instant]) -> None:
        """Keep these behind what waits of their hosts."""
        for instant in instants:
            self._waiting.setdefault(instant.host, deque()).append(instant)
            self._sizes[instant.host] += instant.size
            self.pending += instant.size
        if self.pending > self._samples_max:
            self._make_room()

    def batch(self, wall: float | None) -> Batch:
        """Return what is to be written next, at ``wall`` (s since 1970); nothing if nothing waits.

        Without ``wall``, while our clock is in doubt, nothing is too old or of the future.
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
            self._put_off()
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

    def _put_off(self) -> None:
        """Let the batch wait behind the other hosts: it may be the only one that fails."""
        if not self._waiting:
            return
        for batch in self._next:
            waiting = self._waiting.pop(batch[0].host, deque())
            waiting.extendleft(reversed(batch))
            self._waiting[batch[0].host] = waiting
            self._sizes[batch[0].host] += _size(batch)
        self._next = []

    def _make_room(self) -> None:
        """Drop the oldest of the host that has most, as often as needed; and some more at once."""
        least = self._samples_max - self._samples_max // _SOME_MORE
        while self.pending > least and self._waiting:
            (host, _), *others = self._sizes.most_common(2)
            waiting, enough = self._waiting[host], others[0][1] if others else 0
            while waiting and self.pending > least and self._sizes[host] >= enough:
                oldest = waiting.popleft()
                self._sizes[host] -= oldest.size
                self._drop((oldest,), Reason.QUEUE_FULL)
            if not waiting:
                del self._waiting[host]
                del self._sizes[host]

    def _full_batch(self) -> Batch:
        """Take from the host that has waited longest, and let it wait behind the others."""
        host = next(iter(self._waiting))
        waiting = self._waiting.pop(host)
        taken: list[Instant] = []
        size = 0
        while waiting and size < SAMPLES_AT_ONCE:
            taken.append(waiting.popleft())
            size += taken[-1].size
        self._sizes[host] -= size
        if waiting:
            self._waiting[host] = waiting
        else:
            del self._sizes[host]
        return tuple(sorted(taken, key=_timestamp_ms))

    def _is_within(self, instant: Instant, wall: float | None) -> bool:
        if wall is None:
            return True
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
