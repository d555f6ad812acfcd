"""Series of this host's vitals: keeps one catalogue for as long as it serves.

A series that is absent keeps its place in the array, without a number. So a speed that is known
now and then, or a collector that fails once, makes no new catalogue. There is one when a series is
new, or when one has been absent for long, and only a few a minute: till then a new series waits.
"""

import zlib
from collections import deque
from typing import Any, Final, TypeAlias

from venuewatch.base.wire.catalogue import Catalogue, encode, key_of
from venuewatch.base.wire.messages import MAX_PAYLOAD_BYTES
from venuewatch.base.wire.readings import MAX_SAMPLES, Readings

ABSENT_MAX: Final = 30
"""For how many readings a series keeps its place without a number."""

CATALOGUES_A_MINUTE: Final = 3

SERIES_MAX: Final = 7_168
"""How many series a catalogue has at most: the aggregator takes 8,192, with those of checks."""

PACKED_MAX_BYTES: Final = MAX_PAYLOAD_BYTES // 2
"""A catalogue is no larger when packed: beside the vitals that need it, it fits one backlog."""

_Labels: TypeAlias = tuple[str, ...]
_Families: TypeAlias = dict[str, list[_Labels]]
_NONE: list[_Labels] = []
_MINUTE_S = 60.0


class Series:
    """The series of the latest catalogue, in their order. Times are monotonic seconds.

    Attributes:
        catalogue: the message that says them; before the first reading there are none.
        key: the key of that catalogue.
    """

    def __init__(self) -> None:
        self.catalogue = encode(Catalogue([]))
        self.key = key_of(self.catalogue)
        self._families: _Families = {}
        self._absent: dict[str, dict[_Labels, int]] = {}  # since which reading
        self._count = 0
        never = [-_MINUTE_S] * CATALOGUES_A_MINUTE
        self._renewed_at = deque(never, maxlen=CATALOGUES_A_MINUTE)

    def numbers(self, readings: Readings, now: float) -> list[float | None]:
        """Return the numbers of one reading for the catalogue, which may be a new one now."""
        self._count += 1
        numbers, is_outdated = self._fitted(readings)
        if is_outdated and now - self._renewed_at[0] >= _MINUTE_S:
            self._renewed_at.append(now)
            self._renew(readings)
            numbers, _ = self._fitted(readings)
        return numbers

    def _fitted(self, readings: Readings) -> tuple[list[float | None], bool]:
        """Return a number or None for each series, and whether a new catalogue would be better."""
        numbers: list[float | None] = []
        is_outdated = False
        for name in Readings.__struct_fields__:
            labels, found = _rows(getattr(readings, name))
            known = self._families.get(name, _NONE)
            if labels == known:
                numbers += found
                if name in self._absent:
                    del self._absent[name]
                continue
            by_labels = dict(zip(labels, found, strict=True))
            numbers += [by_labels.get(row) for row in known]
            before = self._absent.get(name, {})
            absent = {row: before.get(row, self._count) for row in known if row not in by_labels}
            self._absent[name] = absent
            is_new = len(by_labels) + len(absent) > len(known)
            is_outdated |= is_new or any(map(self._is_long_ago, absent.values()))
        return numbers, is_outdated

    def _is_long_ago(self, since: int) -> bool:
        return self._count - since >= ABSENT_MAX

    def _renew(self, readings: Readings) -> None:
        """Make a catalogue of what there is now, and of what was lately."""
        present: _Families = {}
        lately: _Families = {}
        for name in Readings.__struct_fields__:
            rows = dict.fromkeys(_rows(getattr(readings, name))[0])
            if rows:
                present[name] = list(rows)
            absent = self._absent.get(name, {})
            rows |= {row: None for row, since in absent.items() if not self._is_long_ago(since)}
            if rows:
                lately[name] = list(rows)
        self._families = lately if _said(lately) else present
        while not (said := _said(self._families)):
            del self._families[max(present, key=lambda name: len(present[name]))]
        self.catalogue = said
        self.key = key_of(said)


def _rows(value: Any) -> tuple[list[_Labels], list[float]]:
    """Return the labels of the series of a family, and their numbers."""
    if value is None:
        return [], []
    if isinstance(value, list):
        return [row[:-1] for row in value], [row[-1] for row in value]
    return [()], [value]


def _said(families: _Families) -> bytes:
    """Return the message that says these series; empty if it would be too large."""
    sizes = [len(rows) for rows in families.values()]
    if sum(sizes) > SERIES_MAX or max(sizes, default=0) > MAX_SAMPLES:
        return b""
    said = encode(Catalogue([(name, [[*row] for row in rows]) for name, rows in families.items()]))
    is_small = len(said) <= MAX_PAYLOAD_BYTES and len(zlib.compress(said)) <= PACKED_MAX_BYTES
    return said if is_small else b""
