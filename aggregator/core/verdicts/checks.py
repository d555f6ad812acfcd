"""Verdict on checks that fail: on one host, or the same one on most hosts of a venue.

1. A check is ``critical`` in two readings in a row, on a host that is up: it fails there.
2. That waits until every other host of the venue that is up and has a check of that kind and name
   has been read again, at most for one period of the check and 5 s.
3. If it is critical on two hosts or more, and on 60 % of those that have it, it is one incident of
   the venue, at once: they share what fails. A host that was told before is folded in.
4. Else each host that fails has an incident of its own.
5. It is over on a host with the first reading in another state. ``unknown`` ends nothing. So is a
   check that its agent, which goes on sending, does not mention any more. A farewell ends it, too;
   another boot of the agent begins to count anew. What was not told when its host fell has to be
   critical there again.
6. The venue's incident ends when no host is critical any more, or when fewer than 60 % have been
   for as long as 2. waits at most. What still fails then is told of each host. While none of the
   critical hosts is up, nobody can tell, and it goes on.

An incident falls and rises as a host's does, and is damped likewise (``flapping.py``). Readings
that come late are not looked at, nor are those of a cut (``unsaid.py``). A check that has an
incident as a feed has none here; one that reads results has none here at all (``feeds.py``). Times
are monotonic seconds.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.states import ALIVE, HostState
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Scalar, Verdict
from aggregator.core.verdicts.critical import Critical
from aggregator.core.verdicts.feeds import READERS
from aggregator.core.verdicts.unsaid import counts, patience_s
from aggregator.core.verdicts.venue import QUORUM
from venuewatch.base.wire.messages import CheckReading

IN_A_ROW = 2
"""How many readings in a row have to be critical."""

HOSTS_LEAST = 2
"""On how many hosts a check has to be critical, to be the venue's."""

_SHOWN = 10  # hosts whose reading is evidence of a venue's incident
_UNKNOWN_EVERY_S = 300.0  # of an incident of another version, which does not say


class _Key(NamedTuple):
    venue: str
    check: str
    kind: str


class _Group:
    """The same check on the hosts of a venue, while it is critical on any of them.

    ``heard``: when (s) each host was last read. ``told``: the hosts behind the venue's incident;
    None without one. ``below_until``: when that ends, because too few are critical.
    """

    __slots__ = ("below_until", "critical", "heard", "told")

    def __init__(self) -> None:
        self.critical: dict[str, Critical] = {}
        self.heard: dict[str, float] = {}
        self.told: set[str] | None = None
        self.below_until = INF


class FailedChecks:
    """Begins and ends the incidents of checks.

    Attributes:
        of_host: the checks that were critical when a host was last read, by its name.
        next_at: when (s) something becomes due here; INF for never.
    """

    def __init__(self, fleet: Fleet, incidents: Incidents) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._groups: dict[_Key, _Group] = {}
        self.of_host: dict[str, dict[str, _Key]] = {}
        self._due: list[tuple[float, int, _Key]] = []
        self._ticket = 0
        self.next_at = INF

    def take(self, host: Host, reading: CheckReading, now: float) -> None:
        """Take a live reading: it counts if it is the latest of a check that is known."""
        key = _Key(host.venue, reading.check, reading.kind)
        group = self._groups.get(key)
        is_critical = reading.state == "critical" and reading.kind not in READERS
        if group is None and not is_critical:
            return
        if not counts(host, reading, now):
            if group is not None and not is_critical:
                self._interrupt(key, group, host.name)
            return
        if group is None:
            group = self._groups[key] = _Group()
        group.heard[host.name] = now
        one = group.critical.get(host.name)
        if is_critical:
            if not self._incidents.is_fallen(Subject("feed", *_place(key, host.name))):
                self._note_critical(key, group, host, reading, now)
        elif reading.state != "unknown":
            self._note_well(key, group, host.name, now)
        elif one is not None:
            one.unsaid.mention()
            self._interrupt(key, group, host.name)
        self._judge(key, group, now)

    def take_vitals(self, host: Host, now: float) -> None:
        """Note live vitals of a host: what it has not mentioned for long is over."""
        keys = self.of_host.get(host.name)
        if not keys or host.birth is None:
            return
        for key in list(keys.values()):
            group = self._groups[key]
            if group.critical[host.name].unsaid.take_vitals(host.birth.vitals_every_s):
                self._end_on(key, host.name, now)

    def forget(self, host: Host, check: str, now: float) -> None:
        """End what is known of a check that lost its place: its host says nothing of it."""
        key = self.of_host.get(host.name, {}).get(check)
        if key is not None:
            self._end_on(key, host.name, now)

    def follow(self, host: Host, after: HostState, at: float) -> None:
        """Take in a host's new state: what was not told of one that fell has to be read again.

        The checks of one that said farewell begin anew when it is back.
        """
        for key in [] if after in ALIVE else list(self.of_host.get(host.name, {}).values()):
            group = self._groups[key]
            one = group.critical[host.name]
            if after is HostState.AWAY:
                self._end_on(key, host.name, at)
            elif not self._is_told(key, host.name):
                one.count, one.failed_at = min(one.count, 1), None

    def restore(self, incident: Incident, now: float) -> None:
        """Take over an open incident of an earlier process: it holds until its hosts are read."""
        subject = incident.subject
        if incident.cause is Cause.FLAPPING:
            return  # it may be well, and ends when it has been for long enough
        said = incident.evidence[-1].detail if incident.evidence else {}
        every_s = said.get("every_s")
        key = _Key(subject.venue, subject.check, str(said.get("kind", "")))
        group = self._groups.setdefault(key, _Group())
        names = [subject.host] if subject.host else incident.children
        venue = self._fleet.venues[subject.venue]
        for name in names:
            if name in venue.hosts:
                one = Critical(
                    venue.hosts[name], every_s if isinstance(every_s, float) else _UNKNOWN_EVERY_S
                )
                one.failed_at = now
                self._keep(key, group, name, one, now)
        if not subject.host:
            group.told = set(names)
        self._incidents.restore_fall(subject, Verdict(incident.cause), incident.opened_at, now)

    def advance(self, now: float) -> None:
        """Do what was due by ``now``."""
        while self._due and self._due[0][0] <= now:
            at, _, key = heapq.heappop(self._due)
            self._plan()
            group = self._groups.get(key)
            if group is not None:
                self._judge(key, group, at)

    def credit(self, by_s: float) -> None:
        """Move every deadline: our process did not run, and readings may wait for us."""
        self._due = [(at + by_s, ticket, key) for at, ticket, key in self._due]
        self._plan()
        for group in self._groups.values():
            group.below_until += by_s
            for one in group.critical.values():
                one.waits_until += by_s

    # 1. and 5. of the life of a failure: one host

    def _note_critical(
        self, key: _Key, group: _Group, host: Host, reading: CheckReading, now: float
    ) -> None:
        one = group.critical.get(host.name)
        if one is None or one.host is not host:
            one = Critical(host, reading.every_s)
            self._keep(key, group, host.name, one, now)
        detail: dict[str, Scalar] = {
            "kind": reading.kind,
            "says": reading.detail,
            "every_s": reading.every_s,
        }
        boot = host.checks[reading.check].boot
        one.take(boot, reading.every_s, Evidence(now, host.name, "reading", detail))
        if one.count >= IN_A_ROW and one.failed_at is None:
            one.failed_at, one.waits_until = now, now + one.wait_s
            self._at(one.waits_until, key)

    def _end_on(self, key: _Key, name: str, now: float) -> None:
        self._note_well(key, self._groups[key], name, now)
        self._judge(key, self._groups[key], now)

    def _note_well(self, key: _Key, group: _Group, name: str, now: float) -> None:
        if name in group.critical:
            self._drop(key, group, name)
            subject = Subject("check", *_place(key, name))
            if self._incidents.is_fallen(subject):
                self._incidents.rise(subject, now)

    def _interrupt(self, key: _Key, group: _Group, name: str) -> None:
        """Begin to count anew on a host, unless it fails there: that was not twice in a row."""
        one = group.critical.get(name)
        if one is not None and one.failed_at is None and not self._is_told(key, name):
            self._drop(key, group, name)

    def _keep(self, key: _Key, group: _Group, name: str, one: Critical, now: float) -> None:
        """Keep what is critical on a host; of each name of a check one kind."""
        keys = self.of_host.setdefault(name, {})
        other = keys.get(key.check)
        if other is not None and other != key:
            self._drop(other, self._groups[other], name)
            self._at(now, other)  # its group may be over
            keys = self.of_host.setdefault(name, {})
        keys[key.check] = key
        group.critical[name] = one

    def _drop(self, key: _Key, group: _Group, name: str) -> None:
        del group.critical[name]
        keys = self.of_host[name]
        del keys[key.check]
        if not keys:
            del self.of_host[name]

    # 2. to 4. and 6.: the hosts of a venue

    def _judge(self, key: _Key, group: _Group, now: float) -> None:
        venue = self._fleet.venues.get(key.venue)
        hosts = {} if venue is None else venue.hosts
        whole = Subject("check", *_place(key))
        if not self._incidents.is_fallen(whole):
            group.told = None  # it was forgotten with its venue
        for name, one in list(group.critical.items()):
            if hosts.get(name) is not one.host:
                self._drop(key, group, name)
        if venue is None or (not group.critical and group.told is None):
            del self._groups[key]
            return
        known = [host for host in hosts.values() if _has(host, key, group, now)]
        critical = [host for host in known if host.name in group.critical]
        having = [host for host in known if host.is_listed]  # others have no vote
        votes = sum(host.is_listed for host in critical)
        is_most = votes >= HOSTS_LEAST and votes >= QUORUM * len(having)
        if group.told is not None:
            if not self._judge_whole(key, group, now, critical, is_most=is_most):
                return
            is_most = False
        failed = [host for host in critical if group.critical[host.name].failed_at is not None]
        if is_most and any(host.is_listed for host in failed):
            self._tell_whole(key, group, now, critical, len(having))
            return
        self._tell_hosts(key, group, now, failed, having)
        if not group.critical:
            del self._groups[key]

    def _judge_whole(
        self,
        key: _Key,
        group: _Group,
        now: float,
        critical: Sequence[Host],
        *,
        is_most: bool,
    ) -> bool:
        """Go on with the venue's incident; return whether it is over."""
        whole, told = Subject("check", *_place(key)), group.told or set()
        if is_most:
            group.below_until = INF
            new = [host.name for host in critical if host.name not in told]
            if new:
                told.update(new)
                self._incidents.adopt(whole, new)
            return False
        if group.critical and not critical:  # nobody can tell
            return False
        if critical and now < group.below_until:
            if group.below_until == INF:
                group.below_until = now + max(group.critical[it.name].wait_s for it in critical)
                self._at(group.below_until, key)
            return False
        group.told, group.below_until = None, INF
        if not any(
            other.told is not None and _place(its) == whole[1:]
            for its, other in self._groups.items()
        ):  # of another kind
            self._incidents.rise(whole, now)
        return True

    def _tell_hosts(
        self, key: _Key, group: _Group, now: float, failed: Sequence[Host], having: Sequence[Host]
    ) -> None:
        """Open an incident of each host on which it fails, and that waits for no other one."""
        for host in failed:
            subject = Subject("check", *_place(key, host.name))
            one = group.critical[host.name]
            if not self._incidents.is_fallen(subject) and not _waits(one, host, having, group, now):
                self._incidents.fall(subject, Verdict(Cause.CHECK_FAILED, one.evidence), now)

    def _tell_whole(
        self, key: _Key, group: _Group, now: float, critical: Sequence[Host], having: int
    ) -> None:
        """Open the venue's incident; what was told of its hosts before is folded in."""
        names = [host.name for host in critical]
        every_s = max(group.critical[name].unsaid.every_s for name in names)
        detail: dict[str, Scalar] = {
            "kind": key.kind,
            "every_s": every_s,
            "critical_on": sum(host.is_listed for host in critical),
            "hosts_that_have_it": having,
        }
        readings = (group.critical[name].latest for name in names[:_SHOWN])
        seen = (
            *(reading for reading in readings if reading is not None),
            Evidence(now, CENTRE, "same_check", detail),
        )
        group.told, group.below_until = set(names), INF
        whole, verdict = Subject("check", *_place(key)), Verdict(Cause.CHECK_FAILED, seen)
        if self._incidents.is_fallen(whole):  # by checks of another kind
            self._incidents.adopt(whole, names)
        else:
            self._incidents.fall(whole, verdict, now, children=names)
        for name in names:
            subject = Subject("check", *_place(key, name))
            self._incidents.rise(subject, now)
            self._incidents.end(subject, now)  # a damped one, too

    def _is_told(self, key: _Key, name: str) -> bool:
        return self._incidents.is_fallen(Subject("check", *_place(key, name)))

    def _at(self, at: float, key: _Key) -> None:
        self._ticket += 1
        heapq.heappush(self._due, (at, self._ticket, key))
        self._plan()

    def _plan(self) -> None:
        self.next_at = self._due[0][0] if self._due else INF


def _place(key: _Key, host: str = "") -> tuple[str, str, str]:
    return key.venue, host, key.check


def _has(host: Host, key: _Key, group: _Group, now: float) -> bool:
    """Tell whether a host is up and has the check, as far as it has said lately."""
    one = group.critical.get(host.name)
    if one is not None and not one.boot:  # not heard since our start
        return host.state in ALIVE or host.state is HostState.UNKNOWN
    known = host.checks.get(key.check)
    if known is None or known.boot != host.boot or host.state not in ALIVE:
        return False
    reading = known.reading
    return reading.kind == key.kind and now - known.at <= patience_s(reading.every_s)


def _waits(one: Critical, host: Host, having: Sequence[Host], group: _Group, now: float) -> bool:
    """Tell whether another host is still to be read that may show that it is the venue's."""
    if one.failed_at is None or now >= one.waits_until:
        return False
    return any(
        other is not host and group.heard.get(other.name, -INF) < one.failed_at for other in having
    )
