"""Computes when a host's beats are due, and when the broker has one that nothing disturbs."""

import math
import random
from copy import copy

from agent.beat_times import LEAST_LEAD_S, MOST_LEAD_S, Lead
from venuewatch.rehearsal.margins.links import LinkModel
from venuewatch.rehearsal.tcp.round_trip import RoundTrip

_SAMPLES = 65_536
_WARM = 64
_TICKS = 8


class CalmPast:
    """Jitter and round trips of a class of link that was undisturbed for long."""

    def __init__(self, model: LinkModel) -> None:
        rng = random.Random(f"pool/{model}")
        rate = 1 / model.jitter_s
        self.jitter_s = [rng.expovariate(rate) for _ in range(_SAMPLES)]
        trip = RoundTrip(model.rtt_s)
        self._trips: list[RoundTrip] = []
        for there_s, back_s in zip(self.jitter_s, reversed(self.jitter_s[:2_048]), strict=False):
            trip.observe(model.rtt_s + there_s + back_s)
            self._trips.append(copy(trip))

    def round_trip(self, rng: random.Random) -> RoundTrip:
        """Return the estimate of a connection that has long been undisturbed."""
        return copy(self._trips[_WARM + int(rng.random() * (len(self._trips) - _WARM))])


def phase_s(
    model: LinkModel, rng: random.Random, *, interval_s: float, follows_ticks: bool = True
) -> float:
    """Draw when (s) a host's first beat is due: any time, and then as the agent moves it.

    The centre's ticks pass the broker at whole seconds.
    """
    lead_s = LEAST_LEAD_S + rng.random() * (MOST_LEAD_S - LEAST_LEAD_S)
    lead = Lead(interval_s=interval_s, lead_s=lead_s)
    for tick in range(_TICKS):
        lead.hear_tick(tick + model.rtt_s / 2 + rng.expovariate(1 / model.jitter_s))
    first = rng.random() * interval_s
    round_trip_s = model.rtt_s if follows_ticks else None
    return (first - lead.earlier_by_s(first, round_trip_s)) % interval_s


class BeatTimes:
    """The beats of one host, numbered from 0 at ``phase_s``, ``interval_s`` apart."""

    def __init__(
        self, model: LinkModel, past: CalmPast, *, phase_s: float, interval_s: float
    ) -> None:
        self.phase_s = phase_s
        self.interval_s = interval_s
        self.way_s = model.rtt_s / 2
        self.past = past
        self._jitter_s = past.jitter_s
        self._offset = int(phase_s * _SAMPLES)

    def due(self, number: int) -> float:
        """Return when (s) a beat is due."""
        return self.phase_s + number * self.interval_s

    def first_due(self, since: float) -> int:
        """Return the number of the first beat that is due at ``since`` (s) or after."""
        return max(0, math.ceil((since - self.phase_s) / self.interval_s))

    def newest_due(self, now: float) -> int:
        """Return the number of the newest beat that is due by ``now`` (s)."""
        return math.floor((now - self.phase_s) / self.interval_s)

    def heard(self, number: int) -> float:
        """Return when (s) a beat is heard that nothing disturbs."""
        return self.due(number) + self.way_s + self._jitter(number)

    def round_trip_s(self, number: int) -> float:
        """Return the round trip (s) that the host measures by such a beat."""
        return 2 * self.way_s + self._jitter(number) + self._jitter(number + _SAMPLES // 2)

    def _jitter(self, number: int) -> float:
        return self._jitter_s[(number + self._offset) % _SAMPLES]
