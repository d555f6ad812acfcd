"""Carries one host's packets over loss, jitter, queues and gaps of its link."""

import math
import random

from venuewatch.rehearsal.margins.links import LinkModel
from venuewatch.rehearsal.margins.outages import Course, Span


class Channel:
    """Carries packets both ways; asked in order of time.

    ``skip`` is how many beats pass undisturbed: with independent loss, and with bursts that are
    long over when the next beat is sent, the number of beats before the next lost packet is
    geometric, so it can be drawn instead of tried.
    """

    def __init__(
        self,
        model: LinkModel,
        rng: random.Random,
        *,
        gaps: list[Span],
        spikes: list[Span],
        interval_s: float,
    ) -> None:
        self._rng = rng
        self._way_s = model.rtt_s / 2
        self._jitter_rate = 1 / model.jitter_s
        self._gaps = Course(gaps)
        self._spikes = Course(spikes)
        self._share = model.loss
        self._decay = 1 / (model.burst_s * (1 - model.loss)) if model.burst_s else 0.0
        self._is_bad = False
        self._asked_at = -math.inf
        self._foreseen: list[bool] = []
        self._calm_until = -math.inf
        self._up_until = self._down_until = -math.inf
        lost_up = self._chance(interval_s - model.rtt_s / 2, was_bad=False)
        lost_down = self._chance(model.rtt_s / 2, was_bad=False)
        self._lost_up = lost_up
        self._lost_either = lost_up + (1 - lost_up) * lost_down

    def up(self, now: float) -> float | None:
        """Return when (s) a packet from the host arrives, None if it is lost."""
        arrives = self._carry(now)
        if arrives is not None:
            self._up_until = arrives = max(arrives, self._up_until)
        return arrives

    def down(self, now: float) -> float | None:
        """Return when (s) a packet to the host arrives, None if it is lost."""
        arrives = self._carry(now)
        if arrives is not None:
            self._down_until = arrives = max(arrives, self._down_until)
        return arrives

    def skip(self) -> float:
        """Draw how many beats pass before the next that loses a packet; infinity for never."""
        if not self._lost_either:
            return math.inf
        return math.floor(math.log(1.0 - self._rng.random()) / math.log1p(-self._lost_either))

    def lose_next(self) -> bool:
        """Lose the next beat's packet, or its acknowledgement, each as likely as it is.

        Return whether it is the packet.
        """
        is_up = self._rng.random() * self._lost_either < self._lost_up
        self._foreseen = [True] if is_up else [True, False]
        return is_up

    def passes(self, lost_at: float, moments: tuple[float, ...]) -> bool:
        """Tell whether all packets pass that follow, at these moments (s), the one to be lost.

        If so they are gone. If not, their fate stands, and they are still to be carried.
        """
        self._is_bad, self._asked_at = True, lost_at
        fates: list[bool] = []
        for moment in moments:
            self._is_bad = self._draw(moment)
            self._asked_at = moment
            fates.append(self._is_bad)
            if self._is_bad:
                self._foreseen = fates[::-1] + self._foreseen
                return False
        self._foreseen = []
        return True

    def jitter(self) -> float:
        """Draw by how much (s) one packet comes later than the first could."""
        return self._rng.expovariate(self._jitter_rate)

    def next_trouble(self, now: float) -> float:
        """Return when (s) the link is next, or still, not itself."""
        return min(self._gaps.next_start(now), self._spikes.next_start(now))

    def _carry(self, now: float) -> float | None:
        is_lost = self._foreseen.pop() if self._foreseen else self._draw(now)
        if self._decay:
            self._is_bad, self._asked_at = is_lost, now
        if is_lost:
            return None
        arrives = now + self._way_s + self._rng.expovariate(self._jitter_rate)
        if now < self._calm_until:
            return arrives
        self._calm_until = self.next_trouble(now)
        if self._gaps.within(now) is not None:
            return None
        spike = self._spikes.within(now)
        if spike is not None:
            arrives += spike.peak * (spike.end - now) / (spike.end - spike.start)
        return arrives

    def _draw(self, now: float) -> bool:
        return self._rng.random() < self._chance(now - self._asked_at, was_bad=self._is_bad)

    def _chance(self, since_s: float, *, was_bad: bool) -> float:
        """Return how likely a packet is lost, ``since_s`` after one that was (not) lost.

        For bursts: the two-state Markov chain in continuous time (Gilbert 1960, Elliott 1963).
        """
        if not self._decay:
            return self._share
        faded = math.exp(-self._decay * since_s)
        return self._share + (was_bad - self._share) * faded
