"""Counts and distributions of a report; nothing is averaged."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from venuewatch.rehearsal.reporting.model import Bin, Entry, Grouping, Tally, Times
from venuewatch.rehearsal.score.marks import MEASURES, MeasureName
from venuewatch.rehearsal.score.result import Verdict

TIMED: Final[tuple[MeasureName, ...]] = ("detected", "told", "cause", "recovery")
EDGES_S: Final = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0)
"""Where the bins of a distribution begin; the last has no end, and what is below 0 is in a bin."""


def tally(name: str, verdicts: Iterable[Verdict]) -> Tally:
    """Return how often each verdict is there."""
    found = Counter(verdicts)
    return Tally(name, found["pass"], found["fail"], found["void"], found["not_judged"])


def grouped(by: str, entries: Sequence[Entry], name_of: Callable[[Entry], str]) -> Grouping:
    """Return all scenarios by name, in the order of the names."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for one in entries:
        found[name_of(one)].append(one.verdict)
    return Grouping(by, tuple(tally(name, found[name]) for name in sorted(found)))


def by_measure(entries: Sequence[Entry]) -> Grouping:
    """Return how many scenarios have each verdict by each measure."""
    return Grouping(
        "measure",
        tuple(tally(name, (one.measures[name][0] for one in entries)) for name in MEASURES),
    )


def times_of(measure: MeasureName, entries: Sequence[Entry]) -> Times:
    """Return the distribution of a measure over the scenarios that it passed or failed."""
    judged = [one.measures[measure] for one in entries if one.measures[measure][0] in _JUDGED]
    values = sorted(value_s for _, value_s, _ in judged if value_s is not None)
    return Times(
        measure,
        len(values),
        len(judged) - len(values),
        values[0] if values else None,
        _rank(values, 50),
        _rank(values, 90),
        _rank(values, 99),
        values[-1] if values else None,
        tuple(_bins(values)),
    )


_JUDGED = frozenset({"pass", "fail"})


def _rank(values: Sequence[float], percent: int) -> float | None:
    if not values:
        return None
    return values[math.ceil(len(values) * percent / 100) - 1]


def _bins(values: Sequence[float]) -> Iterable[Bin]:
    if not values:
        return
    edges = [edge for edge in EDGES_S if edge <= values[-1]] or [0.0]
    if values[0] < 0:
        edges.insert(0, values[0])
    ends = [*edges[1:], next((edge for edge in EDGES_S if edge > edges[-1]), None)]
    for begin, end in zip(edges, ends, strict=True):
        within = sum(begin <= value and (end is None or value < end) for value in values)
        yield Bin(begin, end, within)
