"""Snapshot of a fleet for one page of metrics: one record a host, taken at once.

A page is made over some time while the fleet changes. All series of one host are of one moment.
A record is no object that the collector has to look at (decision 24): there is one for each host.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

import msgspec

from aggregator.core.catalogues import KnownCatalogue, KnownVitals
from aggregator.core.host import Host
from aggregator.core.states import HostState
from aggregator.shell.series import TIMED_S, vitals_series
from venuewatch.base.wire.messages import Birth, CheckReading

_STALE_AFTER_PERIODS = 3.5  # as Prometheus' staleness: a few readings missed, then no value
_STALE_AFTER_MIN_S = 15.0

Layout: TypeAlias = Mapping[str, tuple[tuple[int, str], ...]]
"""By family: the place of each series in the array, and what stands before its number."""


class SeenCheck(NamedTuple):
    """One check of a host. ``time`` stands behind the value in each of its samples."""

    labels: str
    reading: CheckReading
    time: str


class SeenHost(msgspec.Struct, frozen=True, gc=False):
    """One host, as it stood when the page was begun; what is measured only of a living one.

    Its numbers, up to ``refused``, are those of ``HOST_NUMBERS``, None where there is none.
    ``packed`` are the numbers of the series of ``catalogue``. ``earlier``: the readings before it
    that are shown, too.
    """

    name: str
    labels: str
    up: float | None
    unlisted: float | None
    reconnect_limited: float | None
    last_heartbeat: float | None
    round_trip_s: float | None
    clock_offset_s: float | None
    missed: float | None
    restarts: float | None
    readings: float | None
    readings_missing: float | None
    refused: float | None
    role: str
    address: str
    is_listed: bool
    state: HostState
    problems: Sequence[str]
    check_problems: Sequence[tuple[str, str]]
    birth: Birth | None
    catalogue: KnownCatalogue | None
    packed: bytes
    time: str
    earlier: Sequence[KnownVitals]
    checks: Sequence[SeenCheck]


Number: TypeAlias = Callable[[SeenHost], float | None]
"""Takes a number from a host."""

HOST_NUMBERS: Mapping[str, Number] = {
    "venuewatch_host_up": attrgetter("up"),
    "venuewatch_host_unlisted": attrgetter("unlisted"),
    "venuewatch_host_reconnect_limited": attrgetter("reconnect_limited"),
    "venuewatch_host_last_heartbeat_timestamp_seconds": attrgetter("last_heartbeat"),
    "venuewatch_host_round_trip_seconds": attrgetter("round_trip_s"),
    "venuewatch_host_clock_offset_seconds": attrgetter("clock_offset_s"),
    "venuewatch_host_heartbeats_missed_total": attrgetter("missed"),
    "venuewatch_host_restarts_total": attrgetter("restarts"),
    "venuewatch_host_readings_total": attrgetter("readings"),
    "venuewatch_host_readings_missing": attrgetter("readings_missing"),
    "venuewatch_host_refused_total": attrgetter("refused"),
}
"""Families that have one number for a host, or none."""


def seen(
    host: Host, now: float, *, timestamps: bool, readings: int = 1, hears_readings: bool = True
) -> SeenHost:
    """Return a host as it stands, with so many of its latest readings, as far as they are kept.

    Without ``hears_readings`` nothing measured is shown, and checks without a time.
    """
    state, labels = host.state, f'venue="{host.venue}",host="{host.name}"'
    is_alive = state is _UP or state is _LATE
    birth = round_trip_s = offset_s = catalogue = None
    packed, time = b"", ""
    earlier: Sequence[KnownVitals] = ()
    checks: Sequence[SeenCheck] = ()
    if is_alive:
        birth, vitals = host.birth, host.vitals
        round_trip_s, offset_s = host.round_trip_s, host.clock_offset_s
        every_s = 0.0 if birth is None else birth.vitals_every_s
        fresh_from = now - _fresh_within(every_s)
        if vitals is not None and vitals.at >= fresh_from and hears_readings:
            catalogue, packed = vitals.catalogue, vitals.packed
            time = f" {vitals.timestamp_ms}" if timestamps else ""
            if readings > 1:
                fresh = [one for one in vitals.earlier if one.at >= fresh_from]
                earlier = fresh[1 - readings :]
        if host.checks:
            checks = _checks_of(host, labels, now, timestamps=timestamps and hears_readings)
    heard_at = host.evidence_wall
    return SeenHost(
        host.name,
        labels,
        1 if is_alive or host.counts_as_up else 0,
        None if host.is_listed else 1,
        1 if host.exceeds_reconnect_limit else None,
        None if heard_at is None else round(heard_at, 3),
        None if round_trip_s is None else round(round_trip_s, 6),
        None if offset_s is None else round(offset_s, 6),
        host.missed,
        host.restarts,
        host.readings_heard,
        host.readings_missing,
        None if host.refused is None else sum(host.refused.values()),
        host.role,
        host.address,
        host.is_listed,
        state,
        _problems_of(host) if host.problems or host.cause is not None else (),
        _check_problems_of(host) if host.check_problems else (),
        birth,
        catalogue,
        packed,
        time,
        earlier,
        checks,
    )


def _problems_of(host: Host) -> list[str]:
    causes = set(host.problems.copy().values())
    if host.cause is not None:
        causes.add(host.cause)
    return sorted(causes)


def _check_problems_of(host: Host) -> list[tuple[str, str]]:
    return sorted({(check, cause) for (check, _), cause in host.check_problems.copy().items()})


def _checks_of(host: Host, labels: str, now: float, *, timestamps: bool) -> list[SeenCheck]:
    return [
        SeenCheck(
            labels + pairs(check=known.reading.check, kind=known.reading.kind),
            known.reading,
            f" {known.timestamp_ms}" if timestamps and known.reading.every_s <= TIMED_S else "",
        )
        for known in list(host.checks.values())
        if now - known.at <= _fresh_within(known.reading.every_s)
    ]


def _fresh_within(period_s: float) -> float:
    within_s = _STALE_AFTER_PERIODS * period_s
    return max(_STALE_AFTER_MIN_S, within_s)


_UP, _LATE = HostState.UP, HostState.LATE
_layouts: WeakKeyDictionary[KnownCatalogue, Layout] = WeakKeyDictionary()


def layout_of(catalogue: KnownCatalogue) -> Layout:
    """Return what we expose of a catalogue."""
    layout = _layouts.get(catalogue)
    if layout is None:
        found: dict[str, list[tuple[int, str]]] = {}
        for place, name, labels in vitals_series(catalogue):
            found.setdefault(name, []).append((place, f"{pairs(**labels)}}} "))
        layout = _layouts[catalogue] = {name: tuple(series) for name, series in found.items()}
    return layout


def escape(value: str) -> str:
    """Return a label's value as the text format has it between quotes."""
    if '"' in value or "\\" in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value


def pairs(**texts: str) -> str:
    """Return labels as the text format has them behind others."""
    return "".join(f',{label}="{escape(text)}"' for label, text in texts.items())
