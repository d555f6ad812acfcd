"""Sends one direction of a TCP connection as Linux does: when data arrives, in what bursts.

Timers are those of RFC 6298 with Linux's minimum (200 ms on the variance's term), the tail loss
probe and the loss detection by time of RFC 8985, one probe a flight. What is written while a
loss is being repaired waits in the sender, as it does in Linux with one segment in flight: the
congestion window is closed until the lost one is acknowledged. The receiver acknowledges at once,
and again each :attr:`Sender.repeat_every_s`. Compared with Linux 6.18 (RTT 20, 100 and 600 ms; 1
to 6 losses in a row; gaps of 1, 3 and 6 s; losses after a late answer): the same retransmissions,
to a few hundredths of a second. Simplified, to the worse: nothing but beats shows a loss.
"""

import heapq
import math
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple, TypeAlias

from agent.beat_times import RETRY_S
from venuewatch.base.wire.messages import TICK_EVERY_S
from venuewatch.rehearsal.tcp.round_trip import RTO_MIN_S, RoundTrip, rings_at

RTO_MAX_S: Final = 120.0  # TCP_RTO_MAX, linux/include/net/tcp.h
THIN_RETRIES: Final = 6  # TCP_THIN_LINEAR_RETRIES, likewise
_THIN: Final = 4  # tcp_stream_is_thin(), likewise: fewer segments in flight
_PROBE_EXTRA_S: Final = 0.002  # TCP_TIMEOUT_MIN_US, likewise
_RETRIES: Final = 15  # TCP_RETR2, likewise
_ORPHAN_RETRIES: Final = 8  # tcp_orphan_retries(): for a socket that its process has closed


class Tcp(NamedTuple):
    """Behaviour of a host's system: its longest timeout (s), and whether a thin stream is as any.

    Where ``is_stock`` the timeout of a thin stream doubles too, and the agent can't tell what was
    acknowledged: so it is on systems other than Linux, and over a websocket.
    """

    rto_max_s: float = RTO_MAX_S
    is_stock: bool = False


LINUX: Final = Tcp()


def gives_up_after_s(rto_max_s: float, *, is_orphan: bool) -> float:
    """Return how long (s) after its first timeout Linux ends a connection that is not answered.

    Source: tcp_model_timeout(), linux/net/ipv4/tcp_timer.c; 14.4 s at 1 s, 925 s at 120 s.
    """
    retries = _ORPHAN_RETRIES if is_orphan else _RETRIES
    doublings = min(retries, math.floor(math.log2(rto_max_s / RTO_MIN_S)))
    return (2.0 ** (doublings + 1) - 1) * RTO_MIN_S + (retries - doublings) * rto_max_s


Carry: TypeAlias = Callable[[float], float | None]
"""When (s) a packet that is sent at the given moment arrives; None if it is lost."""


class Arrival(NamedTuple):
    """A beat's number, when (s) it was heard, and when the copy that brought it was sent."""

    at: float
    number: int
    sent: float


class Segment:
    """What leaves as one packet: the numbers in it, and what became of it."""

    __slots__ = ("first", "is_received", "is_resent", "is_sacked", "numbers", "sent")

    def __init__(self, numbers: list[int]) -> None:
        self.first = numbers[0]
        self.numbers = numbers
        self.sent = -math.inf
        self.is_resent = False
        self.is_received = False
        self.is_sacked = False


ARRIVE, ACK, _REORDER, _TICK, _RETRY = range(5)


class Sender:
    """The sender's side and the receiver's, over a path that loses and delays.

    ``write`` and ``advance`` are called in order of time. ``linear_retries``: for so many timeouts
    in a row a thin stream does not double its timeout, as with TCP_THIN_LINEAR_TIMEOUTS. With
    ``holds`` the agent hands a beat in only when the one before is acknowledged, looks for that
    each RETRY_S, and then has no use for any but the newest.

    Attributes:
        arrivals: what the receiver's application was handed, in order; the caller takes it.
        acknowledged_at: when (s) the sender last learned of anything new.
        timed_out_at: when (s) the first timeout was of those that go on; infinity without one.
        repeat_every_s: how often the receiver acknowledges again, with data of its own.
        window: how many segments may be in flight; more data waits, and leaves as one.
        refuses: asked with the numbers that a packet brings whether the receiver drops it.
    """

    def __init__(
        self,
        up: Carry,
        down: Carry,
        round_trip: RoundTrip,
        *,
        rto_max_s: float = RTO_MAX_S,
        linear_retries: int = 0,
        holds: bool = False,
    ) -> None:
        self._up = up
        self._down = down
        self.round_trip = round_trip
        self._rto_max_s = rto_max_s
        self._linear_retries = linear_retries
        self._holds = holds
        self._retries = 0
        self._backoff = 0
        self._is_held = False
        self._is_undone = False
        self._has_probed = False
        self._timer = math.inf
        self._flight: list[Segment] = []
        self._waiting: list[int] = []
        self._events: list[tuple[float, int, int, list[Segment], float]] = []
        self._ticket = count()
        self._newest_received = -math.inf
        self.arrivals: list[Arrival] = []
        self.acknowledged_at = -math.inf
        self.timed_out_at = math.inf
        self.repeat_every_s = TICK_EVERY_S
        self.window = math.inf
        self.refuses: Callable[[list[int]], bool] = lambda _numbers: False

    @property
    def is_idle(self) -> bool:
        """Whether everything that was written is acknowledged."""
        return not self._flight and not self._waiting

    def is_acknowledged(self, number: int) -> bool:
        """Tell whether the sender knows that everything up to ``number`` has arrived."""
        return number < self._flight[0].first if self._flight else not self._waiting

    @property
    def next_at(self) -> float:
        """When (s) something happens next; infinity if nothing is under way."""
        if not self._flight and not self._waiting:
            return math.inf
        events, timer = self._events, self._timer
        return events[0][0] if events and events[0][0] < timer else timer

    @property
    def settles_at(self) -> float:
        """When (s) it learns that all has arrived, if nothing more is written and lost till then.

        Infinity where anything else may happen before, or is to happen then.
        """
        events, flight = self._events, self._flight
        if self._waiting or not flight or not events:
            return math.inf
        at, _, kind, segments, _ = events[0]
        is_all = kind == ACK and segments[-len(flight) :] == flight
        return at if is_all and at <= self._timer else math.inf

    def write(self, number: int, now: float) -> None:
        """Hand in one beat."""
        if self._holds and not self.is_idle:
            if not self._waiting:
                self._push(now + RETRY_S, _RETRY)
            self._waiting = [number]
        elif self._is_held or len(self._flight) >= self.window:
            self._waiting.append(number)
        else:
            self._send_new([number], now)

    def advance(self, now: float) -> None:
        """Let everything happen that is due by ``now``."""
        events, flight = self._events, self._flight
        while flight or self._waiting:
            at = events[0][0] if events else math.inf
            if self._timer < at:
                if self._timer > now:
                    return
                self._time_out(self._timer)
                continue
            if at > now:
                return
            _, _, kind, segments, sent = heapq.heappop(events)
            if kind == ARRIVE:
                self._arrive(segments, sent, at)
            elif kind == ACK:
                self._hear_ack(segments, sent, at)
            elif kind == _RETRY:
                self._retry(at)
            elif kind == _TICK:
                self._acknowledge(self._newest_received, at)
                self._push(at + self.repeat_every_s, _TICK)
            elif not self._is_held and self._flight[0].sent == sent:
                self._repair(at)
        events.clear()

    def hear_unreachable(self, now: float) -> None:
        """Take one doubling back: a router said that it can't reach the receiver (RFC 6069)."""
        if self._backoff and self._flight:
            self._backoff -= 1
            self._timer = max(now, self._flight[0].sent + self._rto())

    def _rto(self) -> float:
        return min(self.round_trip.rto_s * 2.0**self._backoff, self._rto_max_s)

    def _push(
        self, at: float, kind: int, segments: list[Segment] | None = None, sent: float = 0.0
    ) -> None:
        heapq.heappush(self._events, (at, next(self._ticket), kind, segments or [], sent))

    def _send_new(self, numbers: list[int], now: float) -> None:
        if not self._flight and not self._events and self.repeat_every_s < math.inf:
            self._push((now // self.repeat_every_s + 1) * self.repeat_every_s, _TICK)
        self._flight.append(Segment(numbers))
        self._transmit(self._flight[-1:], now)
        self._set_timer(now)

    def _send_waiting(self, now: float) -> None:
        waiting, self._waiting = self._waiting, []
        self._send_new(waiting, now)

    def _retry(self, now: float) -> None:
        if self._flight:
            self._push(now + RETRY_S, _RETRY)
        else:
            self._send_waiting(now)

    def _set_timer(self, now: float) -> None:
        """Wait for a probe, or, once there was one, for the timeout of the oldest."""
        if self._has_probed and any(segment.is_sacked for segment in self._flight):
            return  # the timer runs, and new data does not touch it
        extra_s = RTO_MIN_S if len(self._flight) == 1 else _PROBE_EXTRA_S
        probe = now + 2 * self.round_trip.smoothed_s + extra_s
        timeout = self._flight[0].sent + self._rto()
        if timeout <= now:
            timeout = probe
        elif not self._has_probed:
            timeout = min(timeout, probe)
        self._timer = rings_at(now, timeout - now)

    def _transmit(self, segments: list[Segment], now: float) -> None:
        for segment in segments:
            segment.is_resent = segment.sent > -math.inf
            segment.sent = now
        arrives = self._up(now)
        if arrives is not None:
            self._push(arrives, ARRIVE, segments, now)

    def _time_out(self, now: float) -> None:
        if not self._has_probed and not self._is_held:
            self._has_probed = True
            self._transmit(self._flight[-1:], now)
            self._timer = rings_at(now, self._rto())
            return
        self.timed_out_at = min(self.timed_out_at, now)
        self._retries += 1
        is_thin = len(self._flight) < _THIN
        self._backoff = (
            0 if is_thin and self._retries <= self._linear_retries else self._backoff + 1
        )
        self._repair(now)

    def _repair(self, now: float) -> None:
        """Send again, in one, what must be lost by now; new data waits until that is there."""
        self._is_held, self._is_undone = True, False
        self._has_probed = True
        lost_before = now - self.round_trip.smoothed_s - self.round_trip.least_s / 4
        lost = [
            segment
            for at, segment in enumerate(self._flight)
            if at == 0 or (segment.sent < lost_before and not segment.is_sacked)
        ]
        self._transmit(lost, now)
        self._timer = rings_at(now, self._rto())

    def _arrive(self, segments: list[Segment], sent: float, now: float) -> None:
        if self.refuses([number for segment in segments for number in segment.numbers]):
            return
        for segment in segments:
            segment.is_received = True
        for segment in self._flight:
            if not segment.is_received:
                break
            self.arrivals += [Arrival(now, number, sent) for number in segment.numbers]
            segment.numbers = []
        self._newest_received = sent
        self._acknowledge(sent, now)

    def _acknowledge(self, sent: float, now: float) -> None:
        """Tell the sender what is there, and when the newest of it was sent."""
        got = [segment for segment in self._flight if segment.is_received]
        answered = self._down(now) if got else None
        if answered is not None:
            self._push(answered, ACK, got, sent)

    def _hear_ack(self, got: list[Segment], sent: float, now: float) -> None:
        flight = self._flight
        fresh = [segment for segment in got if not segment.is_sacked]
        if not fresh:
            return
        for segment in fresh:
            segment.is_sacked = True
        self.round_trip.observe(now - sent)
        self.acknowledged_at = now
        if not flight[0].is_sacked:
            self._suspect(max(fresh, key=lambda segment: segment.sent), now)
            return
        while flight and flight[0].is_sacked:
            flight.pop(0)
        self._backoff = self._retries = 0
        self.timed_out_at = math.inf
        if flight and self._is_held:
            self._repair(now)
            return
        self._is_held = self._is_undone = self._has_probed = False
        if self._waiting and not self._holds:
            self._send_waiting(now)
        elif flight:
            self._set_timer(now)
        else:
            self._timer = math.inf

    def _suspect(self, later: Segment, now: float) -> None:
        """A later one came through: the oldest is lost, once it had its time (RFC 8985, 6.2).

        One that was sent twice says nothing if it came sooner than any packet can (6.2, step 2).
        One that left before the oldest was last sent moves the timer, and shows the timeout to
        have been rash (RFC 5682, 3.1): new data may go out again.
        """
        head, way_s = self._flight[0], now - later.sent
        if later.is_resent and way_s < self.round_trip.least_s:
            return
        if later.sent <= head.sent:
            if not later.is_resent:
                self._backoff = 0
                self._timer = rings_at(now, self._rto())
                self._undo(now)
            return
        if self._is_held or self._is_undone:
            return
        lost_at = head.sent + way_s + self.round_trip.least_s / 4
        if lost_at <= now:
            self._repair(now)
        else:
            self._push(lost_at, _REORDER, sent=head.sent)

    def _undo(self, now: float) -> None:
        if not self._is_held or not self._retries:
            return
        self._is_held, self._is_undone = False, True
        self._retries = 0
        if self._waiting and not self._holds:
            self._send_waiting(now)
