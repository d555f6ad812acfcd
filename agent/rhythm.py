"""The rhythm of one host's beats, moved where the centre's ticks make another one better."""

import logging
import math
import zlib

from agent.pace import LEAST_LEAD_S, MOST_LEAD_S, Pace
from agent.schedule import Slots
from venuewatch.base import log

RETRY_S = 0.1
"""How long (s) a beat that had to wait does so until it is looked again."""

_logger = logging.getLogger("agent")


class Rhythm(Slots):
    """The slots of the beats of ``host``. Times are monotonic seconds."""

    def __init__(self, start: float, every_s: float, *, host: str) -> None:
        super().__init__(start, every_s)
        self._waiting: int | None = None
        self._retry_at = math.inf
        self._pace = Pace(interval_s=every_s, lead_s=lead_of(host))

    @property
    def next_at(self) -> float:
        """When (monotonic s) the next slot begins, or the beat that waits is looked at again."""
        return min(super().next_at, self._retry_at)

    def take(self, now: float) -> int | None:
        """Return the number of the beat that is due by ``now``, or may be sent by now; or None.

        Of a beat that waits and one that is due, the newer is the one that is wanted.
        """
        number = super().take(now)
        if number is None and now >= self._retry_at:
            number = self._waiting
        if number is not None:
            self._retry_at = math.inf
        return number

    def put_off(self, number: int, now: float) -> None:
        """Let the beat that was just taken wait: the one before is not acknowledged yet."""
        self._waiting, self._retry_at = number, now + RETRY_S

    def session_began(self) -> None:
        """Forget what waited for an earlier session, and what that heard; the rhythm goes on."""
        self._retry_at = math.inf
        self._pace.session_began()

    def hear_tick(self, now: float) -> None:
        """Take in that a tick of the centre was heard."""
        self._pace.hear_tick(now)

    def follow_ticks(self, round_trip_s: float | None) -> None:
        """Call after each beat: come earlier from now on, if the ticks make that better."""
        early_s = self._pace.earlier_by_s(self.next_at, round_trip_s)
        if round_trip_s is not None and early_s > 0.0:
            self.advance_by(early_s)
            rounded = {"early_s": round(early_s, 3), "round_trip_s": round(round_trip_s, 3)}
            log.event(_logger, logging.INFO, "beats_moved", **rounded)


def lead_of(host: str) -> float:
    """Return how long (s) before the tick the beats of this host arrive: always the same."""
    share = zlib.crc32(host.encode()) / 0xFFFF_FFFF
    return LEAST_LEAD_S + share * (MOST_LEAD_S - LEAST_LEAD_S)
