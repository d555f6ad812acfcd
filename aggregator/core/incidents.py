"""Folds verdicts into incidents: per subject at most one is open, told once.

An incident is opened when its fall is judged, may get a sharper cause, and is closed when its
subject has risen. A subject that falls again and again is damped (``damping.py``): its falls then
belong to one incident ``flapping``, of which only a fall that lasts over ``LONG_FALL_S`` is news.
Times are monotonic seconds.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from aggregator.core.cases import Falls
from aggregator.core.damping import REUSE, Damping
from aggregator.core.diagnosis import diagnose
from aggregator.core.events import Incident, Subject
from aggregator.core.evidence import Verdict
from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.register import Register
from aggregator.core.rules.flapping import CAUSE as FLAPPING
from aggregator.core.states import ALIVE

LONG_FALL_S = 60.0
"""A fall that lasts longer (s) always counts, damped or not."""

_THAT_FALL = frozenset({"host", "venue"})
_OF_LIVING = frozenset({"link", "feed", "clock"})
_ROUNDING = 1.001


class Incidents:
    """Decides when an incident begins, changes and ends.

    Attributes:
        open: by subject.
    """

    def __init__(self, fleet: Fleet, register: Register) -> None:
        self._fleet = fleet
        self._register = register
        self._damping: dict[Subject, Damping] = {}
        self._fallen: dict[Subject, float] = {}
        self._causes: dict[Subject, Verdict] = {}
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._ticket = count()
        self._ends: dict[Subject, int] = {}
        self.open = register.open

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
        damping = self._damping.setdefault(subject, Damping())
        penalty = damping.fall(at)
        self._fallen[subject] = at
        self._causes[subject] = verdict
        if subject in self.open:
            self._register.adopt(subject, children, falls=1)
            self._at(at + LONG_FALL_S, lambda when: self._count_long_fall(subject, at, when))
            return
        falls = 1
        damped = diagnose(Falls(at, subject.venue, subject.host, damping.falls, penalty))
        if isinstance(damped, Verdict):
            verdict = Verdict(damped.cause, damped.evidence + verdict.evidence)
            falls = damping.falls
            self._at(at + LONG_FALL_S, lambda when: self._count_long_fall(subject, at, when))
        self._register.enter(
            subject, verdict, at, silent_since=silent_since, children=children, falls=falls
        )

    def rise(self, subject: Subject, at: float) -> None:
        """It is back: the incident ends, or if it flaps, when its penalty has faded."""
        self._fallen.pop(subject, None)
        self._causes.pop(subject, None)
        current = self.open.get(subject)
        if current is None:
            return
        damping = self._damping.get(subject)
        is_damped = current.cause == FLAPPING or current.falls > 1
        if is_damped and damping is not None and damping.penalty(at) > REUSE * _ROUNDING:
            if current.cause != FLAPPING:  # a long fall gave it its own cause, which is over
                self._register.sharpen(subject, Verdict(FLAPPING), at)
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
        self._register.enter(subject, verdict, at, since=since, children=children)

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
        if current.cause in {FLAPPING, verdict.cause}:
            self._register.add_evidence(subject, verdict.evidence)
        else:
            self._register.sharpen(subject, verdict, at)

    def is_fallen(self, subject: Subject) -> bool:
        """Tell whether a subject has fallen and not risen since."""
        return subject in self._fallen

    def adopt(self, subject: Subject, children: Iterable[str]) -> None:
        """More hosts are behind a venue's incident; their own ones end in it, untold."""
        self._register.adopt(subject, children)

    def next_deadline(self) -> float:
        """Return when (s) something becomes due here; INF for never."""
        return self._due[0][0] if self._due else INF

    def advance(self, now: float) -> None:
        """Do what was due by ``now``."""
        while self._due and self._due[0][0] <= now:
            when, _, act = heapq.heappop(self._due)
            act(when)

    def restore(self, incidents: Iterable[Incident], *, next_number: int, now: float) -> None:
        """Take over the incidents of an earlier process, in the order in which they were opened.

        Open ones and closed. Nothing is told; what their falls add up to is known again.
        """
        known = list(incidents)
        self._register.restore(known, next_number=next_number)
        for incident in known:
            is_dated = incident.closed_at is None or incident.closed_at > incident.opened_at
            if incident.subject.scope in _THAT_FALL and is_dated:
                damping = self._damping.setdefault(incident.subject, Damping())
                damping.recall(incident.falls, incident.opened_at)
        for subject, incident in self.open.items():
            if incident.cause == FLAPPING:
                damping = self._damping[subject]
                damping.hold(now)  # it may have fallen last just before
                self._at(damping.reuse_at(), lambda when, of=subject: self._reuse(of, when))  # type: ignore[misc]

    def hold(self, subject: Subject, verdict: Verdict, since: float, now: float) -> None:
        """The subject of a restored incident is still down, since ``since``."""
        self._fallen[subject] = since
        self._causes[subject] = verdict
        if self.open[subject].cause == FLAPPING:
            counts_at = max(now, since + LONG_FALL_S)
            self._at(counts_at, lambda when: self._count_long_fall(subject, since, when))

    def _at(self, at: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._due, (at, next(self._ticket), act))

    def _count_long_fall(self, subject: Subject, since: float, when: float) -> None:
        verdict = self._causes.get(subject)
        current = self.open.get(subject)
        if self._fallen.get(subject) != since or verdict is None or current is None:
            return
        if current.cause != verdict.cause:
            self._register.sharpen(subject, verdict, when)

    def _reuse(self, subject: Subject, when: float) -> None:
        damping = self._damping.get(subject)
        is_faded = damping is None or damping.penalty(when) <= REUSE * _ROUNDING
        if subject in self.open and subject not in self._fallen and is_faded:
            self._close(subject, when)

    def _end_if(self, subject: Subject, token: int, when: float) -> None:
        if self._ends.get(subject) == token:
            self.end(subject, when)

    def _close(self, subject: Subject, at: float) -> None:
        self._ends.pop(subject, None)
        self._register.close(subject, at)
