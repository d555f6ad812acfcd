"""Times of a host's beats: evenly spaced, moved so that the centre's tick follows each shortly.

The broker acknowledges a beat at once, and again with the next data that it sends: the tick, each
second. Where the tick passes shortly after the beat, a lost acknowledgement costs next to nothing.
Where it passes long after, the next beat waits, and the round trip that TCP reckons with jumps.
Ticks of two aggregators have two phases: one is followed, and the other only brings data sooner.
"""

import math
import zlib
from collections import deque
from typing import Final

from agent.slots import Slots
from venuewatch.base.wire.messages import TICK_EVERY_S

RETRY_S = 0.1
"""How long (s) a beat that had to wait does so until it is looked again."""

LATE_S = 0.5
"""From how long (s) on it is said that the agent did not run when a beat was due."""

LONG_WAY_S: Final = 0.3
"""The round trip r (s) from which on it matters. On a shorter way a timeout helps in time: it comes
after r and TCP_RTO_MIN (0.2 s, linux/include/net/tcp.h), what it repeats is answered after another
r, and that is 0.8 s, before the next beat."""

LEAST_LEAD_S, MOST_LEAD_S = 0.10, 0.30
"""How long (s) after its arrival a beat may be made to precede the tick."""

_LEAST_GAP_S, _MOST_GAP_S = 0.05, 0.35  # room around the leads, so that jitter moves nothing
_FEWEST_TICKS, _TICKS_KEPT = 5, 8
_BURST_S: Final = TICK_EVERY_S / 2
_GONE_AFTER_S: Final = 3 * TICK_EVERY_S
_WHOLE_WITHIN_S: Final = 0.001


class Lead:
    """Says how much earlier the beats should come. Times are monotonic seconds.

    A beat that is sent at b passes the broker at b + r/2, where r is the round trip. The tick that
    is heard at t passed it at t - r/2. So the tick follows the beat by g = t - r - b, and as ticks
    recur, by g modulo their period. Beats that come e earlier are followed by g + e: to make that
    the lead, e = lead - g, again modulo the period, as beats may come earlier and never later.

    ``lead_s`` is one host's own, so that the hosts of a venue do not all send at once.
    """

    def __init__(self, *, interval_s: float, lead_s: float) -> None:
        if not LEAST_LEAD_S <= lead_s <= MOST_LEAD_S:
            raise ValueError(
                f"expected a lead from {LEAST_LEAD_S} to {MOST_LEAD_S} s, got {lead_s}"
            )
        ticks = round(interval_s / TICK_EVERY_S)
        self._is_in_step = ticks > 0 and abs(interval_s - ticks * TICK_EVERY_S) <= _WHOLE_WITHIN_S
        self._lead_s = lead_s
        self._heard: deque[float] = deque(maxlen=_TICKS_KEPT)
        self._followed = ""

    def session_began(self) -> None:
        """Forget what an earlier session heard: its way may have been another."""
        self._heard.clear()

    def hear_tick(self, now: float, whose: str = "") -> None:
        """Take in a tick; of a burst only the last counts, the others were late.

        ``whose``: its topic. Another aggregator is followed once the present one's ticks are gone.
        """
        if whose != self._followed:
            if self._heard and now - self._heard[-1] <= _GONE_AFTER_S:
                return
            self._followed = whose
            self._heard.clear()
        if self._heard and now - self._heard[-1] < _BURST_S:
            self._heard[-1] = now
        else:
            self._heard.append(now)

    def earlier_by_s(self, next_at: float, round_trip_s: float | None) -> float:
        """Return how much earlier (s) than ``next_at`` the next beat should come, and all others.

        0.0: they should stay as they are, or it cannot be told. Less than one tick's period.
        """
        if not self._is_in_step or round_trip_s is None or round_trip_s <= LONG_WAY_S:
            return 0.0
        if len(self._heard) < _FEWEST_TICKS:
            return 0.0
        gap_s = (self._earliest_phase_s() - round_trip_s - next_at) % TICK_EVERY_S
        if _LEAST_GAP_S <= gap_s <= _MOST_GAP_S:
            return 0.0
        return (self._lead_s - gap_s) % TICK_EVERY_S

    def _earliest_phase_s(self) -> float:
        """Return the phase (s) of ticks that came in time: after it, the others are least late."""
        phases = [at % TICK_EVERY_S for at in self._heard]
        return min(phases, key=lambda phase: sum((at - phase) % TICK_EVERY_S for at in phases))


class BeatTimes(Slots):
    """The slots of the beats of ``host``. Times are monotonic seconds."""

    def __init__(self, start: float, every_s: float, *, host: str) -> None:
        super().__init__(start, every_s)
        self._waiting: int | None = None
        self._retry_at = math.inf
        self._late_s = 0.0
        self._is_late_said = False
        self._lead = Lead(interval_s=every_s, lead_s=lead_of(host))

    @property
    def next_at(self) -> float:
        """When (monotonic s) the next slot begins, or the beat that waits is looked at again."""
        return min(self._next_at, self._retry_at)

    def take(self, now: float) -> int | None:
        """Return the number of the beat that is due by ``now``, or may be sent by now; or None.

        Of a beat that waits and one that is due, the newer is the one that is wanted.
        """
        late_s = now - self.next_at
        if late_s >= LATE_S and self._taken >= 0:
            self._late_s = max(self._late_s, late_s)
            self._is_late_said = False
        number = super().take(now)
        if number is None and now >= self._retry_at:
            number = self._waiting
        if number is not None:
            self._retry_at = math.inf
        return number

    def put_off(self, number: int, now: float) -> None:
        """Let the beat that was just taken wait: the one before is not acknowledged yet."""
        self._waiting, self._retry_at = number, now + RETRY_S

    def say_lateness(self) -> float:
        """Return for how long (s) the agent did not run, for the beat that goes out now; 0: it ran.

        The same is said until a beat that said it is acknowledged.
        """
        self._is_late_said = True
        return self._late_s

    def acknowledged(self) -> None:
        """Note that the broker has the beats that went out in this session."""
        if self._is_late_said:
            self._late_s = 0.0

    def session_began(self) -> None:
        """Forget the beat and the ticks of an earlier session; the rhythm goes on."""
        self._is_late_said = False
        self._retry_at = math.inf
        self._lead.session_began()

    def hear_tick(self, now: float, whose: str = "") -> None:
        """Take in a tick of the aggregator whose topic it came on."""
        self._lead.hear_tick(now, whose)

    def follow_ticks(self, round_trip_s: float | None) -> float:
        """Move the beats if that helps; return how much earlier (s) they come. Call after each."""
        early_s = self._lead.earlier_by_s(self.next_at, round_trip_s)
        self.advance_by(early_s)
        return early_s


def lead_of(host: str) -> float:
    """Return how long (s) before the tick the beats of this host arrive: always the same."""
    share = zlib.crc32(host.encode()) / 0xFFFF_FFFF
    return LEAST_LEAD_S + share * (MOST_LEAD_S - LEAST_LEAD_S)
