"""Verdict on hosts that send more than they may, and the evidence of the loudest ones.

A host is over its budget (``budget.py``) when something of it was refused for ten seconds. That
says nothing of its life: it is heard, and judged by its beats as ever. The loudest hosts are
evidence where the aggregator itself cannot hear: they may be why. Times are monotonic seconds.
"""

from aggregator.core.budget import Budget, Loud, Over
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.verdicts.causes import CENTRE, Cause, Evidence, Scalar, Verdict


class Loudness:
    """Begins and ends the incidents of budgets."""

    def __init__(self, budget: Budget, incidents: Incidents) -> None:
        self._budget = budget
        self._incidents = incidents

    def advance(self, now: float) -> None:
        """Tell of the hosts that are over their budget, or not any more, since the last call."""
        for over in self._budget.take_due(now):
            subject = Subject("budget", over.host.venue, over.host.name)
            if over.host.name in self._budget.over:
                self._incidents.begin(subject, judge(over, now), now, since=over.since)
            else:
                self._incidents.end(subject, now)

    def beside(self, verdict: Verdict, at: float) -> Verdict:
        """Return a verdict on the centre with who sends most, the loudest first."""
        loud = tuple(_seen(one, at) for one in self._budget.loudest())
        return Verdict(verdict.cause, verdict.evidence + loud)

    def follow(self, centre: Subject, at: float, *, is_over: bool) -> None:
        """Name in an open incident of the centre those whose flood is read by now; end it if over.

        Only hosts of which something was refused: backlogs follow our silence, and are as granted.
        """
        evidence = self._incidents.open[centre].evidence
        named = {seen.by for seen in evidence if seen.seen == "loud"}
        for one in self._budget.loudest():
            if one.refused and one.host not in named:
                self._incidents.note(centre, _seen(one, at))
        if is_over:
            self._incidents.end(centre, at)


def _seen(one: Loud, at: float) -> Evidence:
    figures: dict[str, Scalar] = {
        "messages_refused": one.refused,
        "bytes_refused": one.refused_bytes,
        "bytes_taken": one.taken_bytes,
    }
    return Evidence(at, one.host, "loud", figures)


def judge(over: Over, at: float) -> Verdict:
    """Return that a host is over its budget, with what was refused of it, by stream."""
    detail: dict[str, Scalar] = {
        f"{what}_refused": count for what, count in sorted(over.refused.items())
    }
    detail["bytes_refused"] = over.bytes
    detail["for_s"] = round(at - over.since, 3)
    return Verdict(Cause.OVER_BUDGET, (Evidence(at, CENTRE, "budget", detail),))
