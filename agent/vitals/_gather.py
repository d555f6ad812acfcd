"""Runs collectors one after the other and makes one message part of what they read."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

from venuewatch.base.wire.bounds import LABEL_MAX, fitted
from venuewatch.base.wire.readings import MAX_SAMPLES, Readings


class Collector(NamedTuple):
    """A named group of families, and the function that reads them."""

    name: str
    read: Callable[[], dict[str, object]]


class Ended(NamedTuple):
    """How a collector ended: what it read, None if it failed or was not asked, and its time (s)."""

    families: dict[str, object] | None
    duration_s: float


class Round:
    """Collectors that are to read once each. Several threads may be in ``work`` at once.

    Attributes:
        size: how many they are.
        ahead: those that no thread has begun yet.
        begun: when (by ``clock``) each was begun.
        ended: how each ended, by name.
        moved_at: when the latest was begun; at first when the round was made.
    """

    def __init__(
        self, collectors: Iterable[Collector], clock: Callable[[], float], now: float
    ) -> None:
        self.ahead = deque(collectors)
        self.size = len(self.ahead)
        self.begun: dict[str, float] = {}
        self.ended: dict[str, Ended] = {}
        self.moved_at = now
        self._clock = clock

    def work(self) -> None:
        """Have one collector after the other read, until none is ahead."""
        started = self._clock()
        while True:
            try:
                name, read = self.ahead.popleft()
            except IndexError:
                return
            self.begun[name] = self.moved_at = started
            families = _attempt(read)
            ended = self._clock()
            self.ended[name] = Ended(families, ended - started)
            started = ended

    def stop(self) -> set[str]:
        """Let no further collector be begun; return the names of those that would have been."""
        left: set[str] = set()
        with suppress(IndexError):
            while True:
                left.add(self.ahead.popleft().name)
        return left


def gather(collectors: Iterable[Collector], clock: Callable[[], float]) -> Readings:
    """Return what all collectors read, with the success and duration of each.

    ``clock`` counts seconds and never steps (:func:`venuewatch.base.clock.monotonic`). A collector
    that raises has success 0, its duration, and no families; the others are not affected.

    Raises:
        TypeError: a collector names a family that ``Readings`` does not have (a bug).
    """
    whole = Round(collectors, clock, 0.0)
    whole.work()
    return composed(whole.ended)


def composed(ended: Mapping[str, Ended]) -> Readings:
    """Return the readings of collectors, in their order, as the wire takes them.

    What the wire would refuse can't cost the whole message: a label that is too long is cut, and a
    mark stands for each byte of it that is no UTF-8. Left out are a number that is not finite, a
    family with too many rows, and a row whose labels are then those of an earlier one.

    Raises:
        TypeError: a collector names a family that ``Readings`` does not have (a bug).
    """
    merged: dict[str, Any] = {}
    for families, _ in ended.values():
        merged |= families or {}
    merged["node_scrape_collector_success"] = [
        (name, int(families is not None)) for name, (families, _) in ended.items()
    ]
    merged["node_scrape_collector_duration_seconds"] = [
        (name, round(duration_s, 6)) for name, (_, duration_s) in ended.items()
    ]
    return Readings(**merged)


def _attempt(read: Callable[[], dict[str, object]]) -> dict[str, object] | None:
    """Return what can be sent of a reading; None when the collector raises."""
    try:
        return {family: _sendable(value) for family, value in read().items()}
    except Exception:  # noqa: BLE001 - whatever breaks one collector must not break the others
        return None


def _sendable(value: object) -> object:
    """Return the number or the rows that the wire takes; None when there are none."""
    if not isinstance(value, list):
        return value if isinstance(value, (int, float)) and isfinite(value) else None
    rows = [row for row in value if isfinite(row[-1])]
    if not all(_is_said(row[:-1]) for row in rows):
        by_labels: dict[tuple[str, ...], float] = {}
        for row in rows:
            labels = tuple(fitted(label, LABEL_MAX) for label in row[:-1])
            by_labels.setdefault(labels, row[-1])
        rows = [(*labels, number) for labels, number in by_labels.items()]
    return rows if 0 < len(rows) <= MAX_SAMPLES else None


@lru_cache(maxsize=MAX_SAMPLES)
def _is_said(labels: tuple[str, ...]) -> bool:
    """Tell whether the wire takes these labels; a machine has the same ones at each reading."""
    return all(label == fitted(label, LABEL_MAX) for label in labels)
