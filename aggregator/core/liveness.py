"""Liveness: the state of every host, from what was received and when.

A beat, a birth or a death changes a host here, and what is due of it is judged here as far as it
alone is concerned. Each method returns the change that it made; what a silence means, and what
follows from a change, is decided by the caller (``decisions.py``). Times are monotonic seconds.
"""

from collections.abc import Iterable, Iterator

from aggregator.core import identity, reconnecting
from aggregator.core.budget import beat_cost_s
from aggregator.core.expectation import Expectation, will_hold
from aggregator.core.fleet import Fleet
from aggregator.core.host import INF, Host
from aggregator.core.margins import ON_TIME_S, PATIENCE_S
from aggregator.core.outputs import HostChanged
from aggregator.core.slices import HOSTS_AT_ONCE
from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger
from aggregator.core.verdicts.causes import Cause, Verdict
from venuewatch.base.wire.messages import Beat, Birth, Death

AWAY_LIMIT_S = 900.0
"""How long (s) a host that sent a farewell may stay away before that is a problem."""

REQUIRED_BACK_S = 15.0
"""And how long (s) one that is required may, or half of that: an agent is restarted within it."""

_UP = HostState.UP  # an enum's member costs a Python-level look-up each time (until 3.12)
_STEADY_BEATS = 3

_FALLEN = frozenset({HostState.DOWN, HostState.UNREACHABLE})


class Liveness:
    """The state of every host of a fleet."""

    def __init__(self, fleet: Fleet, expectation: Expectation, *, away_limit_s: float) -> None:
        self._fleet = fleet
        self._expectation = expectation
        self._deadlines = expectation.deadlines
        self._away_limit_s = away_limit_s

    def receive_beat(
        self, host: Host, beat: Beat, now: float, wall: float, is_new_boot: bool
    ) -> HostChanged | bool:
        """Take in a live beat; return the change that it made, or whether it is news.

        A repeat, and a beat that was overtaken, are no news.
        """
        if not is_new_boot:
            if beat.seq <= host.beat_seq:
                return False
            host.missed += beat.seq - host.beat_seq - 1
        gap_s = INF
        if host.evidence_at is not None and not is_new_boot:
            gap_s = now - host.evidence_at
            if host.state in ALIVE:
                late_s = now - host.deadline + host.margin_s
                if late_s <= ON_TIME_S:  # nearly all: a call would cost more than the counting
                    host.lateness.counts[0] += 1
                elif not beat.late_ms:  # else it is the agent's own, and not its line's
                    host.lateness.observe(late_s, host.margin_s)
        if is_new_boot or beat.session != host.session:
            reconnecting.hear_session(host, beat.boot, beat.session, now)
        host.beat_seq = beat.seq
        host.session = beat.session
        host.evidence_at = self._fleet.heard_at = now
        host.evidence_wall = wall
        host.deadline = now + host.allowance_s
        host.will_due = INF
        host.closed_at = None
        host.is_replaced = False
        if host.state is _UP and not is_new_boot:
            return True
        change = self._rise(host, gap_s, now)
        self._deadlines.queue(host)
        return True if change is None else change

    def receive_birth(self, host: Host, birth: Birth, now: float, *, is_retained: bool) -> None:
        """Take in what a host announces. A birth is knowledge, and never evidence of life.

        A live one shows that the session before it was replaced, and so voids that one's will.
        """
        reconnecting.hear_session(host, birth.boot, birth.session, now)
        if not is_retained and identity.is_new_session(host, birth):
            if host.closed_at is not None:
                self._expectation.end_hung_up(host, now, within_s=host.margin_s)
            host.will_due = INF
            host.closed_at = None
            host.is_replaced = True
            host.session_began_at = now
            host.echoes.unechoed = 0  # in this session it may have heard no tick yet
            if host.is_required and host.state is HostState.AWAY:
                host.deadline = max(host.deadline, now + self._back_within_s(host))
        is_news, host.birth = birth != host.birth, birth
        host.is_introduced = birth.boot == host.boot
        host.beat_cost_s = beat_cost_s(birth.interval_s)
        host.exceeds_reconnect_limit = self._expectation.is_over_limit(host)
        if host.is_introduced:
            margin_s = host.margin_announced_by(birth)
            self._expectation.expect(host, birth.interval_s, margin_s, now)
        if host.state is HostState.UNKNOWN and is_news:
            self._expectation.await_announced(host, now)

    def receive_death(
        self, host: Host, death: Death, now: float, *, is_retained: bool
    ) -> HostChanged | None:
        """Take in that a session ended. A will is held; a farewell is believed at once.

        Both only if they are of the session that was last heard: a retained one, or one of an
        older session, is knowledge for the end of the grace at most. A bridge that reconnects
        repeats old ones as if they were live: what is known already is no news.
        """
        is_news = death != host.death or host.state is HostState.UNKNOWN
        host.death = death
        if is_retained or not is_news or not identity.is_of_latest_session(host, death):
            return None
        if death.reason == "farewell":
            reconnecting.hear_farewell(host)
            return self._leave(host, now)
        is_silence = identity.proves_only_silence(host, now)
        reconnecting.hear_will(host, now, proves_only_silence=is_silence)
        if host.state in ALIVE and not is_silence:
            host.closed_at = now
            if self._expectation.excuses_will(host, now):
                self._expectation.await_return(host, now)
            elif not self._deadlines.is_blind:
                host.will_due = now + will_hold(host.round_trip_s)
                self._deadlines.queue(host)
        return None

    def blind(self, now: float) -> Iterator[tuple[Host, HostChanged] | None]:
        """Make every host unknown, one after the other: nobody's silence means anything.

        None is yielded where a few hosts are passed that do not change.
        """
        self._expectation.suspend(now)
        for number, host in enumerate(self._fleet, 1):
            if number % HOSTS_AT_ONCE == 0:
                yield None
            host.was_up = host.counts_as_up
            if (host.state, Trigger.BLINDED) in TRANSITIONS:
                yield host, self.change(host, Trigger.BLINDED, now)
        self._expectation.requeue()

    def cut(
        self,
        hosts: Iterable[Host],
        verdict: Verdict,
        at: float,
        trigger: Trigger = Trigger.VENUE_CUT,
    ) -> Iterator[tuple[Host, HostChanged]]:
        """Make hosts that are lost together unreachable, one after the other.

        That they hung up stays evidence, but not in a cut, where nobody could hear it.
        """
        for host in hosts:
            host.will_due = host.deadline = INF
            if trigger is Trigger.VENUE_CUT:
                host.closed_at = None
            if (host.state, trigger) in TRANSITIONS:
                yield host, self.change(host, trigger, at, verdict)
            elif host.state is HostState.UNREACHABLE:
                host.cause = verdict.cause

    def place(self, host: Host, state: HostState, since: float, cause: Cause | None) -> None:
        """Put a host into the state in which an earlier process left it, without a change."""
        counts = self._fleet.venues[host.venue].counts
        counts[host.state] -= 1
        counts[state] += 1
        host.state, host.since, host.cause = state, since, cause
        host.deadline = INF
        if state is HostState.AWAY:
            host.deadline = since + self._back_within_s(host)
        elif cause is Cause.LEFT_WHILE_REQUIRED:
            host.deadline = since + self._away_limit_s - self._back_within_s(host)

    def pass_deadline(self, host: Host, when: float) -> Trigger | HostChanged | None:
        """Return what has come to an end for ``host`` at ``when`` and is to be judged.

        Where nothing has to be judged the change is made, and returned.
        """
        match host.state:
            case HostState.UP | HostState.LATE:
                if host.will_due <= when:
                    return Trigger.CONNECTION_LOST
                if host.deadline <= when:
                    return Trigger.DEADLINE_PASSED
                return self.change(host, Trigger.PATIENCE_ENDED, when)
            case HostState.AWAY | HostState.DOWN:  # down, as one that is required and has left
                return Trigger.AWAY_TOO_LONG
            case HostState.UNKNOWN | HostState.UNREACHABLE:
                return self._end_grace(host, when)
            case _:
                raise AssertionError(f"nothing can be due of a host that is {host.state}")

    def change(
        self, host: Host, trigger: Trigger, at: float, verdict: Verdict | None = None
    ) -> HostChanged:
        """Change a host's state along the table, and return the change.

        Raises:
            KeyError: the table has no such transition.
        """
        after = TRANSITIONS[host.state, trigger]
        counts = self._fleet.venues[host.venue].counts
        counts[host.state] -= 1
        counts[after] += 1
        before, host.state = host.state, after
        host.since = at
        host.steady = 0
        host.cause = None if verdict is None else verdict.cause
        host.put_off_until = -INF
        if trigger is Trigger.AWAY_TOO_LONG:
            host.deadline = at + self._away_limit_s - self._back_within_s(host)
        return HostChanged(at, host.venue, host.name, before, after, trigger, host.evidence_at)

    def _rise(self, host: Host, gap_s: float, now: float) -> HostChanged | None:
        if host.state is _UP:  # another boot of a host that is up
            return None
        if host.state not in _FALLEN:
            return self.change(host, Trigger.BEAT, now)
        interval_s = host.allowance_s - host.margin_s
        if gap_s > interval_s + PATIENCE_S:
            host.steady = 1
        elif gap_s >= interval_s / 2:  # a burst after a stall counts once
            host.steady += 1
        return self.change(host, Trigger.STEADY, now) if host.steady >= _STEADY_BEATS else None

    def _leave(self, host: Host, now: float) -> HostChanged | None:
        host.will_due = INF
        host.deadline = now + self._back_within_s(host)
        is_change = (host.state, Trigger.FAREWELL) in TRANSITIONS
        change = self.change(host, Trigger.FAREWELL, now) if is_change else None
        self._deadlines.queue(host)
        return change

    def revoke(self, host: Host, now: float) -> HostChanged | None:
        """Expect nothing of a host any more: it may say nothing, until the inventory says else."""
        host.will_due = host.deadline = INF
        host.closed_at = None
        is_change = (host.state, Trigger.REVOKED) in TRANSITIONS
        change = self.change(host, Trigger.REVOKED, now) if is_change else None
        self._deadlines.queue(host)
        return change

    def admit_again(self, host: Host, now: float) -> None:
        """Expect a host that was revoked until now as if it had sent a farewell just now."""
        host.since = now
        self.expect_return(host, now)
        self._deadlines.queue(host)

    def expect_return(self, host: Host, now: float) -> None:
        """Expect a host that sent a farewell by what the inventory says now."""
        if host.state is HostState.AWAY:
            host.deadline = max(now, host.since + self._back_within_s(host))

    def _back_within_s(self, host: Host) -> float:
        """Return for how long (s) a host may be away.

        One that nobody listed need not come back, and one that is revoked can not.
        """
        if not host.is_listed or host.is_revoked:
            return INF
        limit_s = self._away_limit_s
        return min(REQUIRED_BACK_S, limit_s / 2) if host.is_required else limit_s

    def _end_grace(self, host: Host, when: float) -> Trigger | HostChanged | None:
        is_known = host.birth is not None or host.evidence_at is not None
        if host.state is HostState.UNKNOWN and not is_known:
            return self.change(host, Trigger.NEVER_HEARD, when)
        if (
            host.death is not None
            and host.death.reason == "farewell"
            and identity.is_of_latest_session(host, host.death)
        ):
            return self._leave(host, when)
        return Trigger.GRACE_ENDED
