"""Judging: what the end of a host's deadline means.

It asks ``verdicts`` in their order: nobody is heard (we are blind, or the broker is gone), most
venues were lost at one moment (the centre's side), most of its venue is silent (the venue is cut),
others hung up with it (wait, then all of them), two agents have its name (wait), or it is this host
alone, and why.

Times are monotonic seconds.
"""

from typing import Final, Literal, TypeAlias

from aggregator.core.expectation import Expectation
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.hearing import Hearing
from aggregator.core.host import INF, Host
from aggregator.core.incidents.record import Subject
from aggregator.core.losses import HUNG_UP, Loss, Losses
from aggregator.core.states import ALIVE, HostState, Trigger
from aggregator.core.verdicts import centre_side, hang_ups, silence, twins
from aggregator.core.verdicts import venue as venue_verdict
from aggregator.core.verdicts.causes import Cause, Excuse, Reason, Verdict
from aggregator.core.verdicts.centre_side import SideLoss
from aggregator.core.verdicts.hang_ups import Case, HangUps, HungUp
from aggregator.core.verdicts.silence import Inquiry
from aggregator.core.verdicts.venue import JITTER_S, VOTE_AGAIN_S, Cut, Votes

BLIND: Final = "blind"

Outcome: TypeAlias = Verdict | Excuse | Loss | Literal["blind"]
"""A verdict on a host, what puts it off, that many are lost, or that we hear nobody."""


class Judging:
    """Gives the verdicts on hosts whose deadline has passed.

    Attributes:
        hears_since: since when we hear; no silence before it counts.
    """

    def __init__(
        self,
        fleet: Fleet,
        expectation: Expectation,
        hearing: Hearing,
        losses: Losses,
        hung_up: HangUps,
    ) -> None:
        self._fleet = fleet
        self._expectation = expectation
        self._hearing = hearing
        self._losses = losses
        self._hang_ups = hung_up
        self.hears_since = -INF

    def judge(self, host: Host, end: Trigger, at: float) -> Outcome:
        """Return what it means that ``end`` came for a host at ``at``."""
        is_venue_cut = self._losses.is_cut(host.venue)
        if end is Trigger.AWAY_TOO_LONG:
            if is_venue_cut:  # it cannot return
                return Excuse(Reason.CUT, at, at + self._expectation.grace_s(host))
            return silence.judge_absence(host, at)
        excuse = self._excuse_of(host, end, at)
        if excuse is not None:
            return excuse
        if end is Trigger.CONNECTION_LOST:  # that others are heard says nothing about it
            return self.verdict_on(host, at, others_heard=0)
        venue, since = self._fleet.venues[host.venue], self._due_since(host)
        votes = venue_verdict.votes_at(venue, host, since=since, at=at)
        loss = self._loss_of(venue, votes, since, at, is_known=is_venue_cut)
        if loss is not None:
            return loss
        if venue_verdict.is_doubtful(votes):
            return Excuse(Reason.VOTES, at, at + VOTE_AGAIN_S)
        return self.verdict_on(host, at, others_heard=len(votes.heard))

    def _excuse_of(self, host: Host, end: Trigger, at: float) -> Excuse | None:
        """Return what puts a verdict off before anything else is looked at."""
        case = self._hang_ups.case_of(host)
        if case is not None and not hang_ups.is_lost(host):  # it was back
            case = None
        if case is None and end is Trigger.DEADLINE_PASSED:  # it may be lost with them
            case = self._hang_ups.case_beside(host)
        if case is not None and at < case.until:
            return Excuse(Reason.HUNG_UP, at, case.until)
        back_by = host.deadline + self._expectation.grace_s(host)
        is_waiting = end is not Trigger.CONNECTION_LOST and at < back_by
        if is_waiting and twins.is_contested(host):
            return Excuse(Reason.TWIN, at, back_by)
        return None

    def _loss_of(
        self, venue: Venue, votes: Votes, since: float, at: float, *, is_known: bool
    ) -> Loss | Literal["blind"] | None:
        """Return what is lost beside the silent host; None if it is silent alone."""
        elsewhere = venue_verdict.elsewhere_at(self._fleet, venue, since=since, at=at)
        if venue_verdict.is_everybody_silent(votes, elsewhere):
            heard_at = centre_side.last_heard(votes.silent[:1])
            self._hearing.go_blind(max(heard_at, self.hears_since), "fleet", at)
            return BLIND
        if not votes.heard and not is_known:
            loss = centre_side.find(self._fleet, votes, at, is_cut=self._losses.is_cut)
            if loss is not None:
                return loss
        if venue_verdict.is_cut(venue, votes, is_known=is_known):
            return Cut(venue, votes, venue_verdict.verdict_on(venue, votes, elsewhere, at))
        return None

    def judge_case(self, case: Case, at: float) -> list[Loss | Literal["blind"]]:
        """Return what is lost of hosts that hung up together, now that their window is over.

        A single one that is not back is judged by itself.
        """
        lost = case.lost()
        if not lost:
            return []
        waiting, since = self._hang_ups.waiting, case.since
        if hang_ups.is_nobody_left(self._fleet, lost, at, since=since, waiting=waiting):
            heard_at = centre_side.last_heard(lost)
            self._hearing.go_blind(max(heard_at, self.hears_since), "fleet", at)
            return [BLIND]
        verdict = Verdict(Cause.VENUE_UNREACHABLE, hang_ups.evidence_of(case, lost))
        whole, rest = [], []
        for code, hosts in hang_ups.by_venue(lost).items():
            venue = self._fleet.venues[code]
            silent = hang_ups.silent_if_whole(venue, hosts, at, since=since)
            if silent:
                whole.append(Cut(venue, Votes(silent, (), 0), verdict))
            else:
                rest += hosts
        found: list[Loss | Literal["blind"]] = []
        loss = self._lost_side(whole, at)
        if loss is not None:
            found.append(loss)
        elif len(whole) == 1 and not rest and len(lost) > 1:
            return [whole[0]]
        else:
            rest = lost
        venues = {host.venue for host in rest}
        if len(rest) > 1:
            subject = Subject("venue", *venues) if len(venues) == 1 else HUNG_UP
            found.append(HungUp(subject, tuple(rest), hang_ups.verdict_on(case, rest)))
        return found

    def _lost_side(self, whole: list[Cut], at: float) -> SideLoss | None:
        were_up = sum(
            any(host.is_listed and host.state in ALIVE for host in venue.hosts.values())
            for venue in self._fleet.venues.values()
        )
        if not centre_side.is_of_centre(len(whole), were_up):
            return None
        return centre_side.side_loss(whole, were_up, at)

    def verdict_on(
        self, host: Host, at: float, *, others_heard: int, inquiry: Inquiry | None = None
    ) -> Verdict:
        """Return the verdict on one host alone, by what its neighbours answered so far."""
        excuses = self._expectation.excuses_of(host, at)
        return silence.judge(
            host, at, others_heard=others_heard, inquiry=inquiry or Inquiry(), excuses=excuses
        )

    def verdict_after(self, inquiry: Inquiry, host: Host, at: float) -> Verdict:
        """Return the verdict on a host that is down, by what its neighbours have answered."""
        others = self._fleet.venues[host.venue].hosts.values()
        heard = sum(other.is_listed and other.state is HostState.UP for other in others)
        verdict = self.verdict_on(host, at, others_heard=heard, inquiry=inquiry)
        return verdict if host.cause is None else silence.more_precise(host.cause, verdict)

    def _due_since(self, host: Host) -> float:
        """Return since when (s) a host is waited for; not alive, it has its grace first."""
        if host.state in ALIVE:
            return host.expected_at
        return host.deadline - self._expectation.grace_s(host) - 2 * JITTER_S
