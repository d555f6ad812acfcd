"""The fleet as Prometheus text (format 0.0.4): liveness of every host, vitals of living ones.

A pure function of the state. A host that is not up loses its measured series at once, so that no
frozen value is plotted. Its liveness series stay as long as it is expected. Samples have no
timestamps.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.fleet import Host, Venue
from aggregator.core.margins import LATENESS_BUCKETS_S
from aggregator.core.states import ALIVE, HostState, venue_state
from venuewatch.base.wire.checks import RESULTS_STATES, WELL, check_families
from venuewatch.base.wire.messages import CheckReading
from venuewatch.base.wire.readings import Family, families

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STALE_AFTER_PERIODS = 3.5  # as Prometheus' staleness: a few readings missed, then no value
_STALE_AFTER_MIN_S = 15.0


class Series(NamedTuple):
    """One metric family of venuewatch: type, help and label names (for the documentation)."""

    kind: str
    help: str
    labels: str


_HOST = "venue, host"
_CHECK = "venue, host, check, kind"

OWN: dict[str, Series] = {
    "venuewatch_venue_up": Series("gauge", "1 while any host of the venue is up or late.", "venue"),
    "venuewatch_venue_state": Series("gauge", "1 for the state the venue is in.", "venue, state"),
    "venuewatch_venue_hosts": Series("gauge", "Hosts of the venue in each state.", "venue, state"),
    "venuewatch_venue_problem": Series(
        "gauge", "1 while the venue has a problem of this cause.", "venue, cause"
    ),
    "venuewatch_venue_heartbeat_lateness_seconds": Series(
        "histogram", "How late the beats of living hosts came, against when each was due.", "venue"
    ),
    "venuewatch_venue_heartbeat_near_misses_total": Series(
        "counter",
        "Beats that came in the last quarter of their margin: the class of link may be wrong.",
        "venue",
    ),
    "venuewatch_venue_info": Series(
        "gauge", "1; what the venue is.", "venue, name, town, timezone"
    ),
    "venuewatch_host_up": Series(
        "gauge", "1 while the host is up or late; unknown keeps what was last decided.", _HOST
    ),
    "venuewatch_host_state": Series("gauge", "1 for the state the host is in.", f"{_HOST}, state"),
    "venuewatch_host_problem": Series(
        "gauge", "1 while the host has a problem of this cause.", f"{_HOST}, cause"
    ),
    "venuewatch_host_unlisted": Series(
        "gauge", "1 for a host that is heard and that the inventory does not list.", _HOST
    ),
    "venuewatch_host_reconnect_limited": Series(
        "gauge",
        "1 for a host whose agent may wait longer before it reconnects than the centre grants.",
        _HOST,
    ),
    "venuewatch_host_last_heartbeat_timestamp_seconds": Series(
        "gauge", "When the last beat was heard, by the aggregator's clock, in unixtime.", _HOST
    ),
    "venuewatch_host_round_trip_seconds": Series(
        "gauge", "From the centre to the host and back, through the broker.", _HOST
    ),
    "venuewatch_host_clock_offset_seconds": Series(
        "gauge", "How far the host's clock is ahead of the aggregator's.", _HOST
    ),
    "venuewatch_host_heartbeats_missed_total": Series(
        "counter", "Beats that were due and never heard.", _HOST
    ),
    "venuewatch_host_restarts_total": Series("counter", "Restarts of the agent.", _HOST),
    "venuewatch_host_readings_total": Series(
        "counter", "Vitals and check messages heard, each once, live or from a backlog.", _HOST
    ),
    "venuewatch_host_readings_missing": Series(
        "gauge", "Messages missing between those that were heard, of the same boot.", _HOST
    ),
    "venuewatch_check_up": Series(
        "gauge", "1 while what is checked does its work, if only with a warning.", _CHECK
    ),
    "venuewatch_check_state": Series(
        "gauge", "1 for the state the check is in.", f"{_CHECK}, state"
    ),
    "venuewatch_check_duration_seconds": Series("gauge", "How long the reading took.", _CHECK),
    "venuewatch_check_timestamp_seconds": Series(
        "gauge", "When the check was last read, by the host's clock, in unixtime.", _CHECK
    ),
    "venuewatch_results_state": Series(
        "gauge", "1 for the state a results system's check is in.", f"{_CHECK}, state"
    ),
    "venuewatch_host_info": Series(
        "gauge",
        "1; what the host's agent said of itself.",
        f"{_HOST}, role, agent_version, os, release, machine, address",
    ),
    "node_uname_info": Series(
        "gauge",
        "Labeled system information as provided by the uname system call.",
        f"{_HOST}, instance, sysname, release, version, machine, nodename",
    ),
}

_VITALS = families()
_CHECKS = tuple(family._replace(name=f"venuewatch_{family.name}") for family in check_families())
_PREFIX = len("venuewatch_")


def render(venues: Iterable[Venue], now: float) -> bytes:
    """Return the metrics of these venues at ``now`` (monotonic s)."""
    page = _Page()
    for venue in venues:
        page.add_venue(venue)
        for host in list(venue.hosts.values()):
            page.add_host(host)
            if host.state in ALIVE:
                page.add_birth(host)
                if now - host.readings_at <= _fresh_for(host):
                    page.add_vitals(host)
                for known in list(host.checks.values()):
                    if now - known.at <= _fresh_within(known.reading.every_s):
                        page.add_check(host, known.reading)
    return page.text()


def escape(value: str) -> str:
    """Return a label's value as the text format has it between quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _fresh_for(host: Host) -> float:
    return _fresh_within(host.birth.vitals_every_s if host.birth is not None else 0.0)


def _fresh_within(period_s: float) -> float:
    return max(_STALE_AFTER_MIN_S, _STALE_AFTER_PERIODS * period_s)


class _Page:
    """Collects lines by family, because the format has each family in one piece."""

    def __init__(self) -> None:
        self._own: dict[str, list[str]] = {name: [] for name in OWN}
        self._vitals: list[list[str]] = [[] for _ in _VITALS]
        self._checks: list[list[str]] = [[] for _ in _CHECKS]

    def add_venue(self, venue: Venue) -> None:
        own, code = self._own, venue.code
        counts = dict(venue.counts)
        is_up = any(host.counts_as_up for host in list(venue.hosts.values()))
        own["venuewatch_venue_up"].append(f'venuewatch_venue_up{{venue="{code}"}} {is_up:d}\n')
        own["venuewatch_venue_state"].append(
            f'venuewatch_venue_state{{venue="{code}",state="{venue_state(counts)}"}} 1\n'
        )
        own["venuewatch_venue_hosts"].extend(
            f'venuewatch_venue_hosts{{venue="{code}",state="{state}"}} {counts[state]}\n'
            for state in HostState
        )
        own["venuewatch_venue_info"].append(
            f'venuewatch_venue_info{{venue="{code}",name="{escape(venue.name)}",'
            f'town="{escape(venue.town)}",timezone="{escape(venue.timezone)}"}} 1\n'
        )
        own["venuewatch_venue_problem"].extend(
            f'venuewatch_venue_problem{{venue="{code}",cause="{cause}"}} 1\n'
            for cause in sorted(set(venue.problems.values()))
        )
        self._add_lateness(venue)

    def _add_lateness(self, venue: Venue) -> None:
        lateness, lines = venue.lateness, self._own["venuewatch_venue_heartbeat_lateness_seconds"]
        counts, head = list(lateness.counts), "venuewatch_venue_heartbeat_lateness_seconds"
        total = 0
        for bound, count in zip((*LATENESS_BUCKETS_S, "+Inf"), counts, strict=True):
            total += count
            lines.append(f'{head}_bucket{{venue="{venue.code}",le="{bound}"}} {total}\n')
        lines.append(f'{head}_sum{{venue="{venue.code}"}} {round(lateness.total_s, 3)}\n')
        lines.append(f'{head}_count{{venue="{venue.code}"}} {total}\n')
        name = "venuewatch_venue_heartbeat_near_misses_total"
        self._own[name].append(f'{name}{{venue="{venue.code}"}} {lateness.near_misses}\n')

    def add_host(self, host: Host) -> None:
        own, labels = self._own, _labels(host)

        def add(name: str, value: float, more: str = "") -> None:
            own[name].append(f"{name}{{{labels}{more}}} {value}\n")

        add("venuewatch_host_up", int(host.counts_as_up))
        add("venuewatch_host_state", 1, f',state="{host.state}"')
        add("venuewatch_host_heartbeats_missed_total", host.missed)
        add("venuewatch_host_restarts_total", host.restarts)
        add("venuewatch_host_readings_total", host.readings_heard)
        add("venuewatch_host_readings_missing", host.readings_missing)
        for cause in _problems_of(host):
            add("venuewatch_host_problem", 1, f',cause="{cause}"')
        if not host.is_listed:
            add("venuewatch_host_unlisted", 1)
        if host.exceeds_reconnect_limit:
            add("venuewatch_host_reconnect_limited", 1)
        if host.evidence_wall is not None:
            add("venuewatch_host_last_heartbeat_timestamp_seconds", round(host.evidence_wall, 3))
        if host.state in ALIVE and host.round_trip_s is not None:
            add("venuewatch_host_round_trip_seconds", round(host.round_trip_s, 6))
        if host.state in ALIVE and host.clock_offset_s is not None:
            add("venuewatch_host_clock_offset_seconds", round(host.clock_offset_s, 6))

    def add_birth(self, host: Host) -> None:
        birth = host.birth
        if birth is None:
            return
        labels = _labels(host)
        self._own["venuewatch_host_info"].append(
            f'venuewatch_host_info{{{labels},role="{escape(birth.role or host.role)}",'
            f'agent_version="{escape(birth.agent_version)}",os="{escape(birth.sysname)}",'
            f'release="{escape(birth.release)}",machine="{escape(birth.machine)}",'
            f'address="{escape(birth.address)}"}} 1\n'
        )
        self._own["node_uname_info"].append(
            f'node_uname_info{{{labels},instance="{host.name}",'
            f'sysname="{escape(birth.sysname)}",release="{escape(birth.release)}",'
            f'version="{escape(birth.version)}",machine="{escape(birth.machine)}",'
            f'nodename="{escape(birth.nodename)}"}} 1\n'
        )

    def add_vitals(self, host: Host) -> None:
        head = f'{_labels(host)},instance="{host.name}"'
        for family, lines in zip(_VITALS, self._vitals, strict=True):
            _add_value(lines, family, head, getattr(host.readings, family.name))

    def add_check(self, host: Host, reading: CheckReading) -> None:
        own = self._own
        check, kind = escape(reading.check), escape(reading.kind)
        head = f'{_labels(host)},check="{check}",kind="{kind}"'

        def add(name: str, value: float, more: str = "") -> None:
            own[name].append(f"{name}{{{head}{more}}} {value}\n")

        add("venuewatch_check_up", int(reading.state in WELL))
        add("venuewatch_check_state", 1, f',state="{reading.state}"')
        add("venuewatch_check_duration_seconds", reading.duration_s)
        add("venuewatch_check_timestamp_seconds", reading.wall_ms / 1000)
        if reading.state in RESULTS_STATES:
            add("venuewatch_results_state", 1, f',state="{reading.state}"')
        for family, lines in zip(_CHECKS, self._checks, strict=True):
            _add_value(lines, family, head, getattr(reading.values, family.name[_PREFIX:]))

    def text(self) -> bytes:
        parts: list[str] = []
        for name, series in OWN.items():
            _add_family(parts, name, series.kind, series.help, self._own[name])
        for family, lines in zip(_VITALS, self._vitals, strict=True):
            _add_family(parts, family.name, family.kind, family.help, lines)
        for family, lines in zip(_CHECKS, self._checks, strict=True):
            _add_family(parts, family.name, family.kind, family.help, lines)
        return "".join(parts).encode()


def _problems_of(host: Host) -> list[str]:
    causes = set(host.problems.copy().values())
    if host.cause is not None:
        causes.add(host.cause)
    return sorted(causes)


def _add_value(lines: list[str], family: Family, head: str, value: object) -> None:
    """Add the samples of one family: a number, or rows of label values and a number."""
    if value is None:
        return
    if not isinstance(value, list):
        lines.append(f"{family.name}{{{head}}} {value}\n")
        return
    for *label_values, number in value:
        more = "".join(
            f',{label}="{escape(text)}"'
            for label, text in zip(family.labels, label_values, strict=True)
        )
        lines.append(f"{family.name}{{{head}{more}}} {number}\n")


def _labels(host: Host) -> str:
    return f'venue="{host.venue}",host="{host.name}"'


def _add_family(parts: list[str], name: str, kind: str, text: str, lines: list[str]) -> None:
    if lines:
        parts.append(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")
        parts.extend(lines)
