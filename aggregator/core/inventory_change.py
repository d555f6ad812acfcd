"""Inventory change: another fleet is expected, while the present one is watched.

Hosts that stay keep all that is known of them. A host that moved to another venue is a new one. New
hosts begin as after a start: unknown, within their grace. What the inventory no longer has is
forgotten, and its incidents are closed. Times are monotonic seconds.
"""

from aggregator.core import restore
from aggregator.core.decisions import Decisions
from aggregator.core.fleet import INF, Fleet, Host, Venue


def apply(decisions: Decisions, expected: Fleet, now: float) -> list[str]:
    """Expect the hosts of ``expected`` from ``now`` on; return the names of those that are gone."""
    decisions.advance(now)
    fleet, gone = decisions.fleet, []
    for host in list(fleet):
        other = expected.find(host.name)
        is_venue_kept = host.venue in expected.venues
        if (other is None and (host.is_listed or not is_venue_kept)) or (
            other is not None and other.venue != host.venue
        ):
            gone.append(host.name)
            host.queued_at = INF
            decisions.probes.forget(host)
            fleet.remove(host)
    for venue in expected.venues.values():
        known = fleet.venues.get(venue.code)
        if known is None:
            known = fleet.venues[venue.code] = _empty_like(venue)
        known.describe_as(venue)
        for host in venue.hosts.values():
            mine = fleet.find(host.name)
            if mine is None:
                fleet.add(_new_like(host, known))
                decisions.expectation.expect_new(fleet.named(host.name), now)
            else:
                known.unlisted -= not mine.is_listed
                mine.describe_as(host)
                _adopt_bridge(mine, known)
                decisions.expectation.expect(mine, mine.interval_s, mine.own_margin_s, now)
    for code in [code for code in fleet.venues if code not in expected.venues]:
        del fleet.venues[code]
    restore.end_unexpected(decisions, list(decisions.incidents.open.values()), now)
    decisions.plan()
    return gone


def _empty_like(venue: Venue) -> Venue:
    return Venue(venue.code, margin_s=venue.margin_s, stock_margin_s=venue.stock_margin_s)


def _new_like(host: Host, venue: Venue) -> Host:
    made = Host(host.venue, host.name, margin_s=host.margin_s, stock_margin_s=host.stock_margin_s)
    made.describe_as(host)
    _adopt_bridge(made, venue)
    made.margin_s = made.thin_margin_s
    return made


def _adopt_bridge(host: Host, venue: Venue) -> None:
    """Give a host behind a venue's own broker the margin of the bridge (``identity``)."""
    if venue.bridge is not None:
        host.thin_margin_s = host.stock_margin_s
