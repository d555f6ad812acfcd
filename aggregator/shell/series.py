"""Series of readings: name, labels and number of each, as the page and the backfill have them.

Labels of the host and of the check are not among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from msgspec.structs import astuple

from aggregator.core.catalogues import KnownCatalogue
from aggregator.shell.families import CHECKS, LABELS_OF
from venuewatch.base.wire.checks import RESULTS_KINDS, RESULTS_STATES, WELL
from venuewatch.base.wire.messages import CheckReading

TIMED_S = 60.0
"""How often (s) a check is read at least whose samples carry the time of their reading.

With it, the sample of a slower check would be stale before the next one.
"""

CheckSample: TypeAlias = tuple[str, Mapping[str, str], float]
"""The name, the labels beside those of the check, and the number."""

_NO_LABELS: Mapping[str, str] = {}


class VitalsSeries(NamedTuple):
    """A series of vitals; ``place`` is that of its number in the array."""

    place: int
    name: str
    labels: Mapping[str, str]


_known: WeakKeyDictionary[KnownCatalogue, Sequence[VitalsSeries]] = WeakKeyDictionary()


def vitals_series(catalogue: KnownCatalogue) -> Sequence[VitalsSeries]:
    """Return the series that are exposed of a catalogue."""
    series = _known.get(catalogue)
    if series is None:
        series = _known[catalogue] = tuple(_vitals_series(catalogue))
    return series


def _vitals_series(catalogue: KnownCatalogue) -> Iterator[VitalsSeries]:
    place = 0
    for name, rows in catalogue.families:
        labels = LABELS_OF.get(name)
        for row in rows:
            if labels is not None and len(row) == len(labels):
                yield VitalsSeries(place, name, dict(zip(labels, row, strict=True)))
            place += 1


_OF_ANY_KIND = frozenset({"unknown", "critical"})


def unknown_samples(reading: CheckReading) -> Iterator[CheckSample]:
    """Yield those of a check, or of a results feed, while no readings come to us."""
    yield "venuewatch_check_state", {"state": "unknown"}, 1
    if reading.kind in RESULTS_KINDS:
        yield "venuewatch_results_state", {"state": "unknown"}, 1


def check_samples(reading: CheckReading) -> Iterator[CheckSample]:
    """Yield the samples of a reading of a check."""
    yield "venuewatch_check_up", _NO_LABELS, int(reading.state in WELL)
    state = {"state": reading.state}
    yield "venuewatch_check_state", state, 1
    yield "venuewatch_check_duration_seconds", _NO_LABELS, reading.duration_s
    yield "venuewatch_check_timestamp_seconds", _NO_LABELS, reading.wall_ms / 1000
    if reading.state in RESULTS_STATES and (
        reading.kind in RESULTS_KINDS or reading.state not in _OF_ANY_KIND
    ):
        yield "venuewatch_results_state", state, 1
    for family, value in zip(CHECKS.values(), astuple(reading.values), strict=True):
        if value is None:
            continue
        if isinstance(value, list):
            for *texts, number in value:
                yield family.name, dict(zip(family.labels, texts, strict=True)), number
        else:
            yield family.name, _NO_LABELS, value
