"""Bulk: whether readings are heard, which come on a connection of their own.

Its canary is sent on the live connection and comes back on the bulk one. The bulk connection is
lost if it ended, or if a canary stays away while those of the live one come back. Nobody is accused
for that, and nobody is spared: a reading was never evidence of life. But checks are not known, and
what was measured is not shown, until the canary is in time again.

A driver that hears everything on one connection has no bulk: then it is never lost. Times are
monotonic seconds.
"""

from collections import OrderedDict
from typing import Literal, NamedTuple, TypeAlias

from aggregator.core.host import INF

LATE_S = 0.5
"""From when on (s) over its least round trip a canary is late: readings wait before us."""

LOST_AFTER_S = 3.0
"""How long (s) readings must not have been heard for that to be an incident."""

_IN_FLIGHT_MAX = 60
_LEAST_OF_S = 300.0  # the least round trip is of so long, or twice as long

Missing: TypeAlias = Literal["connection", "canary"]


class BulkLoss(NamedTuple):
    """Readings are not heard since ``since``, and what is ``missing``."""

    since: float
    missing: Missing


class Bulk:
    """The bulk connection; ``start``: when (s) the process began, without it.

    Attributes:
        is_separate: whether there is one.
        is_open: whether it is subscribed.
        loss: readings are not heard, for ``LOST_AFTER_S`` at least; None while they are.
        round_trip_s: of the last canary that came back.
        returned: how many have come back.
    """

    def __init__(self, *, is_separate: bool, start: float = 0.0) -> None:
        self.is_separate = is_separate
        self.is_open = False
        self.loss: BulkLoss | None = None
        self.round_trip_s: float | None = None
        self.returned = 0
        self._lost_at: float | None = start
        self._in_flight: OrderedDict[int, float] = OrderedDict()
        self._heard_from = INF  # the live connection, without a break
        self._put_off_until = -INF
        self._least: list[tuple[float, float]] = []

    @property
    def least_round_trip_s(self) -> float | None:
        """The least round trip (s) of the last minutes."""
        return min((least for _, least in self._least), default=None)

    @property
    def lost_since(self) -> float | None:
        """Since when (s) readings are not heard, however short that is; None while they are."""
        if not self.is_separate:
            return None
        if not self.is_open:
            return self._lost_at
        return None if self.loss is None else self.loss.since

    def is_late(self, now: float) -> bool:
        """Tell whether readings are not heard, or its oldest canary on the way is late."""
        if not self.is_separate:
            return False
        if self.lost_since is not None:
            return True
        sent_at = next(iter(self._in_flight.values()), INF)
        return now - sent_at > LATE_S + (self.least_round_trip_s or 0.0)

    def opened(self, now: float) -> None:
        """Note that it is subscribed (again)."""
        del now
        self.is_open = True
        self._in_flight.clear()

    def lost(self, now: float) -> None:
        """Note that it ended."""
        self.is_open = False
        self._lost_at = now
        self._in_flight.clear()

    def live_heard(self, from_at: float) -> None:
        """Note since when (s) the live connection is heard; INF while it is not."""
        self._heard_from = from_at
        if from_at == INF:
            self._in_flight.clear()

    def sent(self, number: int, now: float) -> None:
        """Note that canary ``number`` went out."""
        if self.is_open and self._heard_from < INF:
            self._in_flight[number] = now
            if len(self._in_flight) > _IN_FLIGHT_MAX:
                self._in_flight.popitem(last=False)

    def came_back(self, number: int, now: float) -> None:
        """Note that a canary came back; those before it are waited for no more."""
        sent_at = self._in_flight.get(number)
        if sent_at is None:
            return
        while self._in_flight and next(iter(self._in_flight)) <= number:
            self._in_flight.popitem(last=False)
        self.round_trip_s = now - sent_at
        self.returned += 1
        self._learn_least(self.round_trip_s, now)
        if self.round_trip_s < LOST_AFTER_S:
            self.loss = None

    def credit(self, start: float, end: float) -> None:
        """Wait longer: our process did not run from ``start`` to ``end``."""
        lag_s = end - start
        for number in self._in_flight:
            self._in_flight[number] += lag_s
        if self._lost_at is not None:
            self._lost_at = min(end, self._lost_at + lag_s)

    def put_off(self, until: float) -> None:
        """Judge nothing before ``until``: nobody knows whether it is bulk that is missing."""
        self._put_off_until = until

    def next_deadline(self) -> float:
        """Return when (s) readings have not been heard for long enough; INF for never."""
        if self.loss is not None or not self.is_separate or self._heard_from == INF:
            return INF
        since = self._missing_since()
        if since is None:
            return INF
        return max(since + LOST_AFTER_S, self._heard_from + LOST_AFTER_S, self._put_off_until)

    def take_loss(self, now: float) -> BulkLoss | None:
        """Return, once, that readings have not been heard for long enough."""
        if now < self.next_deadline():
            return None
        since = self._missing_since()
        assert since is not None  # noqa: S101 - there would be no deadline
        self.loss = BulkLoss(since, "canary" if self.is_open else "connection")
        return self.loss

    def _missing_since(self) -> float | None:
        if not self.is_open:
            return self._lost_at
        return next(iter(self._in_flight.values()), None)

    def _learn_least(self, round_trip_s: float, now: float) -> None:
        """Keep the least of this span of time and of the one before it."""
        if not self._least or now - self._least[-1][0] >= _LEAST_OF_S:
            self._least = [*self._least[-1:], (now, round_trip_s)]
        begin, least = self._least[-1]
        self._least[-1] = (begin, min(least, round_trip_s))
