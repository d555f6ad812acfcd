"""Hearing: whether we hear the fleet at all, so that a silence means anything.

Our own tick, which comes back to us through the broker, is the canary: while one is overdue we
doubt and accuse nobody, and all deadlines are credited with the time of doubt. When it stays
away, or our connection ends, we are blind. Times are monotonic seconds.
"""

from collections import OrderedDict

from aggregator.core.host import INF
from aggregator.core.verdicts.centre import Blindness, Missing, Port

CANARY_LATE_S = 0.5
"""How long (s) a canary may take at least; the broker's saving to disk takes up to as much."""

CANARY_EVERY_S = 1.0
BLIND_AFTER_S = 3.0
"""How long (s) a canary must have stayed away for us to call ourselves blind."""

REPORT_AFTER_S = 5.0
"""How long (s) we must have been blind for that to be an incident: a broker restarts faster."""

ASK_PORT_AFTER_S = 2.0
_ASK_PORT_EVERY_S = 5.0
_IN_FLIGHT_MAX = 60
_LATE_TIMES = 3.0  # the usual round trip
_LEARN_S = 0.03


class Hearing:
    """Our own hearing. It begins blind, until we are subscribed.

    Attributes:
        since: since when we are blind, and ``missing`` what; None while we hear.
        doubt_at: from when on nobody may be accused; INF while canaries are in time.
        blind_at: from when on we are blind if no canary comes back.
        round_trip_s: of the last canary that came back.
        returned: how many canaries have come back.
        proof_at: when we last knew that we hear.
    """

    def __init__(self) -> None:
        self._in_flight: OrderedDict[int, float] = OrderedDict()
        self.proof_at = -INF
        self._ask_port_at = INF
        self._report_at = INF
        self._port: Port | None = None
        self._usual_s = 0.0
        self.since: float | None = None
        self.missing: Missing | None = "starting"
        self.doubt_at = INF
        self.blind_at = INF
        self.round_trip_s: float | None = None
        self.returned = 0

    @property
    def is_blind(self) -> bool:
        """Whether nobody's silence means anything."""
        return self.missing is not None

    def sent(self, number: int, now: float) -> None:
        """Note that tick ``number`` went out; it means something only while we are subscribed."""
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
        self._await_oldest()
        return doubted_since

    def credit(self, start: float, end: float) -> None:
        """Wait longer: our process did not run from ``start`` to ``end``, and heard no canary."""
        lag_s = end - start
        for number in self._in_flight:
            self._in_flight[number] += lag_s
        if self.missing is None and self.proof_at > -INF:
            self.proof_at += lag_s
            self._await_oldest()
        self._report_at += lag_s
        self._ask_port_at += lag_s

    def go_blind(self, since: float, missing: Missing, now: float) -> None:
        """Note at ``now`` that we are blind since ``since``; being blind already, since then."""
        is_cut_off = missing in {"starting", "connection"}
        if is_cut_off:
            self._in_flight.clear()
        if self.missing is not None and self.since is not None:
            self.missing = missing if is_cut_off else self.missing
            return
        self.since, self.missing = since, missing
        self.doubt_at = self.blind_at = INF
        self._port = None
        self._report_at = max(now, since + REPORT_AFTER_S)
        self._ask_port_at = max(now, since + ASK_PORT_AFTER_S)

    def recover(self, now: float) -> None:
        """Note that we hear, from now on."""
        self.since = self.missing = None
        self._in_flight.clear()
        self.proof_at = now
        self.doubt_at = self.blind_at = INF
        self._ask_port_at = self._report_at = INF

    def port_said(self, answer: Port) -> None:
        """Take in what the broker's port answered to a stranger."""
        self._port = answer

    def next_deadline(self) -> float:
        """Return when (s) something becomes due here; INF for never."""
        return min(self.blind_at, self._ask_port_at, self._report_at)

    def take_port_question(self, now: float) -> bool:
        """Tell, once each few seconds, that it is time to ask the broker's port."""
        if now < self._ask_port_at:
            return False
        self._ask_port_at = now + _ASK_PORT_EVERY_S
        return True

    def take_blindness(self, now: float) -> Blindness | None:
        """Return, once, that we have been blind for long enough to report it."""
        if now < self._report_at or self.since is None or self.missing is None:
            return None
        self._report_at = INF
        return self.blindness(now)

    def blindness(self, now: float) -> Blindness | None:
        """Return what is known of our blindness, None while we hear."""
        if self.since is None or self.missing is None:
            return None
        return Blindness(now, self.since, self.missing, self._port)

    def _await_oldest(self) -> None:
        if not self._in_flight or self.is_blind:
            self.doubt_at = self.blind_at = INF
            return
        oldest = next(iter(self._in_flight.values()))
        late_s = max(CANARY_LATE_S, _LATE_TIMES * self._usual_s)
        self.doubt_at = oldest + late_s
        self.blind_at = oldest + max(BLIND_AFTER_S, 2.0 * late_s)

    def _learn(self, round_trip_s: float, *, is_late: bool) -> None:
        """Learn how long canaries usually take, slowly if they are late.

        A broker that is always slow must not be doubted for ever, nor one stall be taken for usual.
        The weight of a measurement is TCP's (RFC 6298, 2.3).
        """
        if is_late:
            self._usual_s = min(round_trip_s, 1.25 * self._usual_s + _LEARN_S)
        else:
            self._usual_s += (round_trip_s - self._usual_s) / 8
