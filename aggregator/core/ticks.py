"""Ticks of the centre, and what their echoes say: round trip and clock offset of every host."""

import math
import zlib
from collections import OrderedDict

from venuewatch.base.wire.messages import TICK_EVERY_S, Echo, Tick

_TOO_EARLY = 0.05  # a driver that is woken by so much of a period too early has sent that tick
_REMEMBERED = 120  # two minutes of ticks: longer than any echo that still means something


def until_next_s(start: float, now: float) -> float:
    """Return how long (s) it is from ``now`` until the next tick; the first came at ``start``.

    Ticks keep their phase, whatever each took: agents far away have their beats precede them.
    """
    passed = math.floor((now - start) / TICK_EVERY_S + _TOO_EARLY)
    return start + (passed + 1) * TICK_EVERY_S - now


def first_number(name: str, now: float) -> int:
    """Return where the aggregator ``name`` begins to number what it sends, first at ``now`` (s).

    What an agent returns tells whose it is by the number alone. So one of 2^32 places to begin at
    follows from name and time: no number of another aggregator or an earlier process is ours.
    """
    return zlib.crc32(f"{name} {now!r}".encode())


class Ticks:
    """Numbers the ticks of aggregator ``name``, and remembers when (monotonic s) each was sent."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._number: int | None = None
        self._sent: OrderedDict[int, float] = OrderedDict()

    def next(self, now: float) -> Tick:
        """Return the tick to send at ``now``."""
        if self._number is None:
            self._number = first_number(self._name, now)
        self._number += 1
        self._sent[self._number] = now
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return Tick(number=self._number, mono_ms=int(now * 1000))

    def is_ours(self, tick: Tick) -> bool:
        """Tell whether we sent this tick lately, and not another aggregator."""
        sent = self._sent.get(tick.number)
        return sent is not None and int(sent * 1000) == tick.mono_ms

    def sent_at(self, echo: Echo) -> float:
        """Return when (s) we sent the tick that an echo is of; long ago if we did not, lately."""
        return self._sent.get(echo.number, -math.inf)

    def has_sent(self, echo: Echo) -> bool:
        """Tell whether an echo is of a tick that we sent lately."""
        return echo.number in self._sent

    def round_trip(self, echo: Echo, now: float) -> float | None:
        """Return the round trip (s) of an echo heard at ``now``; None for a tick not ours.

        It is the time since that tick was sent, less the time for which the agent held it, so
        it contains both ways through the broker and no waiting.
        """
        sent = self._sent.get(echo.number)
        if sent is None:
            return None
        round_trip_s = now - sent - echo.held_ms / 1000
        return round_trip_s if round_trip_s >= 0 else None


class Echoes:
    """Counts of what the last beats of a host showed, each beat of a burst once.

    Attributes:
        unechoed: beats in a row that echoed no tick.
        mute_since, unechoed_at: when the first and the last of them were received.
        tick_mark: how many of our ticks had come back to us at the first.
        echoed: echoes in a row.
        skewed, in_time: echoes in a row whose clock offset was off, and was not.
    """

    __slots__ = (
        "echoed",
        "in_time",
        "mute_since",
        "skewed",
        "tick_mark",
        "unechoed",
        "unechoed_at",
    )

    def __init__(self) -> None:
        self.unechoed = 0
        self.unechoed_at = -math.inf
        self.mute_since = -math.inf
        self.tick_mark = 0
        self.echoed = 0
        self.skewed = 0
        self.in_time = 0


def clock_offset(sender_wall: float, our_wall: float, round_trip_s: float) -> float:
    """Return how far (s) a sender's clock is ahead of ours.

    Its message took half of the round trip (RFC 5905, section 8, for equal ways).
    """
    return sender_wall + round_trip_s / 2 - our_wall
