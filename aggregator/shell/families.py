"""Metric families of the fleet's page: name, type, help and labels, in the order of the page.

The page and ``docs/metrics.md`` are made from this table.
"""

from typing import NamedTuple

from venuewatch.base.wire.checks import CheckValues
from venuewatch.base.wire.readings import Readings, families_of


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
    1 while a check has a problem of this cause: of its host, lost or not; without a host, of most.
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
    Messages missing between those that were heard, of the same boot; those that the agent skipped, too.
venuewatch_host_refused_total counter venue, host
    Messages, places of checks and series that were over the host's budget; without any, no series.
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

VITALS = families_of(Readings)
LABELS_OF = {family.name: family.labels for family in VITALS}
CHECKS = {
    each.name: each._replace(name=f"venuewatch_{each.name}") for each in families_of(CheckValues)
}
FAMILIES = {name: (series.kind, series.help) for name, series in OWN.items()} | {
    family.name: (family.kind, family.help) for family in (*VITALS, *CHECKS.values())
}
