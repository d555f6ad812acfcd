"""Inventory change: another fleet is expected, while the present one is watched.

Hosts that stay keep all that is known of them. A host that moved to another venue is a new one. New
hosts begin as after a start: unknown, within their grace. What the inventory no longer has is
forgotten, and its incidents are closed. Times are monotonic seconds.
"""

from aggregator.core.decisions import Decisions
from aggregator.core.fleet import INF, Fleet, Host, Venue
from aggregator.core.outputs import InventoryChanged


def apply(decisions: Decisions, expected: Fleet, now: float) -> tuple[list[str], InventoryChanged]:
    """Expect the hosts of ``expected`` from ``now`` on; return the names of those that are gone."""
    decisions.advance(now)
    fleet = decisions.fleet
    before = {code: set(venue.hosts) for code, venue in fleet.venues.items()}
    gone = _remove(decisions, expected)
    for venue in expected.venues.values():
        _expect(decisions, venue, now)
    for code in before.keys() - expected.venues.keys():
        del fleet.venues[code]
    _forget(decisions, now)
    decisions.expectation.requeue()
    decisions.plan()
    changed = [code for code, venue in fleet.venues.items() if before.get(code) != {*venue.hosts}]
    return gone, InventoryChanged(tuple(sorted(before.keys() - fleet.venues)), tuple(changed))


def _remove(decisions: Decisions, expected: Fleet) -> list[str]:
    """Take out the hosts that are not expected where they are, and return their names."""
    gone = []
    for host in list(decisions.fleet):
        is_elsewhere = expected.find(host.name) is not None
        is_kept = not (host.is_listed or is_elsewhere) and host.venue in expected.venues
        if not (is_kept or expected.has(host.venue, host.name)):
            gone.append(host.name)
            host.queued_at = INF
            decisions.probes.forget(host)
            decisions.fleet.remove(host)
    return gone


def _expect(decisions: Decisions, venue: Venue, now: float) -> None:
    """Describe a venue and its hosts as ``venue`` has them; take in those that are new."""
    fleet = decisions.fleet
    known = fleet.venues.get(venue.code)
    if known is None:
        known = fleet.venues[venue.code] = _empty_like(venue)
    known.describe_as(venue)
    for host in venue.hosts.values():
        mine = fleet.find(host.name)
        if mine is None:
            mine = _new_like(host, known)
            fleet.add(mine)
            decisions.expectation.expect_new(mine, now)
        else:
            known.unlisted -= not mine.is_listed
            mine.describe_as(host)
            _adopt_bridge(mine, known)
            decisions.expectation.expect(mine, mine.interval_s, mine.own_margin_s, now)


def _forget(decisions: Decisions, now: float) -> None:
    """End what was wrong with hosts and venues that are gone, or only because of these hosts."""
    fleet, incidents = decisions.fleet, decisions.incidents
    for subject in incidents.subjects():
        if not fleet.has(subject.venue, subject.host):
            incidents.forget(subject, now)
    decisions.open_ways(now)
    for incident in list(incidents.open.values()):
        if incident.subject.scope == "link":
            decisions.one_way.settle(incident, now)


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
