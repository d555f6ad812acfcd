"""Incident store: how each incident stands, which are open, and what a backlog corrects of them.

Every change of an incident is reported here, in order; when and why it changes is decided elsewhere
(``lifecycle.py``). Closed ones are remembered up to a bound, since a backlog may still show that
a host lived. Times are monotonic seconds.
"""

import copy
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aggregator.core.fleet import Fleet
from aggregator.core.host import INF
from aggregator.core.incidents.record import (
    Alive,
    Incident,
    IncidentChange,
    IncidentChanged,
    Subject,
)
from aggregator.core.verdicts.causes import Evidence, Verdict

REMEMBERED = 1_000
"""How many closed incidents can still be corrected by a backlog."""

EVIDENCE_MAX = 100
"""How many pieces of evidence are kept of one incident."""

_EVIDENCE_FIRST = 10  # how it began is kept, and then the latest
_SEEN_ONCE = frozenset({"silence", "will"})
_CORRECTED = frozenset({"host", "venue"})
_OF_CHECKS = frozenset({"check", "feed", "source"})
_REMEMBERED_OF_A_HOST = 20


class IncidentStore:
    """Every incident that is open, and those that were closed lately.

    ``changes`` is where each reported change is appended.

    Attributes:
        open: by subject; of each at most one.
        unsaved: those that have changed since ``take_unsaved``, by number.
        next_number: the number that the next one gets.
        reported: how many changes were reported of each open one, by number.
        doubt: since when the wall clock, by which people read times, is in doubt, if it is.
    """

    def __init__(self, fleet: Fleet, changes: list[Any]) -> None:
        self._fleet = fleet
        self._changes = changes
        self.next_number = 1
        self.open: dict[Subject, Incident] = {}
        self._known: dict[int, Incident] = {}
        self.unsaved: dict[int, Incident] = {}
        self.reported: dict[int, int] = {}
        self._closed: deque[int] = deque()
        self._reported_of_closed: dict[int, int] = {}
        self._by_host: dict[str, list[int]] = {}
        self.doubt: Evidence | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "IncidentStore":
        """Return an independent copy; incidents are frozen, and shared."""
        copied = memo[id(self)] = object.__new__(IncidentStore)
        copied._fleet = copy.deepcopy(self._fleet, memo)
        copied._changes = copy.deepcopy(self._changes, memo)
        copied.next_number = self.next_number
        copied.open = memo[id(self.open)] = self.open.copy()
        copied._known = self._known.copy()
        copied.unsaved = self.unsaved.copy()
        copied.reported = self.reported.copy()
        copied._closed = self._closed.copy()
        copied._reported_of_closed = self._reported_of_closed.copy()
        copied._by_host = {host: numbers[:] for host, numbers in self._by_host.items()}
        copied.doubt = self.doubt
        return copied

    def put_in_doubt(self, doubt: Evidence | None) -> None:
        """Have each open incident, and those to come, say that the wall clock is in doubt."""
        self.doubt = doubt
        if doubt is not None:
            for subject in tuple(self.open):
                self.add_evidence(subject, (doubt,))

    def known(self) -> list[Incident]:
        """Return the open incidents and the latest closed ones, oldest first."""
        return list(self._known.values())

    def find(self, number: int) -> Incident | None:
        """Return an incident that is open or was closed lately; None if it is neither."""
        return self._known.get(number)

    def take_unsaved(self) -> list[Incident]:
        """Hand over, once, how each incident stands that has changed since, reported or not."""
        unsaved = list(self.unsaved.values())
        self.unsaved.clear()
        return unsaved

    def restore(
        self, incidents: Iterable[Incident], *, next_number: int, reported: Mapping[int, int]
    ) -> None:
        """Take over the incidents of an earlier process, open ones and closed.

        ``reported``: how many changes were reported of each open one. Nothing is reported now,
        and none of them counts as unsaved.
        """
        self.next_number = next_number
        self.reported = dict(reported)
        for incident in incidents:
            self.keep(incident)
        self.unsaved.clear()

    def enter(  # noqa: PLR0913 - an incident has so many parts
        self,
        subject: Subject,
        verdict: Verdict,
        at: float,
        *,
        since: float | None = None,
        silent_since: float | None = None,
        children: Sequence[str] = (),
        falls: int = 1,
    ) -> None:
        """Open an incident, and report it. ``since``: when it became true, if not at ``at``."""
        number, self.next_number = self.next_number, self.next_number + 1
        incident = Incident(
            number,
            subject,
            verdict.cause,
            at if since is None else since,
            silent_since,
            verdict.evidence if self.doubt is None else (*verdict.evidence, self.doubt),
            tuple(children),
            falls=falls,
        )
        self._change(incident, "opened", at)

    def reopen(self, subject: Subject, verdict: Verdict, at: float) -> bool:
        """Open the last incident of a subject again, and report it; return whether there is one.

        One that an earlier process closed is not opened again.
        """
        for number in reversed(self._closed):
            incident = self._known[number]
            if incident.subject == subject:
                break
        else:
            return False
        if number not in self._reported_of_closed:
            return False
        self._closed.remove(number)
        self.reported[number] = self._reported_of_closed.pop(number)
        evidence = _joined(incident.evidence, verdict.evidence)
        opened = incident._replace(cause=verdict.cause, evidence=evidence, closed_at=None)
        self._change(opened, "opened", at)
        return True

    def sharpen(self, subject: Subject, verdict: Verdict, at: float) -> None:
        """Give an open incident another cause, and report it; its evidence is added."""
        current = self.open[subject]
        evidence = _joined(current.evidence, verdict.evidence)
        self._change(current._replace(cause=verdict.cause, evidence=evidence), "sharpened", at)

    def add_evidence(self, subject: Subject, evidence: tuple[Evidence, ...]) -> None:
        """Keep more evidence with an open incident. Nothing is reported."""
        current = self.open[subject]
        self.keep(current._replace(evidence=_joined(current.evidence, evidence)))

    def adopt(self, subject: Subject, children: Iterable[str], *, falls: int = 0) -> None:
        """Put more hosts behind an open incident, and count its ``falls``. Nothing is reported."""
        current = self.open[subject]
        more = [name for name in children if name not in current.children]
        if more or falls:
            self.keep(
                current._replace(children=(*current.children, *more), falls=current.falls + falls)
            )

    def close(self, subject: Subject, at: float) -> None:
        """Close an open incident, and report it."""
        self._unmark(self.open[subject])
        self._change(self.open[subject]._replace(closed_at=at), "closed", at)

    def supersede(self, number: int) -> None:
        """Close an incident as of the later one about the same, which goes on; report it."""
        was = self._known[number]
        at = max(was.opened_at, self.open[was.subject].opened_at)
        self._change(was._replace(closed_at=at), "closed", at)

    def remove(self, subject: Subject, at: float) -> None:
        """Close an open incident whose subject is watched no more, and report that."""
        current = self.open[subject]
        evidence = _joined(current.evidence, (Evidence(at, "centre", "removed"),))
        self._unmark(current)
        self._change(current._replace(closed_at=at, evidence=evidence), "removed", at)

    def correct(
        self, host: str, times: Sequence[float], at: float, *, opened_after: float = -INF
    ) -> None:
        """Readings taken at ``times`` show that ``host`` lived: correct the record of its falls.

        Only of those that were opened after ``opened_after``. A live state is never touched.
        """
        for number in self._by_host.get(host, ()):
            incident = self._known.get(number)
            if incident is None or incident.opened_at < opened_after:
                continue
            end = INF if incident.closed_at is None else incident.closed_at
            within = [time for time in times if incident.opened_at <= time <= end]
            if within:
                self._change(_corrected(incident, host, within), "corrected", at)

    def keep(self, incident: Incident) -> None:
        """Remember how an incident stands, and forget the oldest closed one of too many."""
        subject = incident.subject
        was = self._known.get(incident.number)
        if incident.closed_at is not None and (was is None or was.closed_at is None):
            self._closed.append(incident.number)
            if len(self._closed) > REMEMBERED:
                oldest = self._closed.popleft()
                del self._known[oldest]
                self._reported_of_closed.pop(oldest, None)
                self.unsaved.pop(oldest, None)  # bounded where nothing stores it
        self._known[incident.number] = self.unsaved[incident.number] = incident
        if incident.closed_at is None:
            self.open[subject] = incident
            self._mark(incident)
        elif self.open.get(subject, incident).number == incident.number:
            self.open.pop(subject, None)
        if subject.scope in _CORRECTED:
            for host in (subject.host, *incident.children):
                numbers = self._by_host.setdefault(host, [])
                if incident.number not in numbers:
                    numbers.append(incident.number)
                    del numbers[:-_REMEMBERED_OF_A_HOST]

    def _mark(self, incident: Incident) -> None:
        """Note with what it is about that an incident is open."""
        scope, venue, host, check = incident.subject
        of = self._fleet.find(host) if host else self._fleet.venues.get(venue)
        if of is not None and check:
            of.check_problems[check, scope] = incident.cause
        elif of is not None:
            of.problems[scope] = incident.cause
        its_venue = self._fleet.venues.get(venue)
        if its_venue is not None and scope in _OF_CHECKS:
            its_venue.check_incidents.add(incident.number)

    def _unmark(self, incident: Incident) -> None:
        """Note that it is over."""
        scope, venue, host, check = incident.subject
        of = self._fleet.find(host) if host else self._fleet.venues.get(venue)
        if of is not None and check:
            of.check_problems.pop((check, scope), None)
        elif of is not None:
            of.problems.pop(scope, None)
        its_venue = self._fleet.venues.get(venue)
        if its_venue is not None:
            its_venue.check_incidents.discard(incident.number)

    def _change(self, incident: Incident, change: IncidentChange, at: float) -> None:
        self.keep(incident)
        number, seq = incident.number, 0
        if change != "corrected":
            seq = self.reported[number] = self.reported.get(number, 0) + 1
        if incident.closed_at is not None and change != "corrected":
            self._reported_of_closed[number] = self.reported.pop(number)
        self._changes.append(IncidentChanged(at, change, incident, seq))


def _joined(before: tuple[Evidence, ...], after: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return what was seen before, and after it what is new; one silence is listed once."""
    known = {(seen.by, seen.seen) for seen in before if seen.seen in _SEEN_ONCE}
    new = (seen for seen in after if seen not in before and (seen.by, seen.seen) not in known)
    seen = (*before, *new)
    if len(seen) <= EVIDENCE_MAX:
        return seen
    return (*seen[:_EVIDENCE_FIRST], *seen[_EVIDENCE_FIRST - EVIDENCE_MAX :])


def _corrected(incident: Incident, host: str, times: Sequence[float]) -> Incident:
    others = tuple(alive for alive in incident.alive if alive.host != host)
    known = next((alive for alive in incident.alive if alive.host == host), None)
    start, end, readings = min(times), max(times), len(times)
    if known is not None:
        start, end = min(start, known.start), max(end, known.end)
        readings += known.readings
    return incident._replace(alive=(*others, Alive(host, start, end, readings)))
