"""Venue: one venue's hosts, checks and link."""

from deploy.grafana.assembly import Row, Screen
from deploy.grafana.links import host_links, venue_links
from deploy.grafana.panels import (
    BUSY,
    COUNT,
    FULL,
    PER_SECOND,
    RATIO,
    SECONDS,
    Column,
    Limits,
    Query,
    lines,
    number,
    ranked,
    timeline,
)
from deploy.grafana.states import (
    CHECK,
    HOST,
    check_states,
    host_states,
    venue_states,
)
from deploy.grafana.states import VENUE as VENUE_STATES
from deploy.grafana.variables import VENUE, VENUES, VITALS_OF_VENUE, incidents, one

ROUND_TRIP = f"max by (venue, host) (venuewatch_host_round_trip_seconds{{{VENUE}}})"
SINCE = (
    f"time() - max by (venue, host) (venuewatch_host_last_heartbeat_timestamp_seconds{{{VENUE}}})"
)
CPU_BUSY = (
    "1 - avg by (venue, host) "
    f'(rate(node_cpu_seconds_total{{{VITALS_OF_VENUE},mode="idle"}}[$__rate_interval]))'
)
MEMORY_USED = (
    f"1 - max by (venue, host) (node_memory_MemAvailable_bytes{{{VITALS_OF_VENUE}}})"
    f" / max by (venue, host) (node_memory_MemTotal_bytes{{{VITALS_OF_VENUE}}})"
)
DISK_USED = (
    "max by (venue, host) (\n"
    f"  1 - node_filesystem_avail_bytes{{{VITALS_OF_VENUE}}}"
    f" / node_filesystem_size_bytes{{{VITALS_OF_VENUE}}}\n)"
)

NOW = Row(
    "Now",
    (
        number(
            "State",
            "Degraded: some hosts are not up. Unreachable: it is cut off, its hosts may be well.",
            Query(venue_states(VENUE)),
            mapping=VENUE_STATES,
            links=venue_links(),
        ),
        number(
            "Hosts up",
            "Hosts that are up or late, of all that are expected here.",
            Query(f"sum(max by (venue, host) (venuewatch_host_up{{{VENUE}}}))", "up"),
            Query(f"count(max by (venue, host) (venuewatch_host_up{{{VENUE}}}))", "expected"),
        ),
        number(
            "Available, 1 day",
            "Share of the last day in which the venue could be reached, while the monitor knew.",
            Query('venuewatch:venue_availability:ratio_1d{venue=~"$venue"}'),
            unit=RATIO,
            limits=Limits(0.999, 0.99, is_low=True),
        ),
        number(
            "Last heartbeat",
            "Time since any host of the venue was heard.",
            Query(f"min({SINCE})"),
            unit=SECONDS,
            limits=Limits(3, 10),
        ),
        number(
            "Slowest round trip",
            "From the centre to a host and back through the broker, of the slowest host.",
            Query(f"max({ROUND_TRIP})"),
            unit=SECONDS,
            limits=Limits(0.5, 2),
        ),
        number(
            "Checks failing",
            "Checks of the venue whose subject does not do its work.",
            Query(f"sum(1 - min by (venue, host, check, kind) (venuewatch_check_up{{{VENUE}}}))"),
            limits=Limits(1, 1),
        ),
        ranked(
            "Hosts, worst first",
            "Each host that is expected here. A host that is not heard has no measured values.",
            ("venue", "host"),
            Column("state", host_states(VENUE), mapping=HOST),
            Column(
                "role",
                f"max by (venue, host, role, address) (venuewatch_host_info{{{VENUE}}})",
                of=("role", "address"),
            ),
            Column("last heartbeat", SINCE, SECONDS, limits=Limits(3, 10)),
            Column("round trip", ROUND_TRIP, SECONDS),
            Column("CPU", CPU_BUSY, RATIO, limits=BUSY),
            Column("memory", MEMORY_USED, RATIO, limits=BUSY),
            Column("fullest disk", DISK_USED, RATIO, limits=FULL),
            width=14,
        ),
        ranked(
            "Open incidents, newest first",
            "What has failed here and why.",
            ("incident", "venue", "host", "check", "cause", "instance"),
            Column(
                "open for",
                "time() - max by (incident, venue, host, check, cause, instance) "
                f"(venuewatch_incident_opened_timestamp_seconds{{{incidents('venue')}}})",
                SECONDS,
            ),
            is_ascending=True,
            width=10,
        ),
        ranked(
            "Checks, worst first",
            "The state of each check at its last reading.",
            ("venue", "host", "check", "kind"),
            Column("state", check_states(VENUE), mapping=CHECK),
            Column(
                "read for",
                f"max by (venue, host, check, kind) (venuewatch_check_duration_seconds{{{VENUE}}})",
                SECONDS,
            ),
        ),
    ),
)

HISTORY = Row(
    "History",
    (
        timeline(
            "Hosts",
            "The state of each host over time.",
            Query(host_states(VENUE), "{{host}}"),
            mapping=HOST,
            links=host_links(),
        ),
        lines(
            "Round trip",
            "From the centre to each host and back, through the broker.",
            Query(ROUND_TRIP, "{{host}}"),
            unit=SECONDS,
            links=host_links(),
        ),
        lines(
            "Missed heartbeats",
            "Heartbeats that were due and never came, of each host.",
            Query(
                "max by (venue, host) "
                f"(rate(venuewatch_host_heartbeats_missed_total{{{VENUE}}}[$__rate_interval]))",
                "{{host}}",
            ),
            unit=PER_SECOND,
            links=host_links(),
        ),
        lines(
            "Lateness of heartbeats",
            "How late heartbeats of living hosts came: half, 99 % and 99.9 % came sooner.",
            *(
                Query(
                    f"histogram_quantile({share}, max by (venue, le) "
                    "(rate(venuewatch_venue_heartbeat_lateness_seconds_bucket"
                    f"{{{VENUE}}}[$__rate_interval])))",
                    legend,
                )
                for share, legend in ((0.5, "median"), (0.99, "99 %"), (0.999, "99.9 %"))
            ),
            unit=SECONDS,
        ),
        lines(
            "Checks by state",
            "How many checks of the venue are in each state.",
            Query(
                "count by (state) (max by (venue, host, check, kind, state) "
                f"(venuewatch_check_state{{{VENUE}}}))",
                "{{state}}",
            ),
            unit=COUNT,
            colors=CHECK,
        ),
    ),
)

LOAD = Row(
    "Load of its hosts",
    (
        lines(
            "CPU",
            "Share of the time of all CPUs in which they did not rest.",
            Query(CPU_BUSY, "{{host}}"),
            unit=RATIO,
            limits=BUSY,
            links=host_links(),
            top=1,
            width=8,
        ),
        lines(
            "Memory",
            "Share of the memory that is not available to programs.",
            Query(MEMORY_USED, "{{host}}"),
            unit=RATIO,
            limits=BUSY,
            links=host_links(),
            top=1,
            width=8,
        ),
        lines(
            "Fullest disk",
            "Used share of the fullest filesystem of each host.",
            Query(DISK_USED, "{{host}}"),
            unit=RATIO,
            limits=FULL,
            links=host_links(),
            top=1,
            width=8,
        ),
    ),
)

DASHBOARD = Screen(
    "venuewatch-venue",
    "Venue",
    "One venue: its hosts, its checks and its link.",
    (one("venue", "Venue", VENUES),),
    (NOW, HISTORY, LOAD),
)
