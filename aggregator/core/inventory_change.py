"""Inventory change: another fleet is expected, while the present one is watched.

Hosts that stay keep all that is known of them. New hosts begin as after a start: unknown, within
their grace. So does a host that moved to another venue, but it keeps its history: what was counted,
its last sign of life, its agent's boot. What the inventory no longer has where it was is forgotten,
and its incidents end as removed. A host that is revoked now is away, and all that was wrong with it
is over.

Before the broker reads its access rules again, ``venuewatch venue`` has us read the inventory. That
is how we are told that the broker may stop now: it does for long where the fleet is large.
Times are monotonic seconds.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.decisions import Decisions
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.hearing import STOP_FROM_HOSTS, STOP_WITHIN_S
from aggregator.core.host import INF, Host
from aggregator.core.outputs import InventoryChanged
from aggregator.core.states import HostState

_HISTORY = (
    "beat_seq",
    "birth",
    "boot",
    "boot_heard_at",
    "boots",
    "boots_until",
    "clock_offset_s",
    "connected",
    "evidence_at",
    "evidence_wall",
    "exceeds_reconnect_limit",
    "is_clock_right",
    "missed",
    "readings_heard",
    "readings_missing",
    "restarts",
    "session",
    "session_began_at",
)


class Applied(NamedTuple):
    """What an inventory changed: names of hosts that are gone, and the hosts that moved."""

    gone: list[str]
    moved: list[Host]
    changed: InventoryChanged


def apply(decisions: Decisions, expected: Fleet, now: float) -> Applied:
    """Expect the hosts of ``expected`` from ``now`` on; return what that changed."""
    decisions.advance(now)
    if len(expected) > STOP_FROM_HOSTS:
        decisions.hearing.expect_stop(now + STOP_WITHIN_S)
    fleet = decisions.fleet
    before = {code: set(venue.hosts) for code, venue in fleet.venues.items()}
    removed = _remove(decisions, expected)
    moved = {name: host for name, host in removed.items() if expected.find(name) is not None}
    for venue in expected.venues.values():
        _expect(decisions, venue, moved, now)
    for code in before.keys() - expected.venues.keys():
        del fleet.venues[code]
    _forget(decisions, now)
    decisions.expectation.requeue()
    decisions.plan()
    changed = [code for code, venue in fleet.venues.items() if before.get(code) != {*venue.hosts}]
    return Applied(
        [name for name in removed if name not in moved],
        [fleet.named(name) for name in moved],
        InventoryChanged(tuple(sorted(before.keys() - fleet.venues)), tuple(changed)),
    )


def forget_hosts(decisions: Decisions, gone: Iterable[Host], now: float) -> InventoryChanged:
    """Forget hosts that the inventory never listed, and that the fleet has no more."""
    venues = set()
    for host in gone:
        venues.add(host.venue)
        decisions.probes.forget(host)
        decisions.expectation.budget.forget(host.name)
        decisions.hang_ups.forget(host)
        decisions.checks.follow(host, HostState.AWAY, now)
    _forget(decisions, now)
    decisions.expectation.requeue()
    decisions.plan()
    return InventoryChanged((), tuple(sorted(venues)))


def _remove(decisions: Decisions, expected: Fleet) -> dict[str, Host]:
    """Take out the hosts that are not expected where they are, and return them by name."""
    removed = {}
    for host in list(decisions.fleet):
        is_elsewhere = expected.find(host.name) is not None
        is_kept = not (host.is_listed or is_elsewhere) and host.venue in expected.venues
        if not (is_kept or expected.has(host.venue, host.name)):
            removed[host.name] = host
            host.queued_at = INF
            decisions.probes.forget(host)
            decisions.expectation.budget.forget(host.name)
            decisions.hang_ups.forget(host)
            decisions.fleet.remove(host)
    return removed


def _expect(decisions: Decisions, venue: Venue, moved: dict[str, Host], now: float) -> None:
    """Describe a venue and its hosts as ``venue`` has them; take in those that are new there."""
    fleet = decisions.fleet
    known = fleet.venues.get(venue.code)
    if known is None:
        known = fleet.venues[venue.code] = _empty_like(venue)
    known.describe_as(venue)
    for host in venue.hosts.values():
        mine = fleet.find(host.name)
        if mine is None:
            mine = _new_like(host, known)
            if host.name in moved:
                _keep_history(mine, moved[host.name], now)
            fleet.add(mine)
            if mine.is_revoked:
                mine.since = now
            else:
                decisions.expectation.expect_new(mine, now)
        else:
            known.unlisted -= not mine.is_listed
            _describe(decisions, mine, host, now)
            _adopt_bridge(mine, known)
            decisions.expectation.expect(mine, mine.interval_s, mine.own_margin_s, now)


def _describe(decisions: Decisions, mine: Host, host: Host, now: float) -> None:
    """Take over what the inventory says of a host, and what follows from it."""
    was_required, was_revoked = mine.is_required, mine.is_revoked
    mine.describe_as(host)
    if mine.is_revoked:
        _revoke(decisions, mine, now)
    elif was_revoked:
        decisions.liveness.admit_again(mine, now)
    elif mine.is_required is not was_required:
        decisions.liveness.expect_return(mine, now)


def _revoke(decisions: Decisions, host: Host, now: float) -> None:
    """Have a host that may say nothing any more be away, and end what was wrong with it."""
    change = decisions.liveness.revoke(host, now)
    if change is not None:
        decisions.hang_ups.forget(host)
        decisions.apply_change(host, change)
    for subject in decisions.incidents.subjects():
        if subject.host == host.name:  # as one that flaps: nothing more is heard of it
            decisions.incidents.forget(subject, now)


def _forget(decisions: Decisions, now: float) -> None:
    """End what was wrong with hosts and venues that are gone, or only because of these hosts."""
    fleet, incidents = decisions.fleet, decisions.incidents
    for subject in incidents.subjects():
        if not fleet.has(subject.venue, subject.host):
            incidents.forget(subject, now)
    decisions.losses.settle(now)
    for incident in list(incidents.open.values()):
        if incident.subject.scope == "link":
            decisions.one_way.settle(incident, now)


def _empty_like(venue: Venue) -> Venue:
    return Venue(venue.code, margin_s=venue.margin_s, stock_margin_s=venue.stock_margin_s)


def _new_like(host: Host, venue: Venue) -> Host:
    made = Host(
        host.venue,
        host.name,
        margin_s=host.margin_s,
        stock_margin_s=host.stock_margin_s,
        state=host.state,
    )
    made.describe_as(host)
    _adopt_bridge(made, venue)
    made.margin_s = made.thin_margin_s
    return made


def _keep_history(host: Host, before: Host, now: float) -> None:
    """Let a host that moved go on from what was known of it at its former venue."""
    for name in _HISTORY:
        setattr(host, name, getattr(before, name))
    host.since = now
    host.was_up = before.counts_as_up
    host.margin_s = host.own_margin_s
    host.allowance_s = before.interval_s + host.margin_s


def _adopt_bridge(host: Host, venue: Venue) -> None:
    """Give a host behind a venue's own broker the margin of the bridge (``identity``)."""
    if venue.bridge is not None:
        host.thin_margin_s = host.stock_margin_s
