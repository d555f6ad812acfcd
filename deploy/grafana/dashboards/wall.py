"""Operations wall: how all venues are now, the worst first, and what is open."""

from deploy.grafana.assembly import Row, Screen
from deploy.grafana.links import venue_links
from deploy.grafana.panels import (
    RATIO,
    SECONDS,
    Column,
    Limits,
    Query,
    lines,
    number,
    ranked,
    tiles,
    timeline,
)
from deploy.grafana.states import ORANGE, PURPLE, RED, VENUE, WATCHING, venue_states
from deploy.grafana.variables import JOB, VENUES, incidents, several
from deploy.grafana.variables import VENUE as CHOSEN

NOW = Row(
    "Now",
    (
        number(
            "Venues not well",
            "Venues that are degraded or unreachable.",
            Query(
                "sum(max by (venue) "
                f'(venuewatch_venue_state{{{CHOSEN},state=~"degraded|unreachable"}}))'
            ),
            limits=Limits(1, 1),
        ),
        number(
            "Hosts up",
            "Hosts that are up or late, of all that are expected.",
            Query(f"sum(max by (venue, host) (venuewatch_host_up{{{CHOSEN}}}))", "up"),
            Query(f"count(max by (venue, host) (venuewatch_host_up{{{CHOSEN}}}))", "expected"),
        ),
        number(
            "Hosts down or unreachable",
            "Down: the host or its agent has failed. Unreachable: its venue is cut off.",
            Query(
                "sum(max by (venue, state) "
                f'(venuewatch_venue_hosts{{{CHOSEN},state=~"down|unreachable"}}))'
            ),
            limits=Limits(1, 1),
        ),
        number(
            "Checks failing",
            "Checks whose subject does not do its work.",
            Query(f"sum(1 - min by (venue, host, check, kind) (venuewatch_check_up{{{CHOSEN}}}))"),
            limits=Limits(1, 1),
        ),
        number(
            "Open incidents",
            "Incidents of all venues that have not ended. Of two aggregators, the one with more.",
            Query(f"max(venuewatch_aggregator_incidents_open{{{JOB}}})"),
            limits=Limits(1, 1),
        ),
        number(
            "The monitor",
            "Watches, unless every aggregator is blind. While it is blind, it accuses no host.",
            Query(f"max(1 - max by (instance) (venuewatch_aggregator_problem{{{JOB}}}))"),
            mapping=WATCHING,
        ),
        tiles(
            "Venues, worst first",
            "The state of each venue. Degraded: some hosts are not up. Unreachable: it is cut off. "
            "Unknown: the monitor is blind or has just started.",
            Query(venue_states(CHOSEN), "{{venue}}"),
            mapping=VENUE,
            links=venue_links(),
        ),
        ranked(
            "Open incidents, newest first",
            "What has failed and why. Each of two aggregators has its own number for it.",
            ("incident", "venue", "host", "check", "cause", "instance"),
            Column(
                "open for",
                "time() - max by (incident, venue, host, check, cause, instance) "
                f"(venuewatch_incident_opened_timestamp_seconds{{{incidents('venue')}}})",
                SECONDS,
            ),
            is_ascending=True,
            width=12,
        ),
        ranked(
            "Venues",
            "Each venue, the worst first. Available: the share of the last day in which it could "
            "be reached, while the monitor knew.",
            ("venue",),
            Column("state", venue_states(CHOSEN), mapping=VENUE),
            Column(
                "town",
                f"max by (venue, town) (venuewatch_venue_info{{{CHOSEN}}})",
                of=("town",),
            ),
            Column("up", f"sum by (venue) (max by (venue, host) (venuewatch_host_up{{{CHOSEN}}}))"),
            Column(
                "expected",
                f"count by (venue) (max by (venue, host) (venuewatch_host_up{{{CHOSEN}}}))",
            ),
            Column(
                "available, 1 day",
                'max by (venue) (venuewatch:venue_availability:ratio_1d{venue=~"$venue"})',
                RATIO,
                limits=Limits(0.999, 0.99, is_low=True),
            ),
            width=12,
        ),
    ),
)

HISTORY = Row(
    "History",
    (
        timeline(
            "Venues",
            "The state of each venue over time.",
            Query(venue_states(CHOSEN), "{{venue}}"),
            mapping=VENUE,
            links=venue_links(),
            height=14,
        ),
        lines(
            "Hosts that are not up",
            "Hosts of all chosen venues, by state.",
            Query(
                "sum by (state) (max by (venue, state) "
                f'(venuewatch_venue_hosts{{{CHOSEN},state!~"up|late"}}))',
                "{{state}}",
            ),
            is_stacked=True,
            colors={"down": RED, "unreachable": ORANGE, "unknown": PURPLE},
        ),
        lines(
            "Open incidents",
            "Incidents of all venues that had not ended, by aggregator.",
            Query(
                f"max by (instance) (venuewatch_aggregator_incidents_open{{{JOB}}})", "{{instance}}"
            ),
        ),
    ),
)

DASHBOARD = Screen(
    "venuewatch-wall",
    "Operations wall",
    "How all venues are now, the worst first.",
    (several("venue", "Venue", VENUES),),
    (NOW, HISTORY),
)
