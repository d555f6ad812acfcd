"""Snapshot of a fleet for one page of metrics: one tuple a host, taken at once.

A page is made over some time while the fleet changes. All series of one host are of one moment.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from aggregator.core.catalogues import KnownCatalogue
from aggregator.core.fleet import Host
from aggregator.core.states import ALIVE, HostState
from aggregator.shell.series import vitals_series
from venuewatch.base.wire.messages import Birth, CheckReading

_STALE_AFTER_PERIODS = 3.5  # as Prometheus' staleness: a few readings missed, then no value
_STALE_AFTER_MIN_S = 15.0
_TIMED_S = 60.0  # a slower check's sample would be stale before the next one

Layout: TypeAlias = Mapping[str, Sequence[tuple[int, str]]]
"""By family: the place of each series in the array, and what stands before its number."""


class SeenCheck(NamedTuple):
    """One check of a host. ``time`` stands behind the value in each of its samples."""

    labels: str
    reading: CheckReading
    time: str


class SeenHost(NamedTuple):
    """One host, as it stood when the page was begun; what is measured only of a living one."""

    name: str
    labels: str
    role: str
    address: str
    state: HostState
    is_up: int
    missed: int
    restarts: int
    heard: int
    missing: int
    problems: Sequence[str]
    check_problems: Sequence[tuple[str, str]]
    is_listed: bool
    is_limited: bool
    heard_at: float | None
    round_trip_s: float | None
    clock_offset_s: float | None
    birth: Birth | None
    layout: Layout
    values: "array[float]"
    time: str
    checks: Sequence[SeenCheck]


def seen(host: Host, now: float, *, timestamps: bool) -> SeenHost:
    """Return a host as it stands."""
    labels = f'venue="{host.venue}",host="{host.name}"'
    is_alive, birth, vitals = host.state in ALIVE, host.birth, host.vitals
    every_s = 0.0 if birth is None else birth.vitals_every_s
    if not is_alive or (vitals and now - vitals.at > _fresh_within(every_s)):
        vitals = None
    return SeenHost(
        host.name,
        labels,
        host.role,
        host.address,
        host.state,
        int(host.counts_as_up),
        host.missed,
        host.restarts,
        host.readings_heard,
        host.readings_missing,
        _problems_of(host) if host.problems or host.cause is not None else (),
        sorted(host.check_problems.copy().items()) if host.check_problems else (),
        host.is_listed,
        host.exceeds_reconnect_limit,
        _rounded(host.evidence_wall, 3),
        _rounded(host.round_trip_s, 6) if is_alive else None,
        _rounded(host.clock_offset_s, 6) if is_alive else None,
        birth if is_alive else None,
        _layout(vitals.catalogue) if vitals else _NOTHING,
        vitals.values if vitals else _NO_VALUES,
        f" {vitals.timestamp_ms}" if vitals and timestamps else "",
        _checks_of(host, labels, now, timestamps=timestamps) if is_alive and host.checks else (),
    )


def _problems_of(host: Host) -> list[str]:
    causes = set(host.problems.copy().values())
    if host.cause is not None:
        causes.add(host.cause)
    return sorted(causes)


def _checks_of(host: Host, labels: str, now: float, *, timestamps: bool) -> list[SeenCheck]:
    return [
        SeenCheck(
            labels + pairs(check=known.reading.check, kind=known.reading.kind),
            known.reading,
            f" {known.timestamp_ms}" if timestamps and known.reading.every_s <= _TIMED_S else "",
        )
        for known in list(host.checks.values())
        if now - known.at <= _fresh_within(known.reading.every_s)
    ]


def _fresh_within(period_s: float) -> float:
    return max(_STALE_AFTER_MIN_S, _STALE_AFTER_PERIODS * period_s)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


_NOTHING: Layout = {}
_NO_VALUES = array("d")
_layouts: WeakKeyDictionary[KnownCatalogue, Layout] = WeakKeyDictionary()


def _layout(catalogue: KnownCatalogue) -> Layout:
    """Return what we expose of a catalogue."""
    layout = _layouts.get(catalogue)
    if layout is None:
        found: dict[str, list[tuple[int, str]]] = {}
        for place, name, labels in vitals_series(catalogue):
            found.setdefault(name, []).append((place, f"{pairs(**labels)}}} "))
        layout = _layouts[catalogue] = found
    return layout


def escape(value: str) -> str:
    """Return a label's value as the text format has it between quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def pairs(**texts: str) -> str:
    """Return labels as the text format has them behind others."""
    return "".join(f',{label}="{escape(text)}"' for label, text in texts.items())
