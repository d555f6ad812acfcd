"""Labels late readings as a scrape of them is labelled.

The page's labels win over those of the scrape's job, as with ``honor_labels``, and empty ones are
left out, as Prometheus leaves them out. So a sample finds the series that was scraped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from typing import NamedTuple, TypeAlias

from aggregator.core.catalogues import KnownCheck, KnownVitals
from aggregator.core.host import Host
from aggregator.shell.outlets.remote_write.write_request import Series
from aggregator.shell.series import TIMED_S, check_samples, vitals_series
from venuewatch.base.wire.messages import CheckReading

Labels: TypeAlias = Mapping[str, str]


class JobLabels(NamedTuple):
    """The labels that Prometheus' jobs give: to vitals, and to checks."""

    vitals: Labels
    checks: Labels


class Instant(NamedTuple):
    """Vitals or one check of a host, read at one time. ``size``: how many samples that is."""

    host: str
    labels: Labels
    known: KnownVitals | KnownCheck
    size: int

    @property
    def timestamp_ms(self) -> int:
        """The time of its samples: ms since 1970."""
        return self.known.timestamp_ms


def instants_of(
    host: Host, readings: Iterable[KnownVitals | KnownCheck], jobs: JobLabels
) -> Iterator[Instant]:
    """Yield readings of a host, as far as they have samples."""
    of_host = {"venue": host.venue, "host": host.name}
    for known in readings:
        if isinstance(known, KnownCheck):
            reading = known.reading
            labels = {**jobs.checks, **of_host, "check": reading.check, "kind": reading.kind}
            size = sum(1 for _ in _samples_of(reading))
        else:
            labels = {**jobs.vitals, **of_host, "instance": host.name}
            series, values = vitals_series(known.catalogue), known.values
            size = sum(1 for at, _, _ in series if not isnan(values[at]))
        if size:
            yield Instant(host.name, labels, known, size)


def timed_readings(host: Host) -> list[KnownVitals | KnownCheck]:
    """Return the last readings of a host that a scrape shows with their times."""
    checks = [known for known in host.checks.values() if known.reading.every_s <= TIMED_S]
    return [*checks] if host.vitals is None else [host.vitals, *checks]


def series_of(instants: Sequence[Instant]) -> Iterator[Series]:
    """Yield the series of a batch; each has its samples in the order of the batch."""
    alike: dict[int, list[Instant]] = {}  # vitals against one catalogue have the same series
    checks: dict[tuple[tuple[str, str], ...], list[tuple[float, int]]] = {}
    for instant in instants:
        known = instant.known
        if isinstance(known, KnownVitals):
            alike.setdefault(id(known.catalogue), []).append(instant)
        else:
            for name, more, value in _samples_of(known.reading):
                labels = _sorted(instant.labels, more, name)
                checks.setdefault(labels, []).append((value, known.timestamp_ms))
    for some in alike.values():
        yield from _series_of_vitals(some)
    for labels, samples in checks.items():
        yield Series(labels, samples)


def _samples_of(reading: CheckReading) -> Iterator[tuple[str, Labels, float]]:
    """Yield the samples of a check without what might step back: counters scraped without times."""
    for sample in check_samples(reading):
        if reading.every_s <= TIMED_S or not sample[0].endswith("_total"):
            yield sample


def _series_of_vitals(instants: Sequence[Instant]) -> Iterator[Series]:
    all_of = [instant.known for instant in instants if isinstance(instant.known, KnownVitals)]
    numbers = [(known.values, known.timestamp_ms) for known in all_of]
    for at, name, more in vitals_series(all_of[0].catalogue):
        samples = [(values[at], time) for values, time in numbers if not isnan(values[at])]
        if samples:
            yield Series(_sorted(instants[0].labels, more, name), samples)


def _sorted(labels: Labels, more: Labels, name: str) -> tuple[tuple[str, str], ...]:
    found: Iterable[tuple[str, str]] = {**labels, **more, "__name__": name}.items()
    return tuple(sorted((label, value) for label, value in found if value))
