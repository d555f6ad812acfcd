"""Keeps every host's deadline and state, from what was heard and when.

``hear_*`` takes in evidence, ``next_deadline`` says when to look again, ``advance`` looks, and
``events`` hands over what became true. Hearing a beat costs O(1) and looking O(due). How often
the shell looks changes no event: whatever was due before something is heard is decided first,
and stamped with its own deadline. What puts a deadline off though nobody was heard is in
``leniency.py``. What a silence means is not decided here: the ``judge`` is asked.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from aggregator.core.boots import Boots
from aggregator.core.deadlines import Deadlines
from aggregator.core.events import Event, HostChanged
from aggregator.core.evidence import Verdict, Wait
from aggregator.core.fleet import INF, Fleet, Host
from aggregator.core.leniency import Leniency, void_wills
from aggregator.core.margins import PATIENCE_S, will_hold
from aggregator.core.sessions import is_new_session, is_of_latest_session, proves_only_silence
from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.base.wire.messages import Beat, Birth, Death

AWAY_LIMIT_S = 900.0
"""How long (s) a host that said farewell may stay away before that is a problem."""

_UP = HostState.UP  # an enum's member costs a Python-level look-up each time (until 3.12)
_STEADY_BEATS = 3

_FALLEN = frozenset({HostState.DOWN, HostState.UNREACHABLE})


Judge: TypeAlias = Callable[[Host, Trigger, float], Verdict | Wait | None]
"""Asked what a host's silence means: it is down for a cause, wait, or None: dealt with already."""

Note: TypeAlias = Callable[[Host, HostChanged, Verdict | None], None]
"""Told of each change, in order of time, while it happens."""


_CAUSES = {
    Trigger.DEADLINE_PASSED: "silent",
    Trigger.GRACE_ENDED: "silent",
    Trigger.CONNECTION_LOST: "connection_lost",
    Trigger.AWAY_TOO_LONG: "did_not_return",
}


def judge_alone(_host: Host, trigger: Trigger, _at: float) -> Verdict:
    """Judge a host by what triggered it, without looking at anybody else."""
    return Verdict(_CAUSES[trigger])


class Detector:
    """The state of every host of a fleet. It starts blind, until ``subscribed``.

    Attributes:
        boots: which run of its agent each host is.
        leniency: puts deadlines off.
    """

    def __init__(
        self,
        fleet: Fleet,
        events: list[Event] | None = None,
        *,
        reconnect_max_s: float = RECONNECT_MAX_S,
        away_limit_s: float = AWAY_LIMIT_S,
        judge: Judge = judge_alone,
        note: Note | None = None,
    ) -> None:
        self._fleet = fleet
        self._judge = judge
        self._note = note
        self._away_limit_s = away_limit_s
        self._deadlines = Deadlines(fleet, self._pass_deadline)
        self._events: list[Event] = [] if events is None else events
        self.boots = Boots(self._deadlines, self._events)
        self.leniency = Leniency(fleet, self._deadlines, reconnect_max_s=reconnect_max_s)

    @property
    def is_settled(self) -> bool:
        """Whether we can hear, and every host's state is decided."""
        return not self._deadlines.is_blind and not any(
            venue.counts[HostState.UNKNOWN] for venue in self._fleet.venues.values()
        )

    def events(self) -> list[Event]:
        """Hand over, once, what became true since the last call, in order of time."""
        taken = self._events[:]
        self._events.clear()
        return taken

    @property
    def limit(self) -> float:
        """Nothing that is due at this time (monotonic s) or later is decided, whoever looks."""
        return self._deadlines.limit

    @limit.setter
    def limit(self, limit: float) -> None:
        self._deadlines.limit = limit

    def next_deadline(self) -> float | None:
        """Return when (monotonic s) the next decision may fall, or None if nothing is due."""
        return self._deadlines.next_at()

    def advance(self, now: float) -> None:
        """Decide everything that was due by ``now`` (and before ``limit``), in order of time."""
        self._deadlines.advance(now)

    def hear_beat(self, host: Host, beat: Beat, now: float, wall: float) -> bool:
        """Take in a live beat; return whether it is news (not a repeat, not overtaken)."""
        self._deadlines.advance(now)
        is_new_boot = beat.boot != host.boot
        if is_new_boot:
            self.boots.begin(host, beat, now)
        elif beat.seq > host.beat_seq:
            host.missed += beat.seq - host.beat_seq - 1
        else:
            return False
        gap_s = INF
        if host.evidence_at is not None and not is_new_boot:
            gap_s = now - host.evidence_at
            if host.state in ALIVE:
                host.lateness.observe(now - host.deadline + host.margin_s, host.margin_s)
        host.beat_seq = beat.seq
        host.session = beat.session
        host.evidence_at = now
        host.evidence_wall = wall
        host.deadline = now + host.allowance_s
        host.will_due = INF
        host.closed_at = None
        host.is_replaced = False
        if host.state is not _UP or is_new_boot:
            self._hear_again(host, gap_s, now)
            self._deadlines.queue(host)
        elif host.queued_at > host.deadline:  # it had been put off, and is not any more
            self._deadlines.queue(host)
        if host.birth is None or host.birth.boot != beat.boot:
            self.boots.ask_for_birth(host, now)
        return True

    def hear_birth(self, host: Host, birth: Birth, now: float, *, is_retained: bool) -> None:
        """Take in who a host says it is. A birth is knowledge, and never evidence of life.

        A live one shows that the session before it was replaced, and so voids that one's will.
        """
        self.advance(now)
        if not is_retained and is_new_session(host, birth):
            host.will_due = INF
            host.closed_at = None
            host.is_replaced = True
        is_news, host.birth = birth != host.birth, birth
        if birth.boot == host.boot:
            self.boots.take_announced(host, birth, now)
        elif host.state is HostState.UNKNOWN and is_news:
            host.deadline = max(host.deadline, now + birth.interval_s + host.margin_s)

    def hear_death(self, host: Host, death: Death, now: float, *, is_retained: bool) -> None:
        """Take in that a session ended. A will is held; a farewell is believed at once.

        Both only if they speak of the session that was last heard: a retained one, or one of an
        older session, is knowledge for the end of the grace at most. A bridge that reconnects
        says old ones again as if they were live: what is known already is no news.
        """
        self.advance(now)
        is_news = death != host.death or host.state is HostState.UNKNOWN
        host.death = death
        if is_retained or not is_news or not is_of_latest_session(host, death):
            return
        if death.reason == "farewell":
            self._leave(host, now)
        elif host.state in ALIVE and not proves_only_silence(host, now):
            host.closed_at = now
            if now < host.excused_until:
                host.deadline = max(host.deadline, now + self.leniency.grace_s(host))
            elif not self._deadlines.is_blind:
                host.will_due = now + will_hold(host.round_trip_s)
                self._deadlines.queue(host)

    def stalled(self, start: float, end: float) -> None:
        """Credit every deadline with the time (monotonic s) in which we ourselves did not run.

        ``start`` is when we last ran: what was due by then is decided, and nothing after it.

        Raises:
            ValueError: an end before its start.
        """
        if end < start:
            raise ValueError(f"a stall cannot end ({end}) before it starts ({start})")
        self.advance(start)
        self.leniency.credit(end - start)

    def blinded(self, now: float) -> None:
        """Our own connection ended: nobody's silence means anything, and held wills are void."""
        self.advance(now)
        self.go_blind(now)

    def go_blind(self, now: float) -> None:
        """As ``blinded``, while what is due at ``now`` is just being decided."""
        self._deadlines.is_blind = True
        void_wills(self._fleet)
        for host in self._fleet:
            host.was_up = host.counts_as_up
            self._change(host, Trigger.BLINDED, now)
        self._deadlines.queue_all()

    def subscribed(self, now: float) -> None:
        """We can hear (again): the grace begins in which the fleet may find its way back."""
        self.advance(now)
        self._deadlines.is_blind = False
        self.leniency.subscribed(now)

    def cut(self, hosts: Iterable[Host], verdict: Verdict, at: float) -> None:
        """Their venue is cut off: they are unknown themselves, and nothing is due of them."""
        for host in hosts:
            host.will_due = host.deadline = INF
            host.closed_at = None
            self._change(host, Trigger.VENUE_CUT, at, verdict)

    def place(self, host: Host, state: HostState, since: float, cause: str | None) -> None:
        """Put a host into the state in which an earlier process left it. No event comes of it."""
        counts = self._fleet.venues[host.venue].counts
        counts[host.state] -= 1
        counts[state] += 1
        host.state, host.since, host.cause = state, since, cause
        host.deadline = since + self._away_limit_s if state is HostState.AWAY else INF

    def _hear_again(self, host: Host, gap_s: float, now: float) -> None:
        if host.state not in _FALLEN:
            self._change(host, Trigger.BEAT, now)
            return
        interval_s = host.allowance_s - host.margin_s
        if gap_s > interval_s + PATIENCE_S:
            host.steady = 1
        elif gap_s >= interval_s / 2:  # a burst after a stall counts once
            host.steady += 1
        if host.steady >= _STEADY_BEATS:
            self._change(host, Trigger.STEADY, now)

    def _leave(self, host: Host, now: float) -> None:
        host.will_due = INF
        host.deadline = now + self._away_limit_s
        self._change(host, Trigger.FAREWELL, now)
        self._deadlines.queue(host)

    def _pass_deadline(self, host: Host, when: float) -> None:
        match host.state:
            case HostState.UP | HostState.LATE:
                if host.will_due <= when:
                    self._accuse(host, Trigger.CONNECTION_LOST, when)
                elif host.deadline <= when:
                    self._accuse(host, Trigger.DEADLINE_PASSED, when)
                else:
                    self._change(host, Trigger.PATIENCE_ENDED, when)
            case HostState.AWAY:
                self._accuse(host, Trigger.AWAY_TOO_LONG, when)
            case HostState.UNKNOWN | HostState.UNREACHABLE:
                self._end_grace(host, when)
            case _:
                raise AssertionError(f"nothing can be due of a host that is {host.state}")

    def _accuse(self, host: Host, trigger: Trigger, when: float) -> None:
        said = self._judge(host, trigger, when)
        if isinstance(said, Wait):
            host.held_until = said.until
        elif said is not None:
            self._change(host, trigger, when, said)

    def _end_grace(self, host: Host, when: float) -> None:
        if host.birth is None and host.evidence_at is None:
            self._change(host, Trigger.NEVER_HEARD, when)
        elif (
            host.death is not None
            and host.death.reason == "farewell"
            and is_of_latest_session(host, host.death)
        ):
            self._leave(host, when)
        else:
            self._accuse(host, Trigger.GRACE_ENDED, when)

    def _change(
        self, host: Host, trigger: Trigger, at: float, verdict: Verdict | None = None
    ) -> None:
        after = TRANSITIONS.get((host.state, trigger))
        if after is None:
            return
        counts = self._fleet.venues[host.venue].counts
        counts[host.state] -= 1
        counts[after] += 1
        change = HostChanged(
            at, host.venue, host.name, host.state, after, trigger, host.evidence_at
        )
        self._events.append(change)
        host.state = after
        host.since = at
        host.steady = 0
        host.cause = None if verdict is None else verdict.cause
        host.held_until = -INF
        if self._note is not None:
            self._note(host, change, verdict)
