"""The fleet as Prometheus text (format 0.0.4): liveness of every host, vitals of living ones.

A pure function of the state. A host that is not up loses its measured series at once, so that no
frozen value is plotted. Its liveness series stay as long as it is expected. Samples have no
timestamps, unless they are asked for: then those of vitals and of checks that are read each minute
or oftener have the time of their reading. Vitals may then come with readings before the latest.

The page is made family by family, in pieces, from one record a host, and is never in memory as a
whole; only the lines of checks wait for the turn of their family.

The families come in two collections: ``vitals`` are those of node_exporter and of the agent's
own process, ``liveness`` is everything else.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, Self

from aggregator.core.catalogues import KnownCatalogue, number_at
from aggregator.core.fleet import Venue
from aggregator.core.margins import LATENESS_BUCKETS_S
from aggregator.core.states import HostState, VenueState
from aggregator.shell.families import FAMILIES, OWN
from aggregator.shell.series import CheckSample, check_samples, unknown_samples
from aggregator.shell.snapshot import (
    HOST_NUMBERS,
    Layout,
    Number,
    SeenHost,
    escape,
    layout_of,
    pairs,
    seen,
)
from venuewatch.base.wire.messages import CheckReading

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COLLECTIONS = ("liveness", "vitals")
"""The parts of a page that can be had alone."""

_PIECE = 100_000  # characters
_AT_ONCE = 1_000  # lines that are made together
_KINDS = 1_000  # different kinds of machine that are remembered


class _Rows(NamedTuple):
    """Of each host its labels, its numbers, and how each of its lines ends.

    Three lists, as a tuple a host would be more for the collector than all the rest of a page.
    """

    labels: list[str]
    numbers: list[bytes]
    ends: list[str]

    def add(self, labels: str, packed: bytes, end: str) -> None:
        self.labels.append(labels)
        self.numbers.append(packed)
        self.ends.append(end)

    def extend(self, others: Self) -> None:
        self.labels.extend(others.labels)
        self.numbers.extend(others.numbers)
        self.ends.extend(others.ends)

    @classmethod
    def none(cls) -> Self:
        return cls([], [], [])


def render(
    venues: Iterable[Venue],
    now: float,
    collections: Collection[str] = COLLECTIONS,
    *,
    timestamps: bool = False,
    readings: int = 1,
    hears_readings: bool = True,
) -> bytes:
    """Return the metrics of these venues at ``now`` (monotonic s), or ``collections`` of them.

    ``readings``: how many of the latest vitals of a host are shown, each with its time. Without
    ``hears_readings`` none is, and the state of each check is unknown.
    """
    return b"".join(
        pieces(
            venues,
            now,
            collections,
            timestamps=timestamps,
            readings=readings,
            hears_readings=hears_readings,
        )
    )


def pieces(
    venues: Iterable[Venue],
    now: float,
    collections: Collection[str] = COLLECTIONS,
    *,
    timestamps: bool = False,
    readings: int = 1,
    hears_readings: bool = True,
) -> Iterator[bytes]:
    """Yield the same in pieces of whole lines, some 100 kB each at most."""
    families: dict[str, Iterable[str]] = {}
    known = list(venues)
    if "liveness" in collections:
        families |= _venue_lines(known)
    hosts = [
        seen(host, now, timestamps=timestamps, readings=readings, hears_readings=hears_readings)
        for venue in known
        for host in list(venue.hosts.values())
    ]
    if "liveness" in collections:
        families |= {name: _number_lines(name, of, hosts) for name, of in HOST_NUMBERS.items()}
        families |= {name: _label_lines(name, of, hosts) for name, of in _LABELS.items()}
        families |= _check_lines(hosts, check_samples if hears_readings else unknown_samples)
        problems = families["venuewatch_check_problem"]
        families["venuewatch_check_problem"] = chain(_venue_check_lines(known), problems)
    if "vitals" in collections:
        families["node_uname_info"] = _label_lines("node_uname_info", _system, hosts)
        families |= _vitals_lines(hosts)
    for name in FAMILIES:
        if name in families:
            yield from _family(name, families[name])


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
        labels, counts, now_in = f'venue="{venue.code}"', dict(venue.counts), venue.state
        is_up = any(host.counts_as_up for host in list(venue.hosts.values()))
        add("venuewatch_venue_up", labels, int(is_up))
        for venue_is in VenueState:
            add("venuewatch_venue_state", f'{labels},state="{venue_is}"', int(venue_is is now_in))
        for state in HostState:
            add("venuewatch_venue_hosts", f'{labels},state="{state}"', counts[state])
        said = pairs(name=venue.name, town=venue.town, timezone=venue.timezone)
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


def _venue_check_lines(venues: Iterable[Venue]) -> Iterator[str]:
    """Yield the problems of checks that are a venue's: they have no host."""
    for venue in venues:
        for (check, _), cause in sorted(venue.check_problems.copy().items()):
            labels = f'venue="{venue.code}"' + pairs(check=check, cause=cause)
            yield f"venuewatch_check_problem{{{labels}}} 1\n"


# Lines of hosts are made many at a time, and floats by repr: formatting them costs a half more.


def _number_lines(name: str, number_of: Number, hosts: Sequence[SeenHost]) -> Iterator[str]:
    """Yield the lines of a family that has one number for a host, or none."""
    head = name + "{"
    for first in range(0, len(hosts), _AT_ONCE):
        yield "".join(
            [
                f"{head}{host.labels}}} {number!r}\n"
                for host in hosts[first : first + _AT_ONCE]
                if (number := number_of(host)) is not None
            ]
        )


def _label_lines(
    name: str, labels_of: Callable[[SeenHost], Iterable[str]], hosts: Sequence[SeenHost]
) -> Iterator[str]:
    """Yield the lines of a family whose labels say it all: each sample is 1."""
    head = name + "{"
    for first in range(0, len(hosts), _AT_ONCE):
        yield "".join(
            [
                f"{head}{host.labels}{more}}} 1\n"
                for host in hosts[first : first + _AT_ONCE]
                for more in labels_of(host)
            ]
        )


def _agent(host: SeenHost) -> Iterable[str]:
    if (said := host.birth) is None:
        return ()
    kind = _kind(said.role, said.agent_version, said.sysname, said.release, said.machine)
    return (f'{kind},address="{escape(said.address)}"',)


def _system(host: SeenHost) -> Iterable[str]:
    if (said := host.birth) is None:
        return ()
    system = _system_kind(said.sysname, said.release, said.version, said.machine)
    own = f',nodename="{escape(said.nodename)}",domainname="{escape(said.domainname)}"'
    return (f',instance="{host.name}"{system}{own}',)


# Labels that many hosts of a fleet have in common are made once for all of them.


@lru_cache(_KINDS)
def _kind(role: str, agent_version: str, sysname: str, release: str, machine: str) -> str:
    return pairs(
        role=role, agent_version=agent_version, os=sysname, release=release, machine=machine
    )


@lru_cache(_KINDS)
def _system_kind(sysname: str, release: str, version: str, machine: str) -> str:
    return pairs(sysname=sysname, release=release, version=version, machine=machine)


def _inventory(host: SeenHost) -> Iterable[str]:
    if not host.is_listed:
        return ()
    return (f',role="{escape(host.role)}",address="{escape(host.address)}"',)


_STATES = {state: (f',state="{state}"',) for state in HostState}
_LABELS: Mapping[str, Callable[[SeenHost], Iterable[str]]] = {
    "venuewatch_host_info": _inventory,
    "venuewatch_host_state": lambda host: _STATES[host.state],
    "venuewatch_host_problem": lambda host: [f',cause="{one}"' for one in host.problems],
    "venuewatch_check_problem": lambda host: [
        pairs(check=check, cause=cause) for check, cause in host.check_problems
    ],
    "venuewatch_agent_info": _agent,
}


def _check_lines(
    hosts: Iterable[SeenHost], samples_of: Callable[[CheckReading], Iterable[CheckSample]]
) -> dict[str, list[str]]:
    """Return the lines of the checks' families."""
    lines: dict[str, list[str]] = {}
    for check in (each for host in hosts for each in host.checks):
        for name, labels, value in samples_of(check.reading):
            more = pairs(**labels) if labels else ""
            line = f"{name}{{{check.labels}{more}}} {value}{check.time}\n"
            lines.setdefault(name, []).append(line)
    return lines


def _vitals_lines(hosts: Iterable[SeenHost]) -> dict[str, Iterable[str]]:
    """Return the lines of all families of vitals, series by series over hosts that have the same.

    There are most of these lines by far, and so they come at the price of one formatted string.
    """
    alike: defaultdict[KnownCatalogue, _Rows] = defaultdict(_Rows.none)
    for host in hosts:
        if host.catalogue is not None:
            labels = f'{host.labels},instance="{host.name}"'
            for one in host.earlier:
                alike[one.catalogue].add(labels, one.packed, f" {one.timestamp_ms}\n")
            alike[host.catalogue].add(labels, host.packed, f"{host.time}\n")
    layouts = [(layout_of(catalogue), rows) for catalogue, rows in alike.items()]
    names = {name for layout, _ in layouts for name in layout}
    return {name: _family_of_vitals(name, layouts) for name in names}


def _family_of_vitals(name: str, alike: Iterable[tuple[Layout, _Rows]]) -> Iterator[str]:
    """Yield the lines of one family; hosts that differ elsewhere can have the same series here."""
    rows_by_series: defaultdict[Sequence[tuple[int, str]], _Rows] = defaultdict(_Rows.none)
    for layout, rows in alike:
        if name in layout:
            rows_by_series[layout[name]].extend(rows)
    head = name + "{"
    for series, rows in rows_by_series.items():
        for at, more in series:
            number_in = number_at(at)
            for first in range(0, len(rows.ends), _AT_ONCE):
                some = slice(first, first + _AT_ONCE)
                numbers = map(number_in, rows.numbers[some])
                yield "".join(
                    [
                        f"{head}{labels}{more}{value!r}{end}"
                        for labels, (value,), end in zip(
                            rows.labels[some], numbers, rows.ends[some], strict=True
                        )
                        if value == value  # noqa: PLR0124 - NaN is not
                    ]
                )
