"""Losses of many hosts, told as one incident each: how they begin, who is behind them, and ends.

==================  ==================  ==============  ==========================================
cause               scope               children        ends
==================  ==================  ==============  ==========================================
centre_side_loss    centre              venues          with the last venue that is back
venue_unreachable   venue               hosts           with the first steady host
hung_up_together    venue, or centre    hosts           with the last host that is back
==================  ==================  ==============  ==========================================

1. A loss is judged: one incident, and its hosts are ``unreachable``. What was told of single hosts
   or venues before is folded in: it ends, and its last evidence says into which incident.
2. What is lost after it, for the same reason, is put behind it. A host that is behind one loss is
   behind no other: a venue that is cut off takes its hosts over, and so does the centre's side.
3. A host or venue that is back leaves it. Fewer than three that are left behind are no loss of many
   any more: the hosts have their grace, the venues a minute. Then each is told by itself.

Times are monotonic seconds.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import INF, Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.incidents.troubles import subject_of
from aggregator.core.liveness import Liveness
from aggregator.core.outputs import HostChanged
from aggregator.core.states import HostState, Trigger
from aggregator.core.verdicts import centre_side, hang_ups
from aggregator.core.verdicts import venue as venue_verdict
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Verdict
from aggregator.core.verdicts.centre_side import SideLoss
from aggregator.core.verdicts.hang_ups import HungUp
from aggregator.core.verdicts.venue import Cut

Loss: TypeAlias = Cut | SideLoss | HungUp

LEFT_BEHIND_S = 60.0
"""How long (s) venues that are left behind may need after the others."""

CENTRE_SIDE = subject_of(Cause.CENTRE_SIDE_LOSS)
HUNG_UP = subject_of(Cause.HUNG_UP_TOGETHER)

_Changes: TypeAlias = Iterator[tuple[Host, HostChanged]]


class Losses:
    """The losses that are open.

    Attributes:
        next_at: when (s) venues that are left behind are told by themselves; INF for never.
    """

    def __init__(
        self, fleet: Fleet, incidents: Incidents, expectation: Expectation, liveness: Liveness
    ) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._expectation = expectation
        self._liveness = liveness
        self._hung_up: dict[Subject, set[str]] = {}
        self._behind: dict[str, Subject] = {}
        self._side: dict[str, float] = {}
        self.next_at = INF

    def is_cut(self, venue: str) -> bool:
        """Tell whether a venue was found to be cut off, alone or with others."""
        return self.cut_since(venue) < INF

    def cut_since(self, venue: str) -> float:
        """Return since when (s) a venue is cut off; INF if it is not."""
        subject = Subject("venue", venue)
        if venue in self._side:
            return self._side[venue]
        return INF if subject in self._hung_up else self._incidents.fallen_at(subject)

    # 1. and 2.: how they begin

    def begin(self, loss: Loss, at: float) -> _Changes:
        """Open an incident or put more behind it; yield the changes of hosts, to be followed."""
        if isinstance(loss, Cut):
            yield from self._cut(loss, at)
        elif isinstance(loss, HungUp):
            yield from self._hang_up(loss, at)
        else:
            yield from self._lose_side(loss, at)

    def _cut(self, found: Cut, at: float) -> _Changes:
        venue, votes, verdict = found
        cut = venue_verdict.cut_off(venue, votes)
        if venue.code in self._side:
            self._fold(cut, CENTRE_SIDE, at)
            yield from self._liveness.cut(cut, verdict, at)
            return
        last = [host.evidence_at for host in votes.silent if host.evidence_at is not None]
        was_cut, subject = self.is_cut(venue.code), Subject("venue", venue.code)
        cut += [host for host in self._take_over(venue, at, into=subject) if host not in cut]
        names = [host.name for host in cut]
        changes = self._liveness.cut(cut, verdict, at)
        is_of_hang_ups = hang_ups.is_of_hang_ups(verdict)
        if not is_of_hang_ups:
            yield from changes
        if self._incidents.is_fallen(subject) and subject in self._incidents.open:
            self._incidents.adopt(subject, names)
            if not was_cut:
                self._incidents.sharpen(subject, verdict, at)
        else:
            self._incidents.fall(
                subject, verdict, at, silent_since=max(last, default=None), children=names
            )
        if is_of_hang_ups:
            self._fold(cut, subject, at)
            yield from changes

    def _hang_up(self, found: HungUp, at: float) -> _Changes:
        subject, hosts, verdict = found
        names = [host.name for host in hosts]
        if subject in self._hung_up and subject in self._incidents.open:
            self._incidents.adopt(subject, names)
            self._incidents.sharpen(subject, verdict, at)
        elif subject.scope == "venue":
            self._incidents.fall(
                subject, verdict, at, silent_since=_silent_since(hosts), children=names
            )
        else:
            self._incidents.begin(subject, verdict, at, children=names)
        self._hung_up.setdefault(subject, set()).update(names)
        self._behind |= dict.fromkeys(names, subject)
        self._fold(hosts, subject, at)
        yield from self._liveness.cut(hosts, verdict, at, Trigger.HUNG_UP)

    def _lose_side(self, found: SideLoss, at: float) -> _Changes:
        codes = [cut.venue.code for cut in found.cuts]
        if CENTRE_SIDE in self._incidents.open:
            self._incidents.adopt(CENTRE_SIDE, codes)
            self._incidents.sharpen(CENTRE_SIDE, found.verdict, at)
        else:
            self._incidents.begin(CENTRE_SIDE, found.verdict, at, children=codes)
        self.next_at = INF
        for venue, votes, verdict in found.cuts:
            cut = venue_verdict.cut_off(venue, votes)
            taken = self._take_over(venue, at, into=CENTRE_SIDE)
            cut += [host for host in taken if host not in cut]
            self._end_folded(Subject("venue", venue.code), CENTRE_SIDE, at)
            self._side.setdefault(venue.code, at)
            self._fold(cut, CENTRE_SIDE, at)
            yield from self._liveness.cut(cut, verdict, at)

    def _take_over(self, venue: Venue, at: float, *, into: Subject) -> list[Host]:
        """Take the hosts of a venue out of the loss by which they were told; return them."""
        taken = [host for host in venue.hosts.values() if host.name in self._behind]
        for host in taken:
            subject = self._behind.pop(host.name)
            left = self._hung_up[subject]
            left.discard(host.name)
            if not left:
                del self._hung_up[subject]
                if subject != into:
                    self._end_folded(subject, into, at)
        return taken

    def _fold(self, hosts: Iterable[Host], into: Subject, at: float) -> None:
        for host in hosts:
            if host.state is HostState.DOWN:
                self._end_folded(Subject("host", host.venue, host.name), into, at)

    def _end_folded(self, subject: Subject, into: Subject, at: float) -> None:
        """End what was told of a part, and say into which incident it is folded."""
        if subject in self._incidents.open and into in self._incidents.open:
            number = self._incidents.open[into].number
            self._incidents.note(subject, Evidence(at, CENTRE, "folded", {"into": number}))
            self._incidents.rise(subject, at)
            self._incidents.end(subject, at)  # a damped one, too

    # 3.: how they end

    def follow(self, host: Host, change: HostChanged) -> None:
        """Take in that a host is in sight again, or is told by itself."""
        if change.after is HostState.UNREACHABLE:
            return
        if host.name in self._behind:
            self._leave(host.name, change.at)
        venue = self._fleet.venues[host.venue]
        is_last = not venue.counts[HostState.UNREACHABLE]
        is_back = change.after is HostState.UP and host.is_listed  # others are no witness
        if is_back or (is_last and change.before is HostState.UNREACHABLE):
            self._end_cut(venue, change.at)

    def settle(self, at: float) -> None:
        """End what nothing is behind any more, after the inventory has changed."""
        for name in list(self._behind):
            host = self._fleet.find(name)
            if host is None or not _hung_up(host):
                self._leave(name, at)
        for code in [code for code in self._side if code not in self._fleet.venues]:
            self._return(code, at)
        for venue in self._fleet.venues.values():
            if not venue.counts[HostState.UNREACHABLE]:
                self._end_cut(venue, at)

    def advance(self, now: float) -> None:
        """Tell venues that were left behind by themselves."""
        if self.next_at > now:
            return
        at, self.next_at = self.next_at, INF
        for code in list(self._side):
            hosts = _unreachable(self._fleet.venues[code])
            del self._side[code]
            self._incidents.fall(
                Subject("venue", code),
                _left_behind(hosts, at),
                at,
                silent_since=_silent_since(hosts),
                children=[host.name for host in hosts],
            )
        self._incidents.end(CENTRE_SIDE, at)

    def _end_cut(self, venue: Venue, at: float) -> None:
        cut_at = self.cut_since(venue.code)
        if cut_at == INF:
            return
        if venue.code in self._side:
            self._return(venue.code, at)
        else:
            self._incidents.rise(Subject("venue", venue.code), at)
        hosts = [host for host in venue.hosts.values() if host.name not in self._behind]
        self._expectation.end_cut(hosts, cut_at, at)

    def _return(self, code: str, at: float) -> None:
        """Take a venue out of the loss of the centre's side: it is back, or gone."""
        del self._side[code]
        if not self._side:
            self.next_at = INF
            self._incidents.end(CENTRE_SIDE, at)
        elif len(self._side) < centre_side.LEAST:
            self.next_at = at + LEFT_BEHIND_S

    def _leave(self, name: str, at: float) -> None:
        subject = self._behind.pop(name)
        left = self._hung_up[subject]
        left.discard(name)
        if not left:
            del self._hung_up[subject]
            self._incidents.rise(subject, at)
        elif len(left) < hang_ups.LEAST:
            self._leave_behind(left, at)

    def _leave_behind(self, names: Collection[str], at: float) -> None:
        """Give hosts their grace; those that are not back then are told by themselves."""
        hosts = [host for host in map(self._fleet.find, names) if host is not None]
        waiting = [host for host in hosts if host.deadline == INF]
        self._expectation.expect_back(waiting, at)

    # What an earlier process left

    def is_held(self, host: Host) -> bool:
        """Tell whether a host is behind a loss, so that it is not waited for by itself."""
        return host.name in self._behind or self.is_cut(host.venue)

    def restore(self, incident: Incident, now: float) -> bool:
        """Take over an open incident of many; return whether it is one, and goes on."""
        hosts = [host for host in map(self._fleet.find, incident.children) if host is not None]
        if incident.subject == CENTRE_SIDE:
            venues = (self._fleet.venues.get(code) for code in incident.children)
            lost = [it.code for it in venues if it is not None and _unreachable(it)]
            self._side = dict.fromkeys(lost, incident.opened_at)
            if 0 < len(lost) < centre_side.LEAST:
                self.next_at = now + LEFT_BEHIND_S
            return bool(lost)
        if incident.cause is not Cause.HUNG_UP_TOGETHER:
            return False
        lost_hosts = {host.name for host in hosts if _hung_up(host)}
        if lost_hosts:
            for host in map(self._fleet.named, lost_hosts):
                host.closed_at = _closed_at(incident)
            self._hung_up[incident.subject] = lost_hosts
            self._behind |= dict.fromkeys(lost_hosts, incident.subject)
            if len(lost_hosts) < min(hang_ups.LEAST, len(incident.children)):
                self._leave_behind(lost_hosts, now)
        return bool(lost_hosts)


def _unreachable(venue: Venue) -> list[Host]:
    return [host for host in venue.hosts.values() if host.state is HostState.UNREACHABLE]


def _silent_since(hosts: Iterable[Host]) -> float | None:
    last = centre_side.last_heard(hosts)
    return None if last == -INF else last


def _hung_up(host: Host) -> bool:
    return host.state is HostState.UNREACHABLE and host.cause is Cause.HUNG_UP_TOGETHER


def _closed_at(incident: Incident) -> float:
    """Return when (s) connections were closed that an incident stands on."""
    times = (seen.at for seen in incident.evidence if seen.seen == "hang_ups")
    return next(times, incident.opened_at)


def _left_behind(hosts: Sequence[Host], at: float) -> Verdict:
    detail = {"silent": len(hosts), "after_s": LEFT_BEHIND_S}
    return Verdict(Cause.VENUE_UNREACHABLE, (Evidence(at, CENTRE, "left_behind", detail),))
