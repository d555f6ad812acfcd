"""Recording rules of the link of each venue, for dashboards that show all venues over days.

They keep nine series a venue, so that nobody has to look at every host of the fleet for it. Rates
look over 2 min: 12 readings of vitals.
"""

from typing import Final, NamedTuple


class Record(NamedTuple):
    """One recording rule."""

    record: str
    expr: str


def _sum(*series: str) -> str:
    return " + ".join(f"sum by (venue) (rate({each}[2m]))" for each in series)


def _packets(fault: str) -> str:
    ways = (f'node_network_{way}_{fault}_total{{venue!=""}}' for way in ("receive", "transmit"))
    return _sum(*ways)


def _traffic(way: str) -> str:
    return _sum(f'node_network_{way}_bytes_total{{venue!="",device!="lo"}}')


_ROUND_TRIP = "max by (venue, host) (venuewatch_host_round_trip_seconds)"
_MISSED = "max by (venue, host) (rate(venuewatch_host_heartbeats_missed_total[2m]))"
_BUCKETS = "max by (venue, le) (rate(venuewatch_venue_heartbeat_lateness_seconds_bucket[2m]))"
_AGAIN = _sum('node_netstat_Tcp_RetransSegs{venue!=""}')
_SENT = _sum('node_netstat_Tcp_OutSegs{venue!=""}')

BY_VENUE: Final = tuple(
    Record(f"venuewatch:venue_{name}", expr)
    for name, expr in (
        ("round_trip_seconds:median", f"quantile by (venue) (0.5, {_ROUND_TRIP})"),
        ("round_trip_seconds:max", f"max by (venue) ({_ROUND_TRIP})"),
        ("heartbeat_lateness_seconds:p99_rate2m", f"histogram_quantile(0.99, {_BUCKETS})"),
        ("heartbeats_missed:rate2m", f"sum by (venue) ({_MISSED})"),
        ("network_receive_bytes:rate2m", _traffic("receive")),
        ("network_transmit_bytes:rate2m", _traffic("transmit")),
        ("network_errs:rate2m", _packets("errs")),
        ("network_drop:rate2m", _packets("drop")),
        ("tcp_retransmitted:ratio_rate2m", f"{_AGAIN} / ({_SENT} > 0)"),
    )
)
