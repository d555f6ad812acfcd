"""Folds verdicts into incidents: per subject at most one is open, told once.

An incident is opened when its fall is judged, may get a sharper cause, and is closed when its
subject has risen. A subject that falls again and again is damped (``damping.py``): its falls then
belong to one incident ``flapping``, of which only a fall that lasts over ``LONG_FALL_S`` is news.
Times are monotonic seconds.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from aggregator.core.cases import Falls
from aggregator.core.damping import HALF_LIFE_S, REUSE, Damping
from aggregator.core.diagnosis import diagnose
from aggregator.core.events import Alive, Incident, IncidentChange, IncidentChanged, Subject
from aggregator.core.evidence import Evidence, Verdict
from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.states import ALIVE

LONG_FALL_S = 60.0
"""A fall that lasts longer (s) always counts, damped or not."""

REMEMBERED = 1_000
"""How many closed incidents can still be corrected by a backlog."""

EVIDENCE_MAX = 100
_EVIDENCE_FIRST = 10  # how it began is kept, and then the latest
_SEEN_ONCE = frozenset({"silence", "will"})
_FLAPPING = "flapping"
_OF_LIVING = frozenset({"link", "feed", "clock"})
_CORRECTED = frozenset({"host", "venue"})
_REMEMBERED_OF_A_HOST = 20
_ROUNDING = 1.001


class Incidents:
    """The open incidents, and those that were closed lately.

    Attributes:
        open: by subject.
    """

    def __init__(self, fleet: Fleet, tell: Callable[[IncidentChanged], None]) -> None:
        self._fleet = fleet
        self._tell = tell
        self._numbers = count(1)
        self._damping: dict[Subject, Damping] = {}
        self._fallen: dict[Subject, float] = {}
        self._causes: dict[Subject, Verdict] = {}
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._ticket = count()
        self._ends: dict[Subject, int] = {}
        self.open: dict[Subject, Incident] = {}
        self._known: dict[int, Incident] = {}
        self._touched: dict[int, Incident] = {}
        self._closed: deque[int] = deque()
        self._by_host: dict[str, list[int]] = {}

    def known(self) -> list[Incident]:
        """Return the open incidents and the latest closed ones, oldest first."""
        return list(self._known.values())

    def fall(
        self,
        subject: Subject,
        verdict: Verdict,
        at: float,
        *,
        silent_since: float | None = None,
        children: Sequence[str] = (),
    ) -> None:
        """A host or a venue has fallen: an incident, unless it flaps and has one already."""
        penalty = self._damping.setdefault(subject, Damping()).fall(at)
        self._fallen[subject] = at
        self._causes[subject] = verdict
        current = self.open.get(subject)
        falls = self._damping[subject].falls
        if current is not None:
            more = tuple(name for name in children if name not in current.children)
            self._keep(
                current._replace(falls=current.falls + 1, children=(*current.children, *more))
            )
            self._at(at + LONG_FALL_S, lambda when: self._count_long_fall(subject, at, when))
            return
        damped = diagnose(Falls(at, subject.venue, subject.host, falls, penalty))
        if isinstance(damped, Verdict):
            verdict = Verdict(damped.cause, damped.evidence + verdict.evidence)
            self._at(at + LONG_FALL_S, lambda when: self._count_long_fall(subject, at, when))
        self._open(
            Incident(
                next(self._numbers),
                subject,
                verdict.cause,
                at,
                silent_since,
                verdict.evidence,
                tuple(children),
                falls=falls if isinstance(damped, Verdict) else 1,
            ),
            at,
        )

    def rise(self, subject: Subject, at: float) -> None:
        """It is back: the incident ends, or if it flaps, when its penalty has faded."""
        self._fallen.pop(subject, None)
        self._causes.pop(subject, None)
        current = self.open.get(subject)
        if current is None:
            return
        damping = self._damping.get(subject)
        is_damped = current.cause == _FLAPPING or current.falls > 1
        if is_damped and damping is not None and damping.penalty(at) > REUSE * _ROUNDING:
            if current.cause != _FLAPPING:  # a long fall gave it its own cause, which is over
                self._replace(current._replace(cause=_FLAPPING), "sharpened", at)
            self._at(damping.reuse_at(), lambda when: self._reuse(subject, when))
        else:
            self._close(subject, at)

    def begin(
        self,
        subject: Subject,
        verdict: Verdict,
        at: float,
        *,
        since: float | None = None,
        children: Sequence[str] = (),
    ) -> None:
        """A problem is there that is no fall: an incident, or a sharper cause of it.

        ``since``: when it became true, if that was before ``at``.
        """
        self._ends.pop(subject, None)
        if subject in self.open:
            self.sharpen(subject, verdict, at)
            return
        self._open(
            Incident(
                next(self._numbers),
                subject,
                verdict.cause,
                at if since is None else since,
                evidence=verdict.evidence,
                children=tuple(children),
            ),
            at,
        )

    def end(self, subject: Subject, at: float) -> None:
        """The problem is over."""
        if subject in self.open:
            self._close(subject, at)

    def end_at(self, subject: Subject, at: float) -> None:
        """The problem is over at ``at``, unless it begins again, or is put off, before."""
        if subject in self.open:
            token = self._ends[subject] = next(self._ticket)
            self._at(at, lambda when: self._end_if(subject, token, when))

    def is_ending(self, subject: Subject) -> bool:
        """Tell whether a problem ends at a moment that is set."""
        return subject in self._ends

    def leave(self, host: Host, at: float) -> None:
        """A host has said farewell, and takes with it whatever was wrong with it while it beat."""
        for subject in [subject for subject in self.open if subject.host == host.name]:
            if subject.scope in _OF_LIVING:
                self._close(subject, at)
        whole = self.open.get(Subject("link", host.venue))
        if whole is not None and host.name in whole.children:
            counts = self._fleet.venues[host.venue].counts
            if not any(counts[state] for state in ALIVE):
                self._close(whole.subject, at)

    def sharpen(self, subject: Subject, verdict: Verdict, at: float) -> None:
        """More is known of why: tell it, if the cause is another one."""
        current = self.open.get(subject)
        if current is None:
            return
        if subject in self._causes:
            self._causes[subject] = verdict
        if current.cause in {_FLAPPING, verdict.cause}:
            evidence = _joined(current.evidence, verdict.evidence)
            self._keep(current._replace(evidence=evidence))
            return
        self._replace(
            current._replace(
                cause=verdict.cause, evidence=_joined(current.evidence, verdict.evidence)
            ),
            "sharpened",
            at,
        )

    def is_fallen(self, subject: Subject) -> bool:
        """Tell whether a subject has fallen and not risen since."""
        return subject in self._fallen

    def adopt(self, subject: Subject, children: Iterable[str]) -> None:
        """More hosts are behind a venue's incident; their own ones end in it, untold."""
        current = self.open[subject]
        more = [name for name in children if name not in current.children]
        if more:
            self._keep(current._replace(children=(*current.children, *more)))

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
                self._replace(_corrected(incident, host, within), "corrected", at)

    def next_deadline(self) -> float:
        """Return when (s) something becomes due here; INF for never."""
        return self._due[0][0] if self._due else INF

    def advance(self, now: float) -> None:
        """Do what was due by ``now``."""
        while self._due and self._due[0][0] <= now:
            when, _, act = heapq.heappop(self._due)
            act(when)

    def restore(self, incidents: Iterable[Incident], *, next_number: int, now: float) -> None:
        """Take over the incidents of an earlier process, open ones and closed. Nothing is told."""
        self._numbers = count(next_number)
        for incident in incidents:
            self._keep(incident)
            if incident.closed_at is not None:
                continue
            subject = incident.subject
            if incident.cause == _FLAPPING:
                self._at(now + HALF_LIFE_S, lambda when, of=subject: self._reuse(of, when))  # type: ignore[misc]

    def hold(self, subject: Subject, verdict: Verdict, since: float, now: float) -> None:
        """The subject of a restored incident is still down, since ``since``."""
        self._fallen[subject] = since
        self._causes[subject] = verdict
        if self.open[subject].cause == _FLAPPING:
            counts_at = max(now, since + LONG_FALL_S)
            self._at(counts_at, lambda when: self._count_long_fall(subject, since, when))

    def touched(self) -> list[Incident]:
        """Hand over, once, how each incident stands that has changed since, told or not."""
        touched = list(self._touched.values())
        self._touched.clear()
        return touched

    def _at(self, at: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (at, next(self._ticket), act))

    def _count_long_fall(self, subject: Subject, since: float, when: float) -> None:
        verdict = self._causes.get(subject)
        current = self.open.get(subject)
        if self._fallen.get(subject) != since or verdict is None or current is None:
            return
        if current.cause != verdict.cause:
            changed = current._replace(
                cause=verdict.cause, evidence=_joined(current.evidence, verdict.evidence)
            )
            self._replace(changed, "sharpened", when)

    def _reuse(self, subject: Subject, when: float) -> None:
        damping = self._damping.get(subject)
        is_faded = damping is None or damping.penalty(when) <= REUSE * _ROUNDING
        if subject in self.open and subject not in self._fallen and is_faded:
            self._close(subject, when)

    def _end_if(self, subject: Subject, token: int, when: float) -> None:
        if self._ends.get(subject) == token:
            self.end(subject, when)

    def _open(self, incident: Incident, at: float) -> None:
        self._keep(incident)
        self._tell(IncidentChanged(at, "opened", incident))

    def _close(self, subject: Subject, at: float) -> None:
        self._ends.pop(subject, None)
        incident = self.open[subject]._replace(closed_at=at)
        self._keep(incident)
        self._problems_of(subject).pop(subject.scope, None)
        self._tell(IncidentChanged(at, "closed", incident))

    def _replace(self, incident: Incident, change: IncidentChange, at: float) -> None:
        self._keep(incident)
        self._tell(IncidentChanged(at, change, incident))

    def _keep(self, incident: Incident) -> None:
        """Remember how an incident stands, and forget the oldest closed one of too many."""
        subject = incident.subject
        was = self._known.get(incident.number)
        if incident.closed_at is not None and (was is None or was.closed_at is None):
            self._closed.append(incident.number)
            if len(self._closed) > REMEMBERED:
                oldest = self._closed.popleft()
                del self._known[oldest]
                self._touched.pop(oldest, None)  # bounded where nobody writes it down
        self._known[incident.number] = self._touched[incident.number] = incident
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
        subject = incident.subject
        if subject.scope != "feed":  # a host has many feeds, and they have series of their own
            self._problems_of(subject)[subject.scope] = incident.cause

    def _problems_of(self, subject: Subject) -> dict[str, str]:
        host = self._fleet.find(subject.host) if subject.host else None
        if host is not None:
            return host.problems
        venue = self._fleet.venues.get(subject.venue)
        return {} if venue is None or subject.host else venue.problems


def _joined(before: tuple[Evidence, ...], after: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return what was seen before, and after it what is new; one silence is told once."""
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
