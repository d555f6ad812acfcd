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
from deploy.grafana.variables import CHECK, CHECKS, HOST, HOSTS, VENUE, VENUES, VITALS, several

BY_CHECK = "venue, host, check, kind"
LEGEND = "{{venue}} {{host}} {{check}}"
LOSS = Limits(0.01, 0.05)


def lateness(share: float) -> str:
    """Return the query of a quantile of lateness by venue."""
    buckets = f"venuewatch_venue_heartbeat_lateness_seconds_bucket{{{VENUE}}}"
    return f"histogram_quantile({share}, max by (venue, le) (rate({buckets}[$__rate_interval])))"


def of_checks(metric: str) -> str:
    """Return the query of a value of each check."""
    return f"max by ({BY_CHECK}) (venuewatch_check_{metric}{{{CHECK}}})"


def traffic(way: str) -> str:
    """Return the query of the traffic of each venue's hosts, in bits."""
    series = f'node_network_{way}_bytes_total{{{VITALS},device!="lo"}}'
    return f"8 * sum by (venue) (rate({series}[$__rate_interval]))"


def packets(fault: str) -> str:
    """Return the query of packets that were faulty or dropped, both ways, by venue."""
    received, sent = (
        f"rate(node_network_{way}_{fault}_total{{{VITALS}}}[$__rate_interval])"
        for way in ("receive", "transmit")
    )
    return f"sum by (venue) (\n  {received}\n  + {sent}\n)"


ROUND_TRIP = f"venuewatch_host_round_trip_seconds{{{HOST}}}"
MEDIAN = f"quantile by (venue) (0.5, max by (venue, host) ({ROUND_TRIP}))"
SLOWEST = f"max by (venue) ({ROUND_TRIP})"
MISSED = (
    "sum by (venue) (max by (venue, host) "
    f"(rate(venuewatch_host_heartbeats_missed_total{{{HOST}}}[$__rate_interval])))"
)
NEAR_MISSES = (
    f"max by (venue) (increase(venuewatch_venue_heartbeat_near_misses_total{{{VENUE}}}[1h]))"
)
RETRANSMITTED = (
    f"sum by (venue) (rate(node_netstat_Tcp_RetransSegs{{{VITALS}}}[$__rate_interval]))"
    f" / sum by (venue) (rate(node_netstat_Tcp_OutSegs{{{VITALS}}}[$__rate_interval]))"
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
            Column("late, 99 %", lateness(0.99), SECONDS),
            Column("missed", MISSED, PER_SECOND),
            Column("near misses, 1 h", NEAR_MISSES, limits=Limits(1, 10)),
            Column("retransmitted", RETRANSMITTED, RATIO, limits=LOSS),
        ),
        lines(
            "Round trip, median of hosts",
            "From the centre to the hosts of each venue and back, through the broker.",
            Query(MEDIAN, "{{venue}}"),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Round trip, slowest host",
            "From the centre to the slowest host of each venue and back, through the broker.",
            Query(SLOWEST, "{{venue}}"),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Lateness of heartbeats, 99 %",
            "How late heartbeats of living hosts came: 99 % came sooner than this.",
            Query(lateness(0.99), "{{venue}}"),
            unit=SECONDS,
            links=venue_links(),
        ),
        lines(
            "Missed heartbeats",
            "Heartbeats that were due and never came, of all hosts of a venue.",
            Query(MISSED, "{{venue}}"),
            unit=PER_SECOND,
            links=venue_links(),
        ),
        lines(
            "Received",
            "Traffic that the hosts of each venue received, without that within a host.",
            Query(traffic("receive"), "{{venue}}"),
            unit=BITS,
            links=venue_links(),
        ),
        lines(
            "Sent",
            "Traffic that the hosts of each venue sent, without that within a host.",
            Query(traffic("transmit"), "{{venue}}"),
            unit=BITS,
            links=venue_links(),
        ),
        lines(
            "TCP segments sent again",
            "Share of the TCP segments that hosts had to send again: a lossy or full line.",
            Query(RETRANSMITTED, "{{venue}}"),
            unit=RATIO,
            limits=LOSS,
            links=venue_links(),
        ),
        lines(
            "Faulty and dropped packets",
            "Packets with errors, and packets that hosts dropped, both ways.",
            Query(packets("errs"), "{{venue}} errors"),
            Query(packets("drop"), "{{venue}} dropped"),
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
