"""Lifecycle of incidents: when one is opened, gets a better cause, and is closed.

1. A fall is judged: an incident is opened, for each subject at most one.
2. More is known: it gets a more precise cause.
3. The subject rises, or the problem ends: it is closed.
4. A subject that falls again and again is damped (``verdicts/flapping.py``): its falls belong to
   one incident ``flapping``, of which only a fall that lasts over ``LONG_FALL_S`` is news.
5. A problem that is no fall (of a feed, a link, a clock) and comes again and again is damped
   likewise: it keeps its cause, and its incident stays open until the penalty has faded. So does a
   feed whose cause goes to and fro.

Times are monotonic seconds.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.incidents.store import IncidentStore
from aggregator.core.states import ALIVE
from aggregator.core.verdicts import flapping
from aggregator.core.verdicts.causes import Cause, Evidence, Verdict
from aggregator.core.verdicts.flapping import LEAST, REUSE, Damping

LONG_FALL_S = 60.0
"""A fall that lasts longer (s) always counts, damped or not."""

DAMPED_LEAST = 1_000
"""From how many subjects on, whose penalties are known, those that faded are looked for."""

_THAT_FALL = frozenset({"host", "venue", "check"})
_THAT_RETURN = frozenset({"feed", "source", "link", "clock", "bridge", "budget", "terms"})
DAMPED: Final = _THAT_FALL | _THAT_RETURN
"""The scopes of which falls add up."""

_WAVERING = frozenset({"feed"})  # scopes of which a problem may go from one cause to another
_OF_LIVING = frozenset({"link", "feed", "source", "check", "clock", "terms"})
_ROUNDING = 1.001


class _What(Enum):
    """What may be due of a subject."""

    LONG_FALL = auto()
    REUSE = auto()
    END = auto()


class _Due(NamedTuple):
    """``mark``: the fall, or the order to end, that it belongs to."""

    at: float
    ticket: int
    what: _What
    subject: Subject
    mark: float


class Incidents:
    """Decides when an incident begins, changes and ends.

    Attributes:
        open: by subject.
    """

    def __init__(self, fleet: Fleet, store: IncidentStore) -> None:
        self._fleet = fleet
        self._store = store
        self._damping: dict[Subject, Damping] = {}
        self._forget_from = DAMPED_LEAST
        self._fallen: dict[Subject, float] = {}
        self._causes: dict[Subject, Verdict] = {}
        self._unsettled: set[Subject] = set()
        self._due: list[_Due] = []
        self._ticket = 0
        self._ends: dict[Subject, int] = {}
        self.open = store.open

    def fall(
        self,
        subject: Subject,
        verdict: Verdict,
        at: float,
        *,
        since: float | None = None,
        silent_since: float | None = None,
        children: Sequence[str] = (),
    ) -> None:
        """Open an incident of a subject that has fallen, unless it flaps and has one.

        One that has not risen since its last fall gets a more precise cause. ``since``: when it
        became true, if that was before ``at``.
        """
        if subject in self._fallen and subject in self.open:
            self.sharpen(subject, verdict, at)
            return
        damping = self._damping_of(subject, at)
        penalty = damping.fall(at)
        self._fallen[subject] = at
        self._causes[subject] = verdict
        if subject in self.open:
            self._store.adopt(subject, children, falls=1)
            self._at(at + LONG_FALL_S, _What.LONG_FALL, subject, at)
            return
        falls = 1
        damped = flapping.judge(at, damping.falls, penalty)
        if damped is not None:
            cause = damped.cause if subject.scope in _THAT_FALL else verdict.cause
            verdict = Verdict(cause, damped.evidence + verdict.evidence)
            falls = damping.falls
            self._at(at + LONG_FALL_S, _What.LONG_FALL, subject, at)
        self._store.enter(
            subject,
            verdict,
            at,
            since=since,
            silent_since=silent_since,
            children=children,
            falls=falls,
        )

    def rise(self, subject: Subject, at: float) -> None:
        """End the incident of a subject that is back; if it flaps, when its penalty has faded."""
        is_news = self._fallen.pop(subject, None) is not None
        self._ends.pop(subject, None)
        self._causes.pop(subject, None)
        current = self.open.get(subject)
        if current is None:
            return
        damping = self._damping.get(subject)
        is_damped = current.cause is Cause.FLAPPING or current.falls > 1
        if is_damped and damping is not None and damping.penalty(at) > REUSE * _ROUNDING:
            if subject.scope in _THAT_FALL and current.cause is not Cause.FLAPPING:
                self._store.sharpen(subject, Verdict(Cause.FLAPPING), at)  # after a long fall
            if is_news or subject.scope in _THAT_FALL:
                self._at(damping.reuse_at(), _What.REUSE, subject)
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
        again: bool = False,
    ) -> None:
        """Open an incident of a problem that is no fall, or give it a more precise cause.

        ``since``: when it became true, if that was before ``at``. ``again``: it is the same one as
        the last of its subject, which was closed.
        """
        self._ends.pop(subject, None)
        if subject.scope in _THAT_RETURN:
            self.fall(subject, verdict, at, since=since, children=children)
            return
        if subject in self.open:
            self.sharpen(subject, verdict, at)
            return
        if not again or not self._store.reopen(subject, verdict, at):
            self._store.enter(subject, verdict, at, since=since, children=children)

    def end(self, subject: Subject, at: float) -> None:
        """Close the incident: the problem is over. One that has come often is damped."""
        if subject.scope in _THAT_RETURN:
            self.rise(subject, at)
        elif subject in self.open:
            self._close(subject, at)

    def end_at(self, subject: Subject, at: float) -> None:
        """Close it at ``at``, unless the problem begins again, or this is put off, before."""
        if subject in self.open:
            self._ticket += 1
            self._ends[subject] = self._ticket
            self._at(at, _What.END, subject, self._ticket)

    def stay(self, subject: Subject) -> None:
        """Let it end at no moment that is set: the problem goes on."""
        self._ends.pop(subject, None)

    def forget(self, subject: Subject, at: float) -> None:
        """End the incident of a subject that is not watched any more, and know nothing of it."""
        if subject in self.open:
            self._ends.pop(subject, None)
            self._store.remove(subject, at)
        for known in (self._fallen, self._causes, self._damping):
            known.pop(subject, None)
        self._unsettled.discard(subject)

    def subjects(self) -> set[Subject]:
        """Return every subject of which anything is known."""
        return {*self.open, *self._damping}

    def is_ending(self, subject: Subject) -> bool:
        """Tell whether a problem ends at a moment that is set."""
        return subject in self._ends

    def leave(self, host: Host, at: float) -> None:
        """End what was wrong with a host while it beat: it has sent a farewell."""
        for subject in [subject for subject in self.open if subject.host == host.name]:
            if subject.scope in _OF_LIVING:
                self.rise(subject, at)
        whole = self.open.get(Subject("link", host.venue))
        if whole is not None and host.name in whole.children:
            counts = self._fleet.venues[host.venue].counts
            if not any(counts[state] for state in ALIVE):
                self.rise(whole.subject, at)

    def sharpen(self, subject: Subject, verdict: Verdict, at: float) -> None:
        """Keep more evidence; report it, if the cause is another one."""
        current = self.open.get(subject)
        if current is None:
            return
        if subject in self._causes:
            self._causes[subject] = verdict
        is_told = current.cause in {Cause.FLAPPING, verdict.cause}
        if is_told or (subject.scope in _WAVERING and self._wavers(subject, at)):
            self._store.add_evidence(subject, verdict.evidence)
        else:
            self._store.sharpen(subject, verdict, at)

    def _wavers(self, subject: Subject, at: float) -> bool:
        """Note another cause of a problem; return whether that is no news, for now."""
        damping = self._damping_of(subject, at)
        if flapping.judge(at, damping.falls, damping.fall(at)) is None:
            return False
        if subject not in self._unsettled and subject in self._fallen:
            self._unsettled.add(subject)
            self._at(at + LONG_FALL_S, _What.LONG_FALL, subject, self._fallen[subject])
        return True

    def _damping_of(self, subject: Subject, at: float) -> Damping:
        """Return the penalty of a subject. When many are known, those that faded are forgotten."""
        damping = self._damping.get(subject)
        if damping is None:
            if len(self._damping) >= self._forget_from:
                self._damping = {
                    it: known
                    for it, known in self._damping.items()
                    if it in self._fallen or it in self.open or known.penalty(at) >= LEAST
                }
                self._forget_from = max(DAMPED_LEAST, 2 * len(self._damping))
            damping = self._damping[subject] = Damping()
        return damping

    def excuse_fall(self, subject: Subject, seen: Evidence, at: float) -> None:
        """Let the latest fall of a subject count for less, and keep what explains it."""
        fell_at = self._fallen.get(subject)
        if fell_at is not None and subject in self._damping:
            self._damping[subject].excuse(fell_at, at)
            self.note(subject, seen)

    def note(self, subject: Subject, seen: Evidence) -> None:
        """Keep more evidence with an open incident. Nothing is reported."""
        self._store.add_evidence(subject, (seen,))

    def fallen_at(self, subject: Subject) -> float:
        """Return when (s) a subject fell that has not risen since; INF if there is none."""
        return self._fallen.get(subject, INF)

    def is_fallen(self, subject: Subject) -> bool:
        """Tell whether a subject has fallen and not risen since."""
        return subject in self._fallen

    def adopt(self, subject: Subject, children: Iterable[str]) -> None:
        """Put more hosts behind a venue's incident. Nothing is reported."""
        self._store.adopt(subject, children)

    def next_deadline(self) -> float:
        """Return when (s) something becomes due here; INF for never."""
        return self._due[0].at if self._due else INF

    def advance(self, now: float) -> None:
        """Do what was due by ``now``."""
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            match due.what:
                case _What.LONG_FALL:
                    self._count_long_fall(due.subject, due.mark, due.at)
                case _What.REUSE:
                    self._reuse(due.subject, due.at)
                case _What.END:
                    if self._ends.get(due.subject) == due.mark:
                        self.end(due.subject, due.at)

    def restore(
        self,
        incidents: Iterable[Incident],
        *,
        next_number: int,
        reported: Mapping[int, int],
        now: float,
    ) -> None:
        """Take over the incidents of an earlier process, in the order in which they were opened.

        Open ones and closed. Nothing is reported; what their falls add up to is known again.
        """
        known = list(incidents)
        self._store.restore(known, next_number=next_number, reported=reported)
        for incident in known:
            is_dated = incident.closed_at is None or incident.closed_at > incident.opened_at
            if incident.subject.scope in _THAT_FALL | _THAT_RETURN and is_dated:
                damping = self._damping.setdefault(incident.subject, Damping())
                damping.recall(incident.falls, incident.opened_at)
        for subject, incident in self.open.items():
            if subject.scope in _THAT_RETURN:
                self._fallen[subject] = incident.opened_at
                self._causes[subject] = Verdict(incident.cause)
            if incident.cause is Cause.FLAPPING:
                damping = self._damping[subject]
                damping.hold(now)  # it may have fallen last just before
                self._at(damping.reuse_at(), _What.REUSE, subject)

    def restore_fall(self, subject: Subject, verdict: Verdict, since: float, now: float) -> None:
        """The subject of a restored incident is still down, since ``since``."""
        self._fallen[subject] = since
        self._causes[subject] = verdict
        if self.open[subject].cause is Cause.FLAPPING:
            counts_at = max(now, since + LONG_FALL_S)
            self._at(counts_at, _What.LONG_FALL, subject, since)

    def _at(self, at: float, what: _What, subject: Subject, mark: float = 0.0) -> None:
        self._ticket += 1
        heapq.heappush(self._due, _Due(at, self._ticket, what, subject, mark))

    def _count_long_fall(self, subject: Subject, since: float, when: float) -> None:
        verdict = self._causes.get(subject)
        current = self.open.get(subject)
        self._unsettled.discard(subject)
        if self._fallen.get(subject) != since or verdict is None or current is None:
            return
        if current.cause != verdict.cause:
            self._store.sharpen(subject, verdict, when)

    def _reuse(self, subject: Subject, when: float) -> None:
        damping = self._damping.get(subject)
        is_faded = damping is None or damping.penalty(when) <= REUSE * _ROUNDING
        if subject in self.open and subject not in self._fallen and is_faded:
            self._close(subject, when)

    def _close(self, subject: Subject, at: float) -> None:
        self._ends.pop(subject, None)
        self._fallen.pop(subject, None)
        self._causes.pop(subject, None)
        self._store.close(subject, at)
