"""Estimates a connection's round trip as Linux does, and rounds its timers."""

import math
from typing import Final

RTO_MIN_S: Final = 0.2  # TCP_RTO_MIN, linux/include/net/tcp.h

# How coarse (s) Linux's timer wheel is for a timeout of up to so long (s), at 250 ticks a second
# as Debian and Ubuntu build it: the table in linux/kernel/time/timer.c.
_WHEEL: Final = ((0.252, 0.004), (2.016, 0.032), (16.128, 0.256), (math.inf, 2.048))


def rings_at(now: float, timeout_s: float) -> float:
    """Return when (s) a kernel timer rings that is set now: rounded up to what its wheel knows."""
    for reach_s, step_s in _WHEEL:
        if timeout_s < reach_s:
            return (math.floor((now + timeout_s) / step_s) + 1) * step_s
    raise ValueError(f"expected a finite timeout, got {timeout_s}")


class RoundTrip:
    """The smoothed round trip and what the retransmission timer makes of it.

    That of RFC 6298, 2, as Linux has it (tcp_rtt_estimator()): ``spread_s``, four times the
    deviation, grows as in the RFC and shrinks more slowly, and a round trip that was faster than
    expected counts for an eighth.
    """

    __slots__ = ("_deviation_s", "_peak_s", "least_s", "smoothed_s", "spread_s")

    def __init__(self, first_s: float) -> None:
        self.smoothed_s = first_s
        self.least_s = first_s
        self._deviation_s = 2 * first_s
        self.spread_s = self._peak_s = max(RTO_MIN_S, self._deviation_s)

    def observe(self, sample_s: float) -> None:
        """Take in one measured round trip (s)."""
        error_s = sample_s - self.smoothed_s
        self.smoothed_s += error_s / 8
        self.least_s = min(self.least_s, sample_s)
        change_s = abs(error_s) - self._deviation_s / 4
        if error_s < 0 < change_s:
            change_s /= 8
        self._deviation_s += change_s
        if self._deviation_s > self._peak_s:
            self._peak_s = self._deviation_s
            self.spread_s = max(self.spread_s, self._peak_s)
        if self._peak_s < self.spread_s:
            self.spread_s -= (self.spread_s - self._peak_s) / 4
        self._peak_s = RTO_MIN_S

    @property
    def rto_s(self) -> float:
        """The retransmission timeout (s) before any backoff."""
        return self.smoothed_s + self.spread_s

    def probe_at(self, sent: float) -> float:
        """Return when (s) a lone segment is probed for that was sent at the given moment."""
        return rings_at(sent, min(self.rto_s, 2 * self.smoothed_s + RTO_MIN_S))
