"""A packet that travels alone, reckoned in fewer steps, fares as ``Sender`` says."""

import math
import random
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from venuewatch.rehearsal.tcp.lone import LoneSender
from venuewatch.rehearsal.tcp.round_trip import RoundTrip
from venuewatch.rehearsal.tcp.sender import THIN_RETRIES, Sender

WINDOW = 4
END_S = 60.0
SHORT, LONG, TOO_LONG = 0.01, 0.15, 0.3
"""Ways (s): packet and answer come before any timer could ring, only the packet does, neither."""


class Line(NamedTuple):
    """A path in both directions: ``way_s`` and up to ``jitter_s`` long, which loses packets."""

    way_s: float
    jitter_s: float
    loss: float
    refuses: float


class Fared(NamedTuple):
    """What became of all packets, when something was next after each, and how chance stands."""

    arrived: list[object]
    stands: list[object]
    round_trip: tuple[float, ...]
    chance: object


lines = st.builds(
    Line,
    st.sampled_from([SHORT, LONG, TOO_LONG]),
    st.sampled_from([0.0, 0.01, 0.5]),
    st.sampled_from([0.0, 0.02, 0.4]),
    st.sampled_from([0.0, 0.05]),
)
gaps = st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.3, 1.0, 5.0]), min_size=1, max_size=30)


def fared(kind: type[Sender], line: Line, gaps_s: list[float], seed: int) -> Fared:
    """Write a packet after each gap, and ask the sender whenever it wants to be."""
    rng = random.Random(seed)

    def carry(now: float) -> float | None:
        if rng.random() < line.loss:
            return None
        return now + line.way_s + rng.random() * line.jitter_s

    sender = kind(
        carry, carry, RoundTrip(2 * line.way_s), rto_max_s=1.0, linear_retries=THIN_RETRIES
    )
    sender.repeat_every_s = math.inf
    sender.window = WINDOW
    sender.refuses = lambda _numbers: rng.random() < line.refuses
    now, arrived, stands = 0.0, list[object](), list[object]()
    for number, gap_s in enumerate([*gaps_s, END_S]):
        until = now + gap_s
        while sender.next_at <= until:
            now = sender.next_at
            sender.advance(now)
            arrived += sender.arrivals
            sender.arrivals = []
        now = until
        if number < len(gaps_s):
            sender.write(number, now)
        is_there = [sender.is_acknowledged(each) for each in range(number + 1)]
        stands.append((sender.next_at, sender.settles_at, sender.is_idle, is_there))
    trip = sender.round_trip
    known = trip.smoothed_s, trip.least_s, trip.spread_s, sender.acknowledged_at
    return Fared(arrived, stands, known, rng.getstate())


@given(line=lines, gaps_s=gaps, seed=st.integers(0, 10_000))
@example(line=Line(SHORT, 0.0, 0.0, 0.0), gaps_s=[0.0, 1.0, 1.0], seed=1)
@example(line=Line(SHORT, 0.0, 0.0, 0.0), gaps_s=[0.0, 0.01, 0.01], seed=1)
@example(line=Line(TOO_LONG, 0.0, 0.0, 0.0), gaps_s=[1.0, 1.0], seed=1)
def test_lone_packets_fare_as_any_others(line: Line, gaps_s: list[float], seed: int) -> None:
    assert fared(LoneSender, line, gaps_s, seed) == fared(Sender, line, gaps_s, seed)
