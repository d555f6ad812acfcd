"""Hearing: whether we hear the fleet at all, so that a silence means anything.

Our own tick, which comes back to us through the broker, is the canary: while one is overdue we
doubt and accuse nobody, and all deadlines are credited with the time of doubt. When it stays
away, or our connection ends, we are blind. Where beats go on to come, and echo ticks that we sent
long ago, the canary is only behind them: we are overloaded, and doubt until what waits is drained.
A stop of the broker of which we were told before is no incident, unless it lasts.
Times are monotonic seconds.
"""

from collections import OrderedDict

from aggregator.core.host import INF
from aggregator.core.suspension import KNOWN_WITHIN_S, SUSPENDED_S, Missing, Suspension
from aggregator.core.verdicts.centre import LOAD, Blindness, Port

CANARY_LATE_S = 0.5
"""How long (s) a canary may take at least; the broker's saving to disk takes up to as much."""

CANARY_EVERY_S = 1.0
BLIND_AFTER_S = 3.0
"""How long (s) a canary must have stayed away for us to call ourselves blind."""

REPORT_AFTER_S = SUSPENDED_S + KNOWN_WITHIN_S
"""How long (s) after one long spell of blindness has begun it is an incident."""

ASK_PORT_AFTER_S = 2.0
_ASK_PORT_EVERY_S = 5.0
STOP_FROM_HOSTS = 3_000
"""With more hosts the broker stops for longer than a late tick while it reads its access rules."""

STOP_WITHIN_S = 60.0
"""So long (s) after we were told may it stop: a revocation has it read them twice, 11 s each."""

_NOT_OF_A_STOP = frozenset({"starting", "stalled"})
_IN_FLIGHT_MAX = 60
_LATE_TIMES = 3.0  # the usual round trip
_LEARN_S = 0.03
_USUAL_MAX_S = 0.7  # what is older than three times this is older than a margin: it is told
_LOOK_AGAIN_S = 1.0  # as often as a canary is sent
_CUT_OFF = frozenset({"starting", "connection"})


class Hearing:
    """Our own hearing. It begins blind, until we are subscribed.

    Attributes:
        since: since when we are blind, and ``missing`` what; None while we hear.
        doubt_at: from when on nobody may be accused; INF while canaries are in time.
        blind_at: from when on we are blind if no canary comes back.
        round_trip_s: of the last canary that came back.
        returned: how many canaries have come back.
        stalls: how often our process did not run for a while.
        proof_at: when we last knew that we hear.
        least_echo_s: the least round trip of a beat's echo since the last tick; to be kept up by
            who takes beats in.
        oldest_s: how old what waits for us was at most, since all was well.
        suspension: for how long nobody has been judged.
    """

    def __init__(self) -> None:
        self._in_flight: OrderedDict[int, float] = OrderedDict()
        self.proof_at = -INF
        self._ask_port_at = INF
        self._stop_until = -INF
        self._least_echo_before_s = INF
        self._blind_not_before = -INF
        self._port: Port | None = None
        self._usual_s: float = 0.0
        self._waited_s = 0.0  # the last tick
        self.since: float | None = None
        self.missing: Missing | None = "starting"
        self.doubt_at = INF
        self.blind_at = INF
        self.round_trip_s: float | None = None
        self.returned = self.stalls = 0
        self.least_echo_s = INF
        self.oldest_s = 0.0
        self.suspension = Suspension()

    @property
    def is_blind(self) -> bool:
        """Whether nobody's silence means anything."""
        return self.missing is not None

    @property
    def is_behind(self) -> bool:
        """Whether our tick waited in us, or beats come that echo what we sent long ago."""
        least_s = min(self.least_echo_s, self._least_echo_before_s)
        return self._waited_s > self._late_s or self._late_s < least_s < INF

    @property
    def _late_s(self) -> float:
        usual_s: float = self._usual_s
        return max(CANARY_LATE_S, _LATE_TIMES * usual_s)

    def sent(self, number: int, now: float, *, waited_s: float = 0.0) -> None:
        """Note that tick ``number`` went out; it means something only while we are subscribed.

        ``waited_s``: for how long it had waited for work of our own; it can't be back before that.
        """
        self._least_echo_before_s, self.least_echo_s = self.least_echo_s, INF
        self._waited_s = waited_s
        if waited_s > self._late_s:
            self._blind_not_before = now + waited_s + BLIND_AFTER_S
        if self.missing in {None, "canary", "fleet"}:
            self._in_flight[number] = now
            if len(self._in_flight) > _IN_FLIGHT_MAX:
                self._in_flight.popitem(last=False)
            if self.missing is None:
                self._await_oldest()

    def came_back(self, number: int, now: float) -> float | None:
        """Note that our tick came back; return since when (s) we doubted, None if we did not.

        What was sent before it and has not come back is lost, and waited for no more.
        """
        sent_at = self._in_flight.get(number)
        if sent_at is None:
            return None
        doubted_since = None
        if now >= self.doubt_at:  # what was said up to a second before the canary may be held up
            oldest = next(iter(self._in_flight.values()))
            doubted_since = max(self.proof_at, oldest - CANARY_EVERY_S)
        while self._in_flight and next(iter(self._in_flight)) <= number:
            self._in_flight.popitem(last=False)
        self.round_trip_s = now - sent_at
        self._learn(self.round_trip_s, is_late=doubted_since is not None)
        self.returned += 1
        self.proof_at = now
        if doubted_since is not None:
            self.oldest_s = max(self.oldest_s, self.round_trip_s)
            if self.missing is None:
                self.suspension.begin(self.doubt_at, "overloaded", now)
                self.suspension.end(now)
        self._await_oldest()
        return doubted_since

    def doubt(self, at: float) -> None:
        """Note that a canary is overdue at ``at``: nobody is judged from now on."""
        if self.missing is None and at >= self.doubt_at:
            why: Missing = "overloaded" if self.is_behind else "canary"
            self.suspension.begin(self.doubt_at, why, at)

    def is_only_behind(self, at: float) -> bool:
        """Tell whether canaries that are missing at ``at`` are only behind beats; then wait on."""
        if self.is_behind:
            self.suspension.begin(at, "overloaded", at)
            self._blind_not_before = self.blind_at = at + _LOOK_AGAIN_S
            least_s = min(self.least_echo_s, self._least_echo_before_s)
            self.oldest_s = max(self.oldest_s, self._waited_s, least_s if least_s < INF else 0.0)
        return self.is_behind

    def credit(self, start: float, end: float) -> None:
        """Wait longer: our process did not run from ``start`` to ``end``, and heard no canary."""
        self.stalls += 1
        lag_s = end - start
        for number in self._in_flight:
            self._in_flight[number] += lag_s
        if self.missing is None and self.proof_at > -INF:
            self.proof_at += lag_s
            self._await_oldest()
        self._ask_port_at += lag_s
        if self.suspension.began is None:
            self.suspension.begin(start, "stalled", end)
            self.suspension.end(end)

    def go_blind(self, since: float, missing: Missing, now: float) -> None:
        """Note at ``now`` that we are blind since ``since``; being blind already, since then."""
        is_cut_off = missing in _CUT_OFF
        if is_cut_off:
            self._in_flight.clear()
        if self.missing is not None and self.since is not None:
            self.missing = missing if is_cut_off else self.missing
            self.suspension.why = self.missing
            return
        self.since, self.missing = since, missing
        self.doubt_at = self.blind_at = INF
        self._port = None
        self._ask_port_at = max(now, since + ASK_PORT_AFTER_S)
        self.suspension.begin(since, missing, now)

    def recover(self, now: float) -> None:
        """Note that we hear, from now on."""
        self.since = self.missing = None
        self._in_flight.clear()
        self.proof_at = now
        self.doubt_at = self.blind_at = self._ask_port_at = INF
        self.suspension.end(now)

    def port_said(self, answer: Port) -> None:
        """Take in what the broker's port answered to a stranger."""
        self._port = answer

    def next_deadline(self) -> float:
        """Return when (s) something becomes due here; INF for never."""
        doubt_at = self.doubt_at if self.suspension.began is None else INF
        return min(doubt_at, self.blind_at, self._ask_port_at, self.suspension.tell_at)

    def take_port_question(self, now: float) -> bool:
        """Tell, once each few seconds, that it is time to ask the broker's port."""
        if now < self._ask_port_at:
            return False
        self._ask_port_at = now + _ASK_PORT_EVERY_S
        return True

    def expect_stop(self, until: float) -> None:
        """Note that the broker may stop for a while before ``until``, as an operator wants it."""
        self._stop_until = until

    def expects_stop(self, now: float) -> bool:
        """Tell whether what we miss may be a stop that was expected: the broker's port is open."""
        is_of_it = self.suspension.why not in _NOT_OF_A_STOP and self._port != "refuses"
        return now < self._stop_until and is_of_it

    def take_blindness(self, now: float) -> Blindness | None:
        """Return, once, that nobody was judged for long enough to report it."""
        if now < self.suspension.tell_at:
            return None
        if self.expects_stop(now):
            self.suspension.explain(self._stop_until)
            return None
        self.suspension.told()
        return self._told(now)

    def blindness(self, now: float) -> Blindness | None:
        """Return what is known of our blindness, None while we hear."""
        return None if self.missing is None or self.since is None else self._told(now)

    def is_over(self, now: float) -> bool:
        """Tell whether what was reported is over at ``now``, when a canary came back in time."""
        is_over = self.suspension.take_end(now)
        if is_over:
            self.oldest_s = 0.0
        return is_over

    def _told(self, now: float) -> Blindness:
        spells = self.suspension
        since = spells.since if self.since is None else self.since
        told = Blindness(now, since, spells.why, self._port, again=spells.is_again)
        if spells.why not in LOAD:
            return told
        return told._replace(
            lasted_s=spells.lasted_s(now), spells=spells.spells, oldest_s=self.oldest_s
        )

    def _await_oldest(self) -> None:
        if not self._in_flight or self.is_blind:
            self.doubt_at = self.blind_at = INF
            return
        oldest = next(iter(self._in_flight.values()))
        late_s = self._late_s
        self.doubt_at = oldest + late_s
        self.blind_at = max(oldest + max(BLIND_AFTER_S, 2.0 * late_s), self._blind_not_before)

    def _learn(self, round_trip_s: float, *, is_late: bool) -> None:
        """Learn how long canaries usually take, slowly if they are late.

        A broker that is always slow must not be doubted for ever, nor one stall be taken for usual.
        The weight of a measurement is TCP's (RFC 6298, 2.3).
        """
        if is_late:
            usual_s = min(round_trip_s, 1.25 * self._usual_s + _LEARN_S)
        else:
            usual_s = self._usual_s + (round_trip_s - self._usual_s) / 8
        self._usual_s = min(usual_s, _USUAL_MAX_S)
