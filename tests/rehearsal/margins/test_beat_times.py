"""Simulated agents beat when the real ones do."""

import itertools
import random

from venuewatch.rehearsal.margins.beat_times import phase_s
from venuewatch.rehearsal.margins.links import LINKS


def test_over_a_satellite_beats_arrive_shortly_before_the_tick() -> None:
    model, rng = LINKS["satellite"], random.Random(1)

    gaps = [-(phase_s(model, rng, interval_s=1.0) + model.rtt_s / 2) % 1.0 for _ in range(200)]

    assert min(gaps) >= 0.05
    assert max(gaps) <= 0.5  # jitter is part of the round trip that the agent reckons with


def test_nearby_they_arrive_at_any_time() -> None:
    model, rng = LINKS["wired"], random.Random(1)

    phases = sorted(phase_s(model, rng, interval_s=1.0) for _ in range(200))

    assert max(b - a for a, b in itertools.pairwise(phases)) < 0.1
    assert phases[0] >= 0.0
    assert phases[-1] < 1.0
