"""Sends as ``Sender`` does, and reckons a packet that travels alone in fewer steps.

Most packets find nothing else under way, arrive, and are answered before any timer could ring. All
there is of such a one are three moments: sent, arrived, answered. When anything else comes (another
packet, a loss, a long way, a refusal) it is handed to ``Sender`` as if it had been there all along.
So the same happens at the same times.
"""

import math
from typing import TypeAlias

from venuewatch.rehearsal.tcp.round_trip import RTO_MIN_S, RoundTrip
from venuewatch.rehearsal.tcp.sender import ACK, ARRIVE, Arrival, Carry, Segment, Sender

_Lone: TypeAlias = tuple[int, float, float, bool]
"""Its number, when (s) it was sent, when something happens next, and whether it was received."""


class LoneSender(Sender):
    """A ``Sender`` that holds no beat back, and whose receiver acknowledges each packet once."""

    def __init__(
        self,
        up: Carry,
        down: Carry,
        round_trip: RoundTrip,
        *,
        rto_max_s: float,
        linear_retries: int,
    ) -> None:
        super().__init__(up, down, round_trip, rto_max_s=rto_max_s, linear_retries=linear_retries)
        self.repeat_every_s = math.inf
        self._lone: _Lone | None = None

    @property
    def is_idle(self) -> bool:
        """Whether everything that was written is acknowledged."""
        return self._lone is None and super().is_idle

    def is_acknowledged(self, number: int) -> bool:
        """Tell whether the sender knows that everything up to ``number`` has arrived."""
        lone = self._lone
        return super().is_acknowledged(number) if lone is None else number < lone[0]

    @property
    def next_at(self) -> float:
        """When (s) something happens next; infinity if nothing is under way."""
        return super().next_at if self._lone is None else self._lone[2]

    @property
    def settles_at(self) -> float:
        """When (s) it learns that all has arrived; see ``Sender``."""
        lone = self._lone
        if lone is None:
            return super().settles_at
        return lone[2] if lone[3] else math.inf

    def write(self, number: int, now: float) -> None:
        """Hand in one packet."""
        if self._lone is not None:
            self._join(self._lone)
        if self._flight or self._waiting or self._is_held or self._backoff:
            super().write(number, now)
            return
        arrives = self._up(now)
        self._lone = lone = number, now, math.inf if arrives is None else arrives, False
        if lone[2] - now > RTO_MIN_S:
            self._join(lone)

    def advance(self, now: float) -> None:
        """Let everything happen that is due by ``now``."""
        lone = self._lone
        if lone is None:
            super().advance(now)
        elif lone[2] <= now:
            if lone[3]:
                self._settle(lone)
            else:
                self._receive(lone)
                if self.next_at <= now:
                    self.advance(now)

    def _settle(self, lone: _Lone) -> None:
        """Hear that it has arrived."""
        _, sent, at, _ = lone
        self._lone = None
        self.round_trip.observe(at - sent)
        self.acknowledged_at = at

    def _receive(self, lone: _Lone) -> None:
        """Hand it to the receiver, which answers, or refuses it."""
        number, sent, at, _ = lone
        if self.refuses([number]):
            self._join((number, sent, math.inf, False))
            return
        self.arrivals.append(Arrival(at, number, sent))
        self._newest_received = sent
        answered = self._down(at)
        self._lone = lone = number, sent, math.inf if answered is None else answered, True
        if lone[2] - sent > RTO_MIN_S:
            self._join(lone)

    def _join(self, lone: _Lone) -> None:
        """Treat it as any other from now on; what happens next at infinity never does."""
        number, sent, at, is_received = lone
        self._lone = None
        segment = Segment([number])
        segment.sent = sent
        if is_received:
            segment.is_received = True
            segment.numbers = []
        self._flight.append(segment)
        if at < math.inf:
            self._push(at, ACK if is_received else ARRIVE, [segment], sent)
        self._set_timer(sent)
