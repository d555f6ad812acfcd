"""Judging: what the end of a host's deadline means.

It asks ``verdicts`` in their order: nobody is heard (we are blind), most of its venue is silent
(the venue is cut), two agents have its name (wait), or it is this host alone, and why.

Times are monotonic seconds.
"""

from typing import Final, Literal, TypeAlias

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Fleet
from aggregator.core.hearing import Hearing
from aggregator.core.host import INF, Host
from aggregator.core.incidents.lifecycle import Incidents
from aggregator.core.incidents.record import Subject
from aggregator.core.states import ALIVE, Trigger
from aggregator.core.verdicts import silence, twins
from aggregator.core.verdicts import venue as venue_verdict
from aggregator.core.verdicts.causes import Excuse, Reason, Verdict
from aggregator.core.verdicts.silence import Inquiry
from aggregator.core.verdicts.venue import JITTER_S, VOTE_AGAIN_S, Cut

BLIND: Final = "blind"

Outcome: TypeAlias = Verdict | Excuse | Cut | Literal["blind"]
"""A verdict on a host, what puts it off, that its venue is cut off, or that we hear nobody."""


class Judging:
    """Gives the verdicts on hosts whose deadline has passed.

    Attributes:
        hears_since: since when we hear; no silence before it counts.
    """

    def __init__(
        self, fleet: Fleet, incidents: Incidents, expectation: Expectation, hearing: Hearing
    ) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._expectation = expectation
        self._hearing = hearing
        self.hears_since = -INF

    def judge(self, host: Host, end: Trigger, at: float) -> Outcome:
        """Return what it means that ``end`` came for a host at ``at``."""
        is_venue_cut = self._incidents.is_fallen(Subject("venue", host.venue))
        if end is Trigger.AWAY_TOO_LONG:
            if is_venue_cut:  # it cannot return
                return Excuse(Reason.CUT, at, at + self._expectation.grace_s(host))
            return silence.judge_absence(host, at)
        if end is Trigger.CONNECTION_LOST:  # that others are heard says nothing about it
            return self.verdict_on(host, at, others_heard=0)
        back_by = host.deadline + self._expectation.grace_s(host)
        if twins.is_contested(host) and at < back_by:
            return Excuse(Reason.TWIN, at, back_by)
        venue, since = self._fleet.venues[host.venue], self._due_since(host)
        votes = venue_verdict.votes_at(venue, host, since=since, at=at)
        elsewhere = venue_verdict.elsewhere_at(self._fleet, venue, since=since, at=at)
        if venue_verdict.is_everybody_silent(votes, elsewhere):
            heard_at = -INF if host.evidence_at is None else host.evidence_at
            self._hearing.go_blind(max(heard_at, self.hears_since), "fleet", at)
            return BLIND
        if venue_verdict.is_cut(venue, votes, is_known=is_venue_cut):
            return Cut(venue, votes, venue_verdict.verdict_on(venue, votes, elsewhere, at))
        if venue_verdict.is_doubtful(votes):
            return Excuse(Reason.VOTES, at, at + VOTE_AGAIN_S)
        return self.verdict_on(host, at, others_heard=len(votes.heard))

    def verdict_on(
        self, host: Host, at: float, *, others_heard: int, inquiry: Inquiry | None = None
    ) -> Verdict:
        """Return the verdict on one host alone, by what its neighbours answered so far."""
        excuses = self._expectation.excuses_of(host, at)
        return silence.judge(
            host, at, others_heard=others_heard, inquiry=inquiry or Inquiry(), excuses=excuses
        )

    def _due_since(self, host: Host) -> float:
        """Return since when (s) a host is waited for; not alive, it has its grace first."""
        if host.state in ALIVE:
            return host.expected_at
        return host.deadline - self._expectation.grace_s(host) - 2 * JITTER_S
