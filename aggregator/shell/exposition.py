"""The fleet as Prometheus text (format 0.0.4): liveness of every host, vitals of living ones.

A pure function of the state. A host that is not up loses its measured series at once, so that no
frozen value is plotted. Its liveness series stay as long as it is expected. Samples have no
timestamps.

The families come in two collections: ``vitals`` are those of node_exporter and of the agent's
own process, ``liveness`` is everything else.
"""

from collections.abc import Collection, Iterable
from math import isnan
from typing import NamedTuple
from weakref import WeakKeyDictionary

from aggregator.core.catalogues import KnownCatalogue, LatestVitals
from aggregator.core.fleet import Host, Venue
from aggregator.core.margins import LATENESS_BUCKETS_S
from aggregator.core.states import ALIVE, HostState, VenueState, venue_state
from venuewatch.base.wire.checks import RESULTS_STATES, WELL, CheckValues
from venuewatch.base.wire.messages import CheckReading
from venuewatch.base.wire.readings import Family, Readings, families_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COLLECTIONS = ("liveness", "vitals")
"""The parts of a page that can be had alone."""

_STALE_AFTER_PERIODS = 3.5  # as Prometheus' staleness: a few readings missed, then no value
_STALE_AFTER_MIN_S = 15.0


class Series(NamedTuple):
    """One metric family of venuewatch: type, help and label names (for the documentation)."""

    kind: str
    help: str
    labels: str


_TABLE = """\
venuewatch_venue_up gauge venue
    1 while any host of the venue is up or late.
venuewatch_venue_state gauge venue, state
    1 for the state the venue is in, 0 for every other one.
venuewatch_venue_hosts gauge venue, state
    Hosts of the venue in each state.
venuewatch_venue_problem gauge venue, cause
    1 while the venue has a problem of this cause.
venuewatch_venue_heartbeat_lateness_seconds histogram venue
    How late the beats of living hosts came, against when each was due.
venuewatch_venue_heartbeat_near_misses_total counter venue
    Beats that came in the last quarter of their margin: the class of link may be wrong.
venuewatch_venue_info gauge venue, name, town, timezone
    1; what the venue is.
venuewatch_host_info gauge venue, host, role, address
    1; what the inventory says of the host, for every host that it lists.
venuewatch_host_up gauge venue, host
    1 while the host is up or late; unknown keeps what was last decided.
venuewatch_host_state gauge venue, host, state
    1 for the state the host is in.
venuewatch_host_problem gauge venue, host, cause
    1 while the host has a problem of this cause.
venuewatch_check_problem gauge venue, host, check, cause
    1 while a check of the host has a problem of this cause, also when the host is lost meanwhile.
venuewatch_host_unlisted gauge venue, host
    1 for a host that is heard and that the inventory does not list.
venuewatch_host_reconnect_limited gauge venue, host
    1 for a host whose agent may wait longer before it reconnects than the centre grants.
venuewatch_host_last_heartbeat_timestamp_seconds gauge venue, host
    When the last beat was heard, by the aggregator's clock, in unixtime.
venuewatch_host_round_trip_seconds gauge venue, host
    From the centre to the host and back, through the broker.
venuewatch_host_clock_offset_seconds gauge venue, host
    How far the host's clock is ahead of the aggregator's.
venuewatch_host_heartbeats_missed_total counter venue, host
    Beats that were due and never heard.
venuewatch_host_restarts_total counter venue, host
    Restarts of the agent.
venuewatch_host_readings_total counter venue, host
    Vitals and check messages heard, each once, live or from a backlog.
venuewatch_host_readings_missing gauge venue, host
    Messages missing between those that were heard, of the same boot.
venuewatch_check_up gauge venue, host, check, kind
    1 while what is checked does its work, if only with a warning.
venuewatch_check_state gauge venue, host, check, kind, state
    1 for the state the check is in.
venuewatch_check_duration_seconds gauge venue, host, check, kind
    How long the reading took.
venuewatch_check_timestamp_seconds gauge venue, host, check, kind
    When the check was last read, by the host's clock, in unixtime.
venuewatch_results_state gauge venue, host, check, kind, state
    1 for the state a results system's check is in.
venuewatch_agent_info gauge venue, host, role, agent_version, os, release, machine, address
    1; what the agent of a living host said of itself.
node_uname_info gauge venue, host, instance, sysname, release, version, machine, nodename, domainname
    Labeled system information as provided by the uname system call.
"""  # noqa: E501
"""Each family's name, type and labels, and below them its help."""

OWN: dict[str, Series] = {}
for _head, _help in zip(_TABLE.splitlines()[::2], _TABLE.splitlines()[1::2], strict=True):
    _name, _kind, _labels_of = _head.split(maxsplit=2)
    OWN[_name] = Series(_kind, _help.strip(), _labels_of)

_VITALS = families_of(Readings)
_LABELS_OF = {family.name: family.labels for family in _VITALS}
_layouts: WeakKeyDictionary[KnownCatalogue, list[tuple[str, int, str]]] = WeakKeyDictionary()
_CHECKS = tuple(each._replace(name=f"venuewatch_{each.name}") for each in families_of(CheckValues))
_PREFIX = len("venuewatch_")
_FAMILIES = {name: (series.kind, series.help) for name, series in OWN.items()} | {
    family.name: (family.kind, family.help) for family in (*_VITALS, *_CHECKS)
}


def render(
    venues: Iterable[Venue], now: float, collections: Collection[str] = COLLECTIONS
) -> bytes:
    """Return the metrics of these venues at ``now`` (monotonic s), or ``collections`` of them."""
    page = _Page()
    for venue in venues:
        if "liveness" in collections:
            page.add_venue(venue)
        for host in list(venue.hosts.values()):
            is_alive = host.state in ALIVE
            if "liveness" in collections:
                page.add_host(host)
                if is_alive:
                    page.add_agent(host)
                    page.add_checks(host, now)
            if "vitals" in collections and is_alive:
                page.add_system(host)
                vitals_every_s = 0.0 if host.birth is None else host.birth.vitals_every_s
                vitals = host.vitals
                if vitals and now - vitals.at <= _fresh_within(vitals_every_s):
                    page.add_vitals(host, vitals)
    return page.text()


def escape(value: str) -> str:
    """Return a label's value as the text format has it between quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _fresh_within(period_s: float) -> float:
    return max(_STALE_AFTER_MIN_S, _STALE_AFTER_PERIODS * period_s)


class _Page:
    """Collects lines by family, because the format has each family in one piece."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {name: [] for name in _FAMILIES}

    def _add(self, name: str, labels: str, value: float) -> None:
        self._lines[name].append(f"{name}{{{labels}}} {value}\n")

    def _add_value(self, family: Family, labels: str, value: object) -> None:
        """Add the samples of one family: a number, or rows of label values and a number."""
        if isinstance(value, list):
            for *texts, number in value:
                named = zip(family.labels, texts, strict=True)
                more = "".join(f',{label}="{escape(text)}"' for label, text in named)
                self._add(family.name, labels + more, number)
        elif value is not None:
            self._lines[family.name].append(f"{family.name}{{{labels}}} {value}\n")

    def add_venue(self, venue: Venue) -> None:
        add, labels, counts = self._add, f'venue="{venue.code}"', dict(venue.counts)
        is_up = any(host.counts_as_up for host in list(venue.hosts.values()))
        add("venuewatch_venue_up", labels, int(is_up))
        now_in = venue_state(counts)
        for venue_is in VenueState:
            add("venuewatch_venue_state", f'{labels},state="{venue_is}"', int(venue_is is now_in))
        for state in HostState:
            add("venuewatch_venue_hosts", f'{labels},state="{state}"', counts[state])
        said = _pairs(name=venue.name, town=venue.town, timezone=venue.timezone)
        add("venuewatch_venue_info", labels + said, 1)
        for cause in sorted(set(venue.problems.values())):
            add("venuewatch_venue_problem", f'{labels},cause="{cause}"', 1)
        add("venuewatch_venue_heartbeat_near_misses_total", labels, venue.lateness.near_misses)
        self._add_lateness(venue, labels)

    def _add_lateness(self, venue: Venue, labels: str) -> None:
        name, total = "venuewatch_venue_heartbeat_lateness_seconds", 0
        lines, counts = self._lines[name], list(venue.lateness.counts)
        for bound, count in zip((*LATENESS_BUCKETS_S, "+Inf"), counts, strict=True):
            total += count
            lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {total}\n')
        lines.append(f"{name}_sum{{{labels}}} {round(venue.lateness.total_s, 3)}\n")
        lines.append(f"{name}_count{{{labels}}} {total}\n")

    def add_host(self, host: Host) -> None:
        add, labels = self._add, _labels(host)
        if host.is_listed:
            said = _pairs(role=host.role, address=host.address)
            add("venuewatch_host_info", labels + said, 1)
        add("venuewatch_host_up", labels, int(host.counts_as_up))
        add("venuewatch_host_state", f'{labels},state="{host.state}"', 1)
        add("venuewatch_host_heartbeats_missed_total", labels, host.missed)
        add("venuewatch_host_restarts_total", labels, host.restarts)
        add("venuewatch_host_readings_total", labels, host.readings_heard)
        add("venuewatch_host_readings_missing", labels, host.readings_missing)
        for cause in _problems_of(host):
            add("venuewatch_host_problem", f'{labels},cause="{cause}"', 1)
        for check, cause in sorted(host.check_problems.copy().items()):
            problem = _pairs(check=check, cause=cause)
            add("venuewatch_check_problem", labels + problem, 1)
        if not host.is_listed:
            add("venuewatch_host_unlisted", labels, 1)
        if host.exceeds_reconnect_limit:
            add("venuewatch_host_reconnect_limited", labels, 1)
        if host.evidence_wall is not None:
            heard = round(host.evidence_wall, 3)
            add("venuewatch_host_last_heartbeat_timestamp_seconds", labels, heard)
        if host.state in ALIVE and host.round_trip_s is not None:
            add("venuewatch_host_round_trip_seconds", labels, round(host.round_trip_s, 6))
        if host.state in ALIVE and host.clock_offset_s is not None:
            add("venuewatch_host_clock_offset_seconds", labels, round(host.clock_offset_s, 6))

    def add_agent(self, host: Host) -> None:
        birth = host.birth
        if birth is None:
            return
        agent = _pairs(role=birth.role, agent_version=birth.agent_version)
        agent += _pairs(os=birth.sysname, release=birth.release, machine=birth.machine)
        self._add("venuewatch_agent_info", _labels(host) + agent + _pairs(address=birth.address), 1)

    def add_system(self, host: Host) -> None:
        birth = host.birth
        if birth is None:
            return
        system = _pairs(sysname=birth.sysname, release=birth.release, version=birth.version)
        system += _pairs(machine=birth.machine, nodename=birth.nodename)
        system += _pairs(domainname=birth.domainname)
        self._add("node_uname_info", f'{_labels(host)},instance="{host.name}"{system}', 1)

    def add_vitals(self, host: Host, vitals: LatestVitals) -> None:
        labels, values = f'{_labels(host)},instance="{host.name}"', vitals.values
        for name, at, more in _layout(vitals.catalogue):
            if not isnan(value := values[at]):
                self._lines[name].append(f"{name}{{{labels}{more}}} {value}\n")

    def add_checks(self, host: Host, now: float) -> None:
        for known in list(host.checks.values()):
            if now - known.at <= _fresh_within(known.reading.every_s):
                self.add_check(host, known.reading)

    def add_check(self, host: Host, reading: CheckReading) -> None:
        add, labels = self._add, _labels(host) + _pairs(check=reading.check, kind=reading.kind)
        state = f'{labels},state="{reading.state}"'
        add("venuewatch_check_up", labels, int(reading.state in WELL))
        add("venuewatch_check_state", state, 1)
        add("venuewatch_check_duration_seconds", labels, reading.duration_s)
        add("venuewatch_check_timestamp_seconds", labels, reading.wall_ms / 1000)
        if reading.state in RESULTS_STATES:
            add("venuewatch_results_state", state, 1)
        for family in _CHECKS:
            self._add_value(family, labels, getattr(reading.values, family.name[_PREFIX:]))

    def text(self) -> bytes:
        parts: list[str] = []
        for name, (kind, text) in _FAMILIES.items():
            if self._lines[name]:
                parts.append(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")
                parts += self._lines[name]
        return "".join(parts).encode()


def _problems_of(host: Host) -> list[str]:
    causes = set(host.problems.copy().values())
    if host.cause is not None:
        causes.add(host.cause)
    return sorted(causes)


def _layout(catalogue: KnownCatalogue) -> list[tuple[str, int, str]]:
    """Return the family, the place in the array, and the labels of each series that we expose.

    A series that a catalogue has twice counts once: Prometheus would refuse the page.
    """
    layout = _layouts.get(catalogue)
    if layout is None:
        series: dict[tuple[str, str], int] = {}
        place = 0
        for name, rows in catalogue.families:
            labels = _LABELS_OF.get(name)
            for row in rows:
                if labels is not None and len(row) == len(labels):
                    series.setdefault((name, _pairs(**dict(zip(labels, row, strict=True)))), place)
                place += 1
        layout = _layouts[catalogue] = [(name, at, more) for (name, more), at in series.items()]
    return layout


def _pairs(**texts: str) -> str:
    return "".join(f',{label}="{escape(text)}"' for label, text in texts.items())


def _labels(host: Host) -> str:
    return f'venue="{host.venue}",host="{host.name}"'
