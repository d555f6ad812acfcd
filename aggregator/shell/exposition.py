"""The fleet as Prometheus text (format 0.0.4): liveness of every host, vitals of living ones.

A pure function of the state. A host that is not up loses its measured series at once, so that no
frozen value is plotted. Its liveness series stay as long as it is expected. Samples have no
timestamps, unless they are asked for: then those of vitals and of checks that are read each minute
or oftener have the time of their reading.

The page is made family by family, in pieces, from one tuple a host: however large the fleet, there
is never more of it in memory than the reader has not taken.

The families come in two collections: ``vitals`` are those of node_exporter and of the agent's
own process, ``liveness`` is everything else.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from aggregator.core.catalogues import KnownCatalogue
from aggregator.core.fleet import Host, Venue
from aggregator.core.margins import LATENESS_BUCKETS_S
from aggregator.core.states import ALIVE, HostState, VenueState, venue_state
from aggregator.shell.families import CHECKS, FAMILIES, LABELS_OF, OWN
from venuewatch.base.wire.checks import RESULTS_STATES, WELL
from venuewatch.base.wire.messages import Birth, CheckReading

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COLLECTIONS = ("liveness", "vitals")
"""The parts of a page that can be had alone."""

_STALE_AFTER_PERIODS = 3.5  # as Prometheus' staleness: a few readings missed, then no value
_STALE_AFTER_MIN_S = 15.0
_TIMED_S = 60.0  # a slower check's sample would be stale before the next one
_PIECE = 100_000  # characters
_AT_ONCE = 1_000  # lines that are made together


_Layout: TypeAlias = Mapping[str, Sequence[tuple[int, str]]]
"""By family: the place of each series in the array, and what stands before its number."""

_Row: TypeAlias = tuple[str, "array[float]", str]
"""The labels of one host, its numbers, and how each of its lines ends."""


class _Check(NamedTuple):
    """One check of a host. ``time`` stands behind the value in each of its samples."""

    labels: str
    reading: CheckReading
    time: str


class _Host(NamedTuple):
    """One host, as it stood when the page was begun; what is measured only of a living one."""

    name: str
    labels: str
    role: str
    address: str
    state: HostState
    counts_as_up: bool
    missed: int
    restarts: int
    heard: int
    missing: int
    problems: Sequence[str]
    check_problems: Sequence[tuple[str, str]]
    is_listed: bool
    is_limited: bool
    evidence_wall: float | None
    round_trip_s: float | None
    clock_offset_s: float | None
    birth: Birth | None
    layout: _Layout
    values: "array[float]"
    time: str
    checks: Sequence[_Check]


_Samples: TypeAlias = Iterable[tuple[str, object]]
"""What stands behind a host's labels in each sample, and the value."""


def render(
    venues: Iterable[Venue],
    now: float,
    collections: Collection[str] = COLLECTIONS,
    *,
    timestamps: bool = False,
) -> bytes:
    """Return the metrics of these venues at ``now`` (monotonic s), or ``collections`` of them."""
    return b"".join(pieces(venues, now, collections, timestamps=timestamps))


def pieces(
    venues: Iterable[Venue],
    now: float,
    collections: Collection[str] = COLLECTIONS,
    *,
    timestamps: bool = False,
) -> Iterator[bytes]:
    """Yield the same in pieces of whole lines, some 100 kB each at most."""
    families: dict[str, Iterable[str]] = {}
    known = list(venues)
    if "liveness" in collections:
        families |= _venue_lines(known)
    hosts = [
        _seen(host, now, timestamps=timestamps)
        for venue in known
        for host in list(venue.hosts.values())
    ]
    if "liveness" in collections:
        families |= {name: _host_lines(name, of, hosts) for name, of in _PER_HOST.items()}
        families |= _check_lines(hosts)
    if "vitals" in collections:
        families["node_uname_info"] = _host_lines("node_uname_info", _system, hosts)
        families |= _vitals_lines(hosts)
    for name in FAMILIES:
        if name in families:
            yield from _family(name, families[name])


def escape(value: str) -> str:
    """Return a label's value as the text format has it between quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _family(name: str, lines: Iterable[str]) -> Iterator[bytes]:
    """Yield one family, with its head if it has any sample."""
    kind, text = FAMILIES[name]
    some, size = [f"# HELP {name} {text}\n# TYPE {name} {kind}\n"], 0
    for line in lines:
        some.append(line)
        size += len(line)
        if size >= _PIECE:
            yield "".join(some).encode()
            some, size = [], 0
    if size:
        yield "".join(some).encode()


def _venue_lines(venues: Iterable[Venue]) -> dict[str, list[str]]:
    """Return the lines of the venues' families."""
    lines: dict[str, list[str]] = {name: [] for name in OWN if name.startswith("venuewatch_venue_")}

    def add(name: str, labels: str, value: float, suffix: str = "") -> None:
        lines[name].append(f"{name}{suffix}{{{labels}}} {value}\n")

    for venue in venues:
        labels, counts = f'venue="{venue.code}"', dict(venue.counts)
        is_up = any(host.counts_as_up for host in list(venue.hosts.values()))
        add("venuewatch_venue_up", labels, int(is_up))
        now_in = venue_state(counts)
        for venue_is in VenueState:
            add("venuewatch_venue_state", f'{labels},state="{venue_is}"', int(venue_is is now_in))
        for state in HostState:
            add("venuewatch_venue_hosts", f'{labels},state="{state}"', counts[state])
        said = _pairs(name=venue.name, town=venue.town, timezone=venue.timezone)
        add("venuewatch_venue_info", labels + said, 1)
        for cause in sorted(set(venue.problems.copy().values())):
            add("venuewatch_venue_problem", f'{labels},cause="{cause}"', 1)
        add("venuewatch_venue_heartbeat_near_misses_total", labels, venue.lateness.near_misses)
        name, total = "venuewatch_venue_heartbeat_lateness_seconds", 0
        buckets = zip((*LATENESS_BUCKETS_S, "+Inf"), list(venue.lateness.counts), strict=True)
        for bound, count in buckets:
            total += count
            add(name, f'{labels},le="{bound}"', total, "_bucket")
        add(name, labels, round(venue.lateness.total_s, 3), "_sum")
        add(name, labels, total, "_count")
    return lines


def _seen(host: Host, now: float, *, timestamps: bool) -> _Host:
    """Return a host as it stands."""
    labels = f'venue="{host.venue}",host="{host.name}"'
    is_alive, birth, vitals = host.state in ALIVE, host.birth, host.vitals
    causes = set(host.problems.copy().values())
    if host.cause is not None:
        causes.add(host.cause)
    every_s = 0.0 if birth is None else birth.vitals_every_s
    if not is_alive or (vitals and now - vitals.at > _fresh_within(every_s)):
        vitals = None
    checks = [
        _Check(
            labels + _pairs(check=known.reading.check, kind=known.reading.kind),
            known.reading,
            f" {known.timestamp_ms}" if timestamps and known.reading.every_s <= _TIMED_S else "",
        )
        for known in list(host.checks.values())
        if is_alive and now - known.at <= _fresh_within(known.reading.every_s)
    ]
    return _Host(
        host.name,
        labels,
        host.role,
        host.address,
        host.state,
        host.counts_as_up,
        host.missed,
        host.restarts,
        host.readings_heard,
        host.readings_missing,
        sorted(causes),
        sorted(host.check_problems.copy().items()),
        host.is_listed,
        host.exceeds_reconnect_limit,
        host.evidence_wall,
        host.round_trip_s if is_alive else None,
        host.clock_offset_s if is_alive else None,
        birth if is_alive else None,
        _layout(vitals.catalogue) if vitals else _NOTHING,
        vitals.values if vitals else _NO_VALUES,
        f" {vitals.timestamp_ms}" if vitals and timestamps else "",
        checks,
    )


def _fresh_within(period_s: float) -> float:
    return max(_STALE_AFTER_MIN_S, _STALE_AFTER_PERIODS * period_s)


def _host_lines(
    name: str, samples_of: Callable[[_Host], _Samples], hosts: Iterable[_Host]
) -> Iterator[str]:
    for host in hosts:
        for more, value in samples_of(host):
            yield f"{name}{{{host.labels}{more}}} {value}\n"


def _one(value: object) -> _Samples:
    return (("", value),)


def _rounded(value: float | None, digits: int) -> _Samples:
    return () if value is None else _one(round(value, digits))


def _agent(host: _Host) -> _Samples:
    birth = host.birth
    if birth is None:
        return ()
    said = _pairs(role=birth.role, agent_version=birth.agent_version)
    said += _pairs(os=birth.sysname, release=birth.release, machine=birth.machine)
    return ((said + _pairs(address=birth.address), 1),)


def _system(host: _Host) -> _Samples:
    birth = host.birth
    if birth is None:
        return ()
    said = _pairs(instance=host.name, sysname=birth.sysname, release=birth.release)
    said += _pairs(version=birth.version, machine=birth.machine)
    return ((said + _pairs(nodename=birth.nodename, domainname=birth.domainname), 1),)


_PER_HOST: Mapping[str, Callable[[_Host], _Samples]] = {
    "venuewatch_host_info": lambda host: (
        ((_pairs(role=host.role, address=host.address), 1),) if host.is_listed else ()
    ),
    "venuewatch_host_up": lambda host: _one(int(host.counts_as_up)),
    "venuewatch_host_state": lambda host: ((f',state="{host.state}"', 1),),
    "venuewatch_host_problem": lambda host: [(f',cause="{one}"', 1) for one in host.problems],
    "venuewatch_check_problem": lambda host: [
        (_pairs(check=check, cause=cause), 1) for check, cause in host.check_problems
    ],
    "venuewatch_host_unlisted": lambda host: () if host.is_listed else _one(1),
    "venuewatch_host_reconnect_limited": lambda host: _one(1) if host.is_limited else (),
    "venuewatch_host_last_heartbeat_timestamp_seconds": lambda host: _rounded(
        host.evidence_wall, 3
    ),
    "venuewatch_host_round_trip_seconds": lambda host: _rounded(host.round_trip_s, 6),
    "venuewatch_host_clock_offset_seconds": lambda host: _rounded(host.clock_offset_s, 6),
    "venuewatch_host_heartbeats_missed_total": lambda host: _one(host.missed),
    "venuewatch_host_restarts_total": lambda host: _one(host.restarts),
    "venuewatch_host_readings_total": lambda host: _one(host.heard),
    "venuewatch_host_readings_missing": lambda host: _one(host.missing),
    "venuewatch_agent_info": _agent,
}


def _check_lines(hosts: Iterable[_Host]) -> dict[str, list[str]]:
    """Return the lines of the checks' families."""
    lines: dict[str, list[str]] = {}

    def add(name: str, check: _Check, more: str, value: object) -> None:
        line = f"{name}{{{check.labels}{more}}} {value}{check.time}\n"
        lines.setdefault(name, []).append(line)

    for check in (each for host in hosts for each in host.checks):
        reading = check.reading
        state = f',state="{reading.state}"'
        add("venuewatch_check_up", check, "", int(reading.state in WELL))
        add("venuewatch_check_state", check, state, 1)
        add("venuewatch_check_duration_seconds", check, "", reading.duration_s)
        add("venuewatch_check_timestamp_seconds", check, "", reading.wall_ms / 1000)
        if reading.state in RESULTS_STATES:
            add("venuewatch_results_state", check, state, 1)
        for field, family in CHECKS.items():
            value = getattr(reading.values, field)
            if isinstance(value, list):
                rows = {tuple(texts): number for *texts, number in reversed(value)}
                for texts, number in reversed(rows.items()):
                    more = _pairs(**dict(zip(family.labels, texts, strict=True)))
                    add(family.name, check, more, number)
            elif value is not None:
                add(family.name, check, "", value)
    return lines


def _vitals_lines(hosts: Iterable[_Host]) -> dict[str, Iterable[str]]:
    """Return the lines of all families of vitals, series by series over hosts that have the same.

    There are most of these lines by far, and so they come at the price of one formatted string.
    """
    alike: dict[int, tuple[_Layout, list[_Row]]] = {}
    for host in hosts:
        if host.layout:
            rows = alike.setdefault(id(host.layout), (host.layout, []))[1]
            labels = f'{host.labels},instance="{host.name}"'
            rows.append((labels, host.values, f"{host.time}\n"))
    names = {name for layout, _ in alike.values() for name in layout}
    return {name: _family_of_vitals(name, alike.values()) for name in names}


def _family_of_vitals(name: str, alike: Iterable[tuple[_Layout, Sequence[_Row]]]) -> Iterator[str]:
    for layout, rows in alike:
        for at, more in layout.get(name, ()):
            head = name + "{"
            for first in range(0, len(rows), _AT_ONCE):
                yield "".join(
                    [
                        f"{head}{labels}{more}{value}{end}"
                        for labels, values, end in rows[first : first + _AT_ONCE]
                        if (value := values[at]) == value  # NaN is not
                    ]
                )


_NOTHING: _Layout = {}
_NO_VALUES = array("d")
_layouts: WeakKeyDictionary[KnownCatalogue, _Layout] = WeakKeyDictionary()


def _layout(catalogue: KnownCatalogue) -> _Layout:
    """Return what we expose of a catalogue.

    A series that it has twice counts once: Prometheus would refuse the page.
    """
    layout = _layouts.get(catalogue)
    if layout is None:
        found: dict[str, dict[str, int]] = {}
        place = 0
        for name, rows in catalogue.families:
            labels = LABELS_OF.get(name)
            for row in rows:
                if labels is not None and len(row) == len(labels):
                    more = _pairs(**dict(zip(labels, row, strict=True)))
                    found.setdefault(name, {}).setdefault(more, place)
                place += 1
        layout = _layouts[catalogue] = {
            name: [(at, f"{more}}} ") for more, at in series.items()]
            for name, series in found.items()
        }
    return layout


def _pairs(**texts: str) -> str:
    return "".join(f',{label}="{escape(text)}"' for label, text in texts.items())
