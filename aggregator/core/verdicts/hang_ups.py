"""Verdict on connections that were closed together: is it each host, or what they share?

A broker publishes a host's will when its connection is closed. What lies between (a firewall, a
load balancer, a broker's listener) closes many at once, and their hosts come back within seconds.

1. A will that is held is a hang-up. Those within 1 s of each other may be one case:

   =======================================================  =========================
   hosts                                                    case
   =======================================================  =========================
   three of one venue, or both of two that were up          of that venue
   three and 1 % of the fleet, two outside any one venue    of all these venues
   fewer                                                    none: each host by itself
   =======================================================  =========================

2. Nobody of a case is accused before its reconnect window is over: as long as its agent may wait
   before it tries again (``reconnecting.py``), five round trips for the connection, and 1 s until
   it beats; on a long way a retransmission. A host that was accused before, by a hang-up of that
   second, is asked about no more, and folded in. One that hangs up again was back: it is of the
   first case no more.
3. At the window's end the hosts that are not back are judged together (``judging.py``):

   =====================================================  ==================================
   not back                                               verdict
   =====================================================  ==================================
   none                                                   nothing is said
   all that are waited for, at two venues or more         we are blind
   three venues or more whole, 60 % of those that were    they were lost at the centre's side
   two hosts or more, and nobody else of their one venue  the venue is cut off
   one host                                               that host by itself
   hosts of one venue                                     they hung up together (venue)
   hosts of several venues                                they hung up together (centre)
   =====================================================  ==================================

No vote: hosts that flap or are down, and hosts that the inventory does not list. A host that hung
up in the minute before, or had two brief connections in a row, counts only beside others that did,
and so do the hosts of a restless venue (``restless.py``): neither delays a verdict elsewhere. Times
are monotonic seconds.
"""

import math
from collections.abc import Collection, Iterable
from typing import NamedTuple

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import INF, Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.margins import LONG_WAY_S
from aggregator.core.reconnecting import AGAIN, wait_max_s
from aggregator.core.states import ALIVE, HostState
from aggregator.core.verdicts.causes import BROKER, Cause, Evidence, Verdict
from aggregator.core.verdicts.recent import PAIR, RecentHangUps
from aggregator.core.verdicts.restless import RESTLESS_S, SPREAD_S, RestlessVenues
from aggregator.core.verdicts.venue import JITTER_S, OVERDUE_S, QUORUM

TOGETHER_S = 1.0
"""Hang-ups are together within this (s)."""

LEAST = 3
"""How many hosts make a case, where more than two were up."""

SHARE_OF_FLEET = 0.01
"""And which share of the fleet, where they are of several venues."""

BEAT_S = 1.0  # so soon after it is connected an agent beats
_ROUND_TRIPS = 5.0  # TCP, TLS (two), MQTT, and its birth
_FIRST_TIMEOUT_S = 1.0
LONGEST_TRIP_S = 1.0  # over a satellite it takes 0.6 s; a host's own word counts no further
_SEEN = "hang_ups"


class HungUp(NamedTuple):
    """A verdict that is not of one host: these hung up together, and are not back."""

    subject: Subject
    hosts: tuple[Host, ...]
    verdict: Verdict


class Case:
    """Hosts that hung up together.

    Attributes:
        hosts: by name; ``venues``: the codes of theirs.
        since: when (s) the first of them hung up; ``until``: when its window is over.
    """

    __slots__ = ("hosts", "latest", "since", "until", "venues")

    def __init__(self, since: float) -> None:
        self.hosts: dict[str, Host] = {}
        self.venues: set[str] = set()
        self.since = self.latest = since
        self.until = since

    def add(self, host: Host) -> None:
        """Take a host in."""
        self.hosts[host.name] = host
        self.venues.add(host.venue)

    def takes(self, now: float) -> bool:
        """Tell whether a hang-up of now belongs to it."""
        return now < self.until and now - self.latest <= TOGETHER_S and now - self.since < SPREAD_S

    def lost(self) -> list[Host]:
        """Return the hosts that are not back, in the order in which they hung up."""
        return [host for host in self.hosts.values() if is_lost(host)]


class HangUps:
    """Finds the cases.

    Attributes:
        next_at: when (s) the window of a case is over; INF for never.
    """

    def __init__(self, fleet: Fleet, incidents: Incidents) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._steady = RecentHangUps()
        self._restless = RecentHangUps()
        self._venues = RestlessVenues(self._fleet)
        self._cases: list[Case] = []
        self._case_of: dict[str, Case] = {}
        self.next_at = INF

    def note(self, host: Host, now: float) -> list[Host]:
        """Note that a host hung up now; return the hosts that are of a case since."""
        known = self._incidents.open.get(Subject("host", host.venue, host.name))
        if known is not None and known.cause is Cause.FLAPPING:
            return []
        for each in (self._steady, self._restless):
            each.forget_until(now - TOGETHER_S)
        recent = self._recent_of(host, now)
        host.hung_up_at = now
        if host.name not in recent:  # it was back since
            self._leave_case(host)
        if not recent:
            listed = len(self._fleet) - sum(it.unlisted for it in self._fleet.venues.values())
            recent.least_of_fleet = max(LEAST, math.ceil(SHARE_OF_FLEET * listed))
        recent.add(host, now)
        if recent.is_of_many_venues():
            return self._join(recent, None, host, now)
        if self._is_together(self._fleet.venues[host.venue], recent.by_venue[host.venue]):
            return self._join(recent, host.venue, host, now)
        return []

    def case_of(self, host: Host) -> Case | None:
        """Return the case that a host is of, and whose window is not over."""
        return self._case_of.get(host.name)

    @property
    def waiting(self) -> Collection[str]:
        """The hosts that are of a case whose window is not over."""
        return self._case_of.keys()

    def case_beside(self, host: Host) -> Case | None:
        """Return a case of its venue with which a silent host may be lost; its window is not over.

        Hang-ups since it was overdue are not of that, nor such before it was heard.
        """
        heard_at = -INF if host.evidence_at is None else host.evidence_at
        for case in self._cases:
            is_beside = case.since <= host.deadline and heard_at <= case.latest + JITTER_S
            if is_beside and host.venue in case.venues:
                return case
        return None

    def take_over(self, now: float) -> list[Case]:
        """Hand over, once, each case whose window is over."""
        over = [case for case in self._cases if case.until <= now]
        for case in over:
            self._forget(case)
        return over

    def credit(self, by_s: float) -> None:
        """Wait longer: nobody could be heard for this time (s)."""
        for case in self._cases:
            case.until += by_s
        self._plan()

    def forget(self, host: Host) -> None:
        """Forget a host that is not watched any more."""
        self._leave_case(host)
        for recent in (self._steady, self._restless):
            if host.name in recent:
                recent.drop(host)

    def forget_all(self) -> None:
        """Forget every case: we hear nothing, and held wills are void."""
        for case in self._cases[:]:
            self._forget(case)
        self._steady, self._restless = RecentHangUps(), RecentHangUps()
        self._venues = RestlessVenues(self._fleet)

    def _leave_case(self, host: Host) -> None:
        case = self._case_of.pop(host.name, None)
        if case is not None:
            del case.hosts[host.name]

    def _recent_of(self, host: Host, now: float) -> RecentHangUps:
        for recent in (self._restless, self._steady):
            if host.name in recent:
                return recent
        if now - host.hung_up_at < RESTLESS_S or host.connected.brief >= AGAIN:
            return self._restless
        self._venues.note(host.venue, now)
        return self._restless if self._venues.has(host.venue, now) else self._steady

    def _is_together(self, venue: Venue, hung_up: Collection[str]) -> bool:
        listed = 0
        for name in hung_up:
            listed += venue.hosts[name].is_listed
            if listed >= LEAST:
                return True
        if listed < PAIR:
            return False
        hosts = venue.hosts.values()
        were_up = (it.is_listed and (it.state in ALIVE or it.name in hung_up) for it in hosts)
        return sum(were_up) == PAIR

    def _join(self, recent: RecentHangUps, venue: str | None, host: Host, now: float) -> list[Host]:
        """Put the latest hang-ups into one case, of a venue or of all; others are merged with it.

        ``host`` is the last of them.
        """
        new = recent.take_waiting(venue)
        taking = [
            case
            for case in self._cases
            if case.takes(now) and (venue is None or venue in case.venues)
        ]
        if not taking:
            if not new:
                return []
            taking = [Case(min(it.hung_up_at for it in new))]
            self._cases += taking
        case, *others = taking
        for other in others:
            self._merge(other, case)
        for it in new:
            case.add(it)
            self._case_of[it.name] = case
        case.latest = now
        case.until = max(case.until, *(now + window_s(it, now) for it in (*new, host)))
        self._plan()
        return new

    def _merge(self, case: Case, into: Case) -> None:
        for name, host in case.hosts.items():
            into.add(host)
            self._case_of[name] = into
        into.since, into.until = min(into.since, case.since), max(into.until, case.until)
        self._cases.remove(case)

    def _forget(self, case: Case) -> None:
        self._cases.remove(case)
        for name in case.hosts:
            del self._case_of[name]
        self._plan()

    def _plan(self) -> None:
        self.next_at = min((case.until for case in self._cases), default=INF)


def window_s(host: Host, now: float) -> float:
    """Return how long (s) a host may take to be heard again after its connection was closed.

    On a long way it is given one more retransmission: a connection has no round trip to go by yet,
    and waits for a second (RFC 6298, 2.1).
    """
    trip_s = min(max(host.round_trip_s or 0.0, 0.0), LONGEST_TRIP_S)
    window_s = wait_max_s(host, now) + _ROUND_TRIPS * trip_s + BEAT_S
    return window_s + (_FIRST_TIMEOUT_S + trip_s if trip_s > LONG_WAY_S else 0.0)


def is_lost(host: Host) -> bool:
    """Tell whether a host that hung up is not back: its will is held, or was believed."""
    if host.closed_at is None:
        return False
    return host.state is HostState.DOWN or (host.state in ALIVE and host.will_due < INF)


def is_nobody_left(
    fleet: Fleet, lost: Collection[Host], at: float, *, since: float, waiting: Collection[str]
) -> bool:
    """Tell whether every host that is waited for anywhere is lost or overdue.

    So it is not of one venue alone: as many as make a verdict are of others. A host that was heard
    after ``since``, when (s) the case began, and that is ``waiting`` for a later window,
    is neither.
    """
    names, first = {host.name for host in lost}, next(iter(lost)).venue
    elsewhere = sum(host.is_listed and host.venue != first for host in lost)
    for host in fleet:
        if host.is_listed and host.state in ALIVE and host.name not in names:
            was_back = host.name in waiting and _was_heard(host, since)
            if was_back or host.expected_at + OVERDUE_S > at:
                return False
            elsewhere += host.venue != first
    return elsewhere >= PAIR


def silent_if_whole(
    venue: Venue, lost: Collection[Host], at: float, *, since: float
) -> tuple[Host, ...]:
    """Return the silent hosts of a venue, if they are most of it and nobody else is heard there.

    ``since``: when (s) the first of the case hung up.
    """
    names = {host.name for host in lost}
    others = [
        host
        for host in venue.hosts.values()
        if host.is_listed and host.state in ALIVE and host.name not in names
    ]
    if any(_was_heard(host, since) for host in others):
        return ()
    silent = (*lost, *(host for host in others if host.expected_at + OVERDUE_S <= at))
    votes, listed = (sum(host.is_listed for host in hosts) for hosts in (silent, lost))
    return silent if votes and votes >= QUORUM * (listed + len(others)) else ()


def _was_heard(host: Host, since: float) -> bool:
    return host.evidence_at is not None and host.evidence_at > since + JITTER_S


def by_venue(hosts: Iterable[Host]) -> dict[str, list[Host]]:
    """Return hosts by the code of their venue."""
    found: dict[str, list[Host]] = {}
    for host in hosts:
        found.setdefault(host.venue, []).append(host)
    return found


def evidence_of(case: Case, lost: Collection[Host]) -> tuple[Evidence, ...]:
    """Return what was seen of a case: how many hung up, and how many are not back."""
    detail = {
        "hosts": len(case.hosts),
        "venues": len(case.venues),
        "within_s": round(case.latest - case.since, 3),
        "not_back": len(lost),
        "waited_s": round(case.until - case.since, 3),
    }
    return (Evidence(case.since, BROKER, _SEEN, detail),)


def is_of_hang_ups(verdict: Verdict) -> bool:
    """Tell whether a verdict was given because hosts hung up together."""
    return any(seen.seen == _SEEN for seen in verdict.evidence)


def verdict_on(case: Case, lost: Collection[Host]) -> Verdict:
    """Return that the hosts of a case that are not back hung up together."""
    return Verdict(Cause.HUNG_UP_TOGETHER, evidence_of(case, lost))
