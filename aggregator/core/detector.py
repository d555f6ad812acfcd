"""Decides what state every host is in, from what was heard and when.

``hear_*`` takes in evidence, ``next_deadline`` says when to look again, ``advance`` looks, and
``events`` hands over what became true. Hearing a beat costs O(1) and looking O(due). How often
the shell looks changes no event: whatever was due before something is heard is decided first,
and stamped with its own deadline. Only a lag that the shell reports (``stalled``) or a lost
broker connection (``blinded``) ever moves a deadline.
"""

import heapq
from itertools import count

from aggregator.core.events import BirthWanted, Event, HostChanged
from aggregator.core.fleet import INF, UNANNOUNCED_INTERVAL_S, Fleet, Host
from aggregator.core.margins import PATIENCE_S, will_hold
from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger
from venuewatch.wire.messages import Beat, Birth, Death
from venuewatch.wire.reconnect import RECONNECT_MAX_S

AWAY_LIMIT_S = 900.0
"""How long (s) a host that said farewell may stay away before that is a problem."""

_UP = HostState.UP  # an enum's member costs a Python-level look-up each time (until 3.12)
_STEADY_BEATS = 3
_BIRTH_ASK_EVERY_S = 5.0
_GRACE_EXTRA_S = 5.0

_FALLEN = frozenset({HostState.DOWN, HostState.UNREACHABLE})

_CAUSES = {
    Trigger.DEADLINE_PASSED: "silent",
    Trigger.GRACE_ENDED: "silent",
    Trigger.CONNECTION_LOST: "connection_lost",
    Trigger.AWAY_TOO_LONG: "did_not_return",
    Trigger.VENUE_CUT: "venue_unreachable",
}


class Detector:
    """The verdict on every host of a fleet. It starts blind, until ``subscribed``."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        reconnect_max_s: float = RECONNECT_MAX_S,
        away_limit_s: float = AWAY_LIMIT_S,
    ) -> None:
        self._fleet = fleet
        self._grace_s = reconnect_max_s + _GRACE_EXTRA_S
        self._away_limit_s = away_limit_s
        self._is_blind = True
        self._due: list[tuple[float, int, Host]] = []
        self._ticket = count()
        self._events: list[Event] = []

    @property
    def is_settled(self) -> bool:
        """Whether we can hear, and every host's state is decided."""
        return not self._is_blind and not any(
            venue.counts[HostState.UNKNOWN] for venue in self._fleet.venues.values()
        )

    def events(self) -> list[Event]:
        """Hand over, once, what became true since the last call, in order of time."""
        taken, self._events = self._events, []
        return taken

    def next_deadline(self) -> float | None:
        """Return when (monotonic s) the next decision may fall, or None if nothing is due."""
        return self._due[0][0] if self._due else None

    def advance(self, now: float) -> None:
        """Decide everything that was due by ``now``, in order of time."""
        while self._due and self._due[0][0] <= now:
            when, _, host = self._due[0]
            due = self._due_of(host)
            if when == host.queued_at and when < due < INF:  # it has beaten since: the usual case
                host.queued_at = due
                heapq.heapreplace(self._due, (due, next(self._ticket), host))
                continue
            heapq.heappop(self._due)
            if when != host.queued_at:
                continue
            host.queued_at = INF
            if due <= when:
                self._pass_deadline(host, when)
            self._queue(host)

    def hear_beat(self, host: Host, beat: Beat, now: float, wall: float) -> bool:
        """Take in a live beat; return whether it is news (not a repeat, not overtaken)."""
        if self._due and self._due[0][0] <= now:
            self.advance(now)
        is_new_boot = beat.boot != host.boot
        if is_new_boot:
            self._begin_boot(host, beat)
        elif beat.seq > host.beat_seq:
            host.missed += beat.seq - host.beat_seq - 1
        else:
            return False
        gap_s = INF
        if host.evidence_at is not None and not is_new_boot:
            gap_s = now - host.evidence_at
        host.beat_seq = beat.seq
        host.session = beat.session
        host.evidence_at = now
        host.evidence_wall = wall
        host.deadline = now + host.allowance_s
        host.will_due = INF
        host.is_replaced = False
        if host.state is not _UP or is_new_boot:
            self._hear_again(host, gap_s, now)
            self._queue(host)
        if host.birth is None or host.birth.boot != beat.boot:
            self._ask_for_birth(host, now)
        return True

    def hear_birth(self, host: Host, birth: Birth, now: float, *, is_retained: bool) -> None:
        """Take in who a host says it is. A birth is knowledge, and never evidence of life.

        A live one shows that the session before it was replaced, and so voids that one's will.
        """
        self.advance(now)
        if not is_retained and _is_new_session(host, birth):
            host.will_due = INF
            host.is_replaced = True
        is_news, host.birth = birth != host.birth, birth
        if birth.boot == host.boot:
            self._set_interval(host, birth.interval_s, now)
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
        if is_retained or not is_news or not _is_of_latest_session(host, death):
            return
        if death.reason == "farewell":
            self._leave(host, now)
        elif host.state in ALIVE:
            host.will_due = now + will_hold(host.round_trip_s)
            self._queue(host)

    def stalled(self, start: float, end: float) -> None:
        """Credit every deadline with the time (monotonic s) in which we ourselves did not run.

        ``start`` is when we last ran: what was due by then is decided, and nothing after it.

        Raises:
            ValueError: an end before its start.
        """
        if end < start:
            raise ValueError(f"a stall cannot end ({end}) before it starts ({start})")
        self.advance(start)
        for host in self._fleet:
            host.deadline += end - start
            host.will_due += end - start
        self._queue_all()

    def blinded(self, now: float) -> None:
        """Our own connection ended: nobody's silence means anything, and held wills are void."""
        self.advance(now)
        self._is_blind = True
        for host in self._fleet:
            host.will_due = INF
            host.was_up = host.counts_as_up
            self._change(host, Trigger.BLINDED, now)
        self._queue_all()

    def subscribed(self, now: float) -> None:
        """We can hear (again): the grace begins in which the fleet may find its way back."""
        self.advance(now)
        self._is_blind = False
        for host in self._fleet:
            grace_ends = now + max(self._grace_s + host.margin_s, host.announced_allowance_s)
            if host.state is HostState.UNKNOWN:
                host.deadline = grace_ends
            elif host.state is HostState.AWAY:
                host.deadline = max(host.deadline, grace_ends)
            elif host.state in ALIVE:  # heard before the subscription was acknowledged
                host.deadline = now + host.allowance_s
        self._queue_all()

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

    def _begin_boot(self, host: Host, beat: Beat) -> None:
        if host.boot:
            host.restarts += 1
        host.boot = beat.boot
        host.steady = 0
        interval_s = UNANNOUNCED_INTERVAL_S
        if host.birth is not None and host.birth.boot == beat.boot:
            interval_s = host.birth.interval_s
        host.allowance_s = interval_s + host.margin_s

    def _set_interval(self, host: Host, interval_s: float, now: float) -> None:
        """Learn how often a host beats; what is overdue by that is given the margin from now."""
        allowance_s = interval_s + host.margin_s
        if allowance_s == host.allowance_s:
            return
        if host.state in ALIVE:
            deadline = host.deadline + allowance_s - host.allowance_s
            host.deadline = max(deadline, now + host.margin_s)
        host.allowance_s = allowance_s
        self._queue(host)

    def _ask_for_birth(self, host: Host, now: float) -> None:
        if now - host.birth_asked_at >= _BIRTH_ASK_EVERY_S:
            host.birth_asked_at = now
            self._events.append(BirthWanted(now, host.venue, host.name))

    def _leave(self, host: Host, now: float) -> None:
        host.will_due = INF
        host.deadline = now + self._away_limit_s
        self._change(host, Trigger.FAREWELL, now)
        self._queue(host)

    def _pass_deadline(self, host: Host, when: float) -> None:
        match host.state:
            case HostState.UP | HostState.LATE:
                if host.will_due <= when:
                    self._change(host, Trigger.CONNECTION_LOST, when)
                elif host.deadline <= when:
                    self._change(host, Trigger.DEADLINE_PASSED, when)
                else:
                    self._change(host, Trigger.PATIENCE_ENDED, when)
            case HostState.AWAY:
                self._change(host, Trigger.AWAY_TOO_LONG, when)
            case HostState.UNKNOWN:
                self._end_grace(host, when)
            case _:
                raise AssertionError(f"nothing can be due of a host that is {host.state}")

    def _end_grace(self, host: Host, when: float) -> None:
        if host.birth is None and host.evidence_at is None:
            self._change(host, Trigger.NEVER_HEARD, when)
        elif (
            host.death is not None
            and host.death.reason == "farewell"
            and _is_of_latest_session(host, host.death)
        ):
            self._leave(host, when)
        else:
            self._change(host, Trigger.GRACE_ENDED, when)

    def _due_of(self, host: Host) -> float:
        if self._is_blind:
            return INF
        if host.state is _UP:
            patience_ends = host.deadline - host.margin_s + PATIENCE_S
            return min(patience_ends, host.deadline, host.will_due)
        match host.state:
            case HostState.LATE:
                return min(host.deadline, host.will_due)
            case HostState.AWAY | HostState.UNKNOWN:
                return host.deadline
            case _:
                return INF

    def _queue(self, host: Host) -> None:
        due = self._due_of(host)
        if due < host.queued_at:
            host.queued_at = due
            heapq.heappush(self._due, (due, next(self._ticket), host))

    def _queue_all(self) -> None:
        self._due = []
        for host in self._fleet:
            host.queued_at = INF
            self._queue(host)

    def _change(self, host: Host, trigger: Trigger, at: float) -> None:
        after = TRANSITIONS.get((host.state, trigger))
        if after is None:
            return
        counts = self._fleet.venues[host.venue].counts
        counts[host.state] -= 1
        counts[after] += 1
        self._events.append(
            HostChanged(at, host.venue, host.name, host.state, after, trigger, host.evidence_at)
        )
        host.state = after
        host.since = at
        host.steady = 0
        host.cause = _CAUSES.get(trigger)


def _is_new_session(host: Host, birth: Birth) -> bool:
    """Tell whether ``birth`` begins a session that we have not heard of; a bridge repeats them."""
    session = (birth.boot, birth.session)
    known = None if host.birth is None else (host.birth.boot, host.birth.session)
    return session not in {(host.boot, host.session), known}


def _is_of_latest_session(host: Host, death: Death) -> bool:
    """Tell whether ``death`` ends the latest session that we have heard of.

    The latest beat says which that is, unless a live birth has come since, or no beat ever.
    """
    boot, session = host.boot, host.session
    if host.birth is not None and (host.is_replaced or not boot):
        boot, session = host.birth.boot, host.birth.session
    return death.boot == boot and death.session >= session
