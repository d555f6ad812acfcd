"""Network and latency by venue: which link is slow, lossy or full."""

from deploy.grafana.assembly import Row, Screen
from deploy.grafana.links import venue_links
from deploy.grafana.panels import (
    BITS,
    CHECK_INTERVAL,
    PER_SECOND,
    RATIO,
    SECONDS,
    Column,
    Limits,
    Query,
    lines,
    ranked,
)
from deploy.grafana.variables import CHECK, CHECKS, HOSTS, VENUE, VENUES, several

BY_CHECK = "venue, host, check, kind"
LEGEND = "{{venue}} {{host}} {{check}}"
LOSS = Limits(0.01, 0.05)
RECORDED_EACH = "30s"
"""The pace of deploy/prometheus/rules.yml: nobody looks at every host of all venues again."""


def recorded(record: str) -> str:
    """Return the query of what a recording rule keeps of each venue."""
    return f'max by (venue) (venuewatch:venue_{record}{{venue=~"$venue"}})'


def of_checks(metric: str) -> str:
    """Return the query of a value of each check."""
    return f"max by ({BY_CHECK}) (venuewatch_check_{metric}{{{CHECK}}})"


def by_venue(expr: str, legend: str = "{{venue}}") -> Query:
    """Return a query of what is recorded, at the pace at which it is."""
    return Query(expr, legend, RECORDED_EACH)


MEDIAN, SLOWEST = recorded("round_trip_seconds:median"), recorded("round_trip_seconds:max")
LATENESS, MISSED = (
    recorded("heartbeat_lateness_seconds:p99_rate2m"),
    recorded("heartbeats_missed:rate2m"),
)
RETRANSMITTED = recorded("tcp_retransmitted:ratio_rate2m")
NEAR_MISSES = (
    f"max by (venue) (increase(venuewatch_venue_heartbeat_near_misses_total{{{VENUE}}}[1h]))"
)
VENUES_NOW = Row(
    "By venue",
    (
        ranked(
            "Links, slowest first",
            "The link between each venue and the centre. Late: 99 % of heartbeats came sooner. "
            "Near misses: heartbeats within the last hour that almost raised an alarm; where there "
            "are many, the class of the link in the inventory may be wrong.",
            ("venue",),
            Column("round trip, median", MEDIAN, SECONDS),
            Column("round trip, slowest", SLOWEST, SECONDS),
            Column("late, 99 %", LATENESS, SECONDS),
            Column("missed", MISSED, PER_SECOND),
            Column("near misses, 1 h", NEAR_MISSES, limits=Limits(1, 10)),
            Column("retransmitted", RETRANSMITTED, RATIO, limits=LOSS),
        ),
        lines(
            "Round trip, median of hosts",
            "From the centre to the hosts of each venue and back, through the broker.",
            by_venue(MEDIAN),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Round trip, slowest host",
            "From the centre to the slowest host of each venue and back, through the broker.",
            by_venue(SLOWEST),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Lateness of heartbeats, 99 %",
            "How late heartbeats of living hosts came: 99 % came sooner than this.",
            by_venue(LATENESS),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Missed heartbeats",
            "Heartbeats that were due and never came, of all hosts of a venue.",
            by_venue(MISSED),
            unit=PER_SECOND,
            links=venue_links(),
        ),
        lines(
            "Received",
            "Traffic that the hosts of each venue received, without that within a host.",
            by_venue(f"8 * {recorded('network_receive_bytes:rate2m')}"),
            unit=BITS,
            links=venue_links(),
        ),
        lines(
            "Sent",
            "Traffic that the hosts of each venue sent, without that within a host.",
            by_venue(f"8 * {recorded('network_transmit_bytes:rate2m')}"),
            unit=BITS,
            links=venue_links(),
        ),
        lines(
            "TCP segments sent again",
            "Share of the TCP segments that hosts had to send again: a lossy or full line.",
            by_venue(RETRANSMITTED),
            unit=RATIO,
            limits=LOSS,
            links=venue_links(),
        ),
        lines(
            "Faulty and dropped packets",
            "Packets with errors, and packets that hosts dropped, both ways.",
            by_venue(recorded("network_errs:rate2m"), "{{venue}} errors"),
            by_venue(recorded("network_drop:rate2m"), "{{venue}} dropped"),
            unit="pps",
            links=venue_links(),
        ),
    ),
)

CHECKS_NOW = Row(
    "By check",
    (
        lines(
            "Ping: round trip",
            "Mean round trip of each check that measures one.",
            Query(of_checks("round_trip_avg_seconds"), LEGEND),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Ping: loss",
            "Share of probes without an answer.",
            Query(of_checks("loss_ratio"), LEGEND),
            unit=RATIO,
            limits=LOSS,
            links=venue_links(),
            top=1,
        ),
        lines(
            "Ping: jitter",
            "Mean difference between consecutive round trips.",
            Query(of_checks("jitter_seconds"), LEGEND),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Duration of readings",
            "How long a reading of each network check took: connect, resolve, load.",
            Query(
                f"max by ({BY_CHECK}) (venuewatch_check_duration_seconds"
                f'{{{CHECK},kind=~"ping|tcp|dns|http|tls|interface|gateway|ntp|uplinks"}})',
                LEGEND,
            ),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Interfaces: errors and drops",
            "Errors and dropped packets of watched interfaces, over four minutes or more.",
            *(
                Query(
                    f"max by ({BY_CHECK}) (rate("
                    f"venuewatch_check_interface_{fault}_total{{{CHECK}}}[$__rate_interval]))",
                    f"{LEGEND} {fault}",
                    CHECK_INTERVAL,
                )
                for fault in ("errors", "drops")
            ),
            unit="pps",
            links=venue_links(),
        ),
        lines(
            "Interfaces: speed",
            "Speed of the link of watched interfaces: a fall means a bad cable or port.",
            Query(f"8 * {of_checks('interface_speed_bytes')}", LEGEND),
            unit=BITS,
            links=venue_links(),
        ),
        lines(
            "Uplinks and other redundant parts",
            "Parts of a redundant group that work, and how many there are.",
            Query(of_checks("members_up"), f"{LEGEND} up"),
            Query(of_checks("members"), f"{LEGEND} of"),
            links=venue_links(),
        ),
        lines(
            "Time servers",
            "How far each time server is ahead of its host.",
            Query(of_checks("clock_offset_seconds"), LEGEND),
            unit=SECONDS,
            links=venue_links(),
        ),
    ),
)

DASHBOARD = Screen(
    "venuewatch-network",
    "Network and latency by venue",
    "Which venue's link is slow, lossy or full.",
    (
        several("venue", "Venue", VENUES),
        several("host", "Host", HOSTS),
        several("check", "Check", CHECKS),
    ),
    (VENUES_NOW, CHECKS_NOW),
)
