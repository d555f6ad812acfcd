"""Credit: how much backlog the aggregators let this agent send.

An aggregator whose state says so grants bytes of backlog, in the agent's own count of what it has
published of its spool since its start. Of several the least grant counts. One that is gone has no
vote, one whose word stays away for too long allows one small batch a second. While no such
aggregator is there, nothing is limited here. Times are monotonic seconds.
"""

import math

from agent.spool.pace import LEAST_BYTES
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import CentreState, Grant

TRUSTED_S = 30.0
"""How long (s) a grant, or the wait for one, is good without another word."""

ASK_AGAIN_S = 10.0
"""After which time (s) without an answer it is asked again."""

RENEWED_S = 25.0
"""Within which time (s) a grant is said again where all is well; asked again beyond it."""

VOTES_S = 3.0
"""How long (s) without its tick an aggregator counts as there."""

BATCH_EVERY_S = 1.0
"""How long (s) after a batch the next one may go without a grant."""

VOTERS_MAX = 16
_CENTRE = topics.CENTRE_STATES.partition("+")[0]


class _Voter:
    """One aggregator. ``since``: when it gave its word last, or we began to wait for it."""

    __slots__ = ("asked_at", "is_answered", "since", "tick_at", "up_to")

    def __init__(self, now: float) -> None:
        self.tick_at = now
        self.begin(now)

    def begin(self, now: float) -> None:
        """Wait for its word from now on; what it has granted before is void."""
        self.up_to = 0
        self.is_answered = False
        self.asked_at = -math.inf
        self.since = now

    @property
    def ask_at(self) -> float:
        if self.is_answered:
            return max(self.asked_at, self.since) + RENEWED_S
        return self.asked_at + ASK_AGAIN_S


class Credit:
    """What boot ``boot`` may send. A wait goes from a question until all has been sent.

    Attributes:
        sent: bytes of its spool that this boot has published, before they were packed.
        is_waiting: whether the aggregators know that there is backlog.
    """

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._voters: dict[str, _Voter] = {}
        self._batch_at = -math.inf
        self.sent = 0
        self.is_waiting = False

    def begin_boot(self, boot: str) -> None:
        """Count for another boot, which has published nothing yet."""
        self._boot = boot
        self.sent = 0

    def session_ended(self) -> None:
        """Forget every aggregator, and what it has granted."""
        self._voters.clear()
        self.is_waiting = False

    def hear_state(self, of: str, state: CentreState, now: float) -> None:
        """Take in an aggregator's state: one that comes online knows nothing of us.

        ``of``: the beginning of its topics, with the last slash.
        """
        self._voters.pop(of, None)
        is_voter = state.state == "online" and state.credit
        if is_voter and len(self._voters) < VOTERS_MAX:
            self._voters[of] = _Voter(now)

    def hear_tick(self, of: str, now: float) -> None:
        """Note that the aggregator whose topics begin with ``of`` is there."""
        voter = self._voters.get(of)
        if voter is not None:
            if now - voter.tick_at > VOTES_S:
                voter.begin(now)  # it has been away, and may not know any more that we wait
            voter.tick_at = now

    def hear_grant(self, grant: Grant, now: float) -> None:
        """Take in a grant."""
        voter = self._voters.get(f"{_CENTRE}{grant.by}/")
        if voter is not None and grant.boot == self._boot and self.is_waiting:
            voter.up_to, voter.since, voter.is_answered = grant.up_to, now, True

    def begin(self, now: float) -> None:
        """Begin to wait, unless we wait already: there is backlog."""
        if not self.is_waiting:
            self.is_waiting = True
            for voter in self._voters.values():
                voter.begin(now)

    def room(self, now: float) -> float:
        """Return how many bytes the next batch may have; infinity where nobody limits it."""
        voters = self._present(now)
        return min((self._allowed(voter, now) for voter in voters), default=math.inf)

    def next_at(self, now: float) -> float:
        """Return when there may be room, or a question is due, if nothing is heard till then."""
        voters = self._present(now)
        room_at = max((self._room_at(voter, now) for voter in voters), default=now)
        return min(room_at, *(voter.ask_at for voter in voters)) if voters else room_at

    def is_question_due(self, now: float) -> bool:
        """Tell whether the aggregators are to be asked for a grant."""
        return self.is_waiting and any(voter.ask_at <= now for voter in self._present(now))

    def asked(self, now: float) -> None:
        """Note that the aggregators were asked."""
        for voter in self._voters.values():
            voter.asked_at = now

    def batch_sent(self, size: int, now: float) -> None:
        """Note a batch of ``size`` bytes."""
        self.sent += size
        self._batch_at = now

    def all_sent(self) -> None:
        """Note that the aggregators know that nothing waits; what is left of grants is void."""
        self.is_waiting = False

    def _present(self, now: float) -> list[_Voter]:
        return [voter for voter in self._voters.values() if now - voter.tick_at <= VOTES_S]

    def _allowed(self, voter: _Voter, now: float) -> int:
        if now < voter.since + TRUSTED_S:
            return max(0, voter.up_to - self.sent)
        return LEAST_BYTES if now >= self._batch_at + BATCH_EVERY_S else 0

    def _room_at(self, voter: _Voter, now: float) -> float:
        if self._allowed(voter, now):
            return now
        trusted_until = voter.since + TRUSTED_S
        return max(trusted_until, self._batch_at + BATCH_EVERY_S)
