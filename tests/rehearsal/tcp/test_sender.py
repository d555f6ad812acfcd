"""The model of TCP against figures worked out by hand, and against those of a real Linux."""

import pytest

from agent.beat_times import RETRY_S
from venuewatch.rehearsal.tcp.round_trip import RoundTrip, rings_at
from venuewatch.rehearsal.tcp.sender import RTO_MAX_S, Sender

CALM_RTT_S = 0.02


def steady(rtt_s: float) -> RoundTrip:
    """Return what a connection knows whose round trip was always the same."""
    trip = RoundTrip(rtt_s)
    for _ in range(60):
        trip.observe(rtt_s)
    return trip


class Line:
    """A path without jitter that loses what it is told to, and remembers what was sent."""

    def __init__(self, rtt_s: float, *, lost: int = 0, gap_until: float = -1.0) -> None:
        self.way_s = rtt_s / 2
        self.lost = lost
        self.gap_until = gap_until
        self.sent: list[float] = []

    def up(self, now: float) -> float | None:
        self.sent.append(now)
        if now < self.gap_until:
            return None
        if self.lost and now != round(now):  # a beat's own first packet is sent on the second
            self.lost -= 1
            return None
        if self.lost and now == 0.0:
            self.lost -= 1
            return None
        return now + self.way_s

    def down(self, now: float) -> float | None:
        return None if now < self.gap_until else now + self.way_s


def beat(
    line: Line, rtt_s: float, beats: int, rto_max_s: float = RTO_MAX_S, *, holds: bool = False
) -> Sender:
    """Write a beat each second from 0 on, and let everything come to its end."""
    sender = Sender(line.up, line.down, steady(rtt_s), rto_max_s=rto_max_s, holds=holds)
    for number in range(beats):
        sender.advance(number)
        sender.write(number, number)
    sender.advance(10_000.0)
    return sender


def test_the_first_sample_makes_the_first_timeout() -> None:
    trip = RoundTrip(0.5)

    assert trip.rto_s == pytest.approx(0.5 + 4 * 0.25)  # RFC 6298, 2.2


def test_the_next_sample_moves_mean_and_variance_as_the_rfc_says() -> None:
    trip = RoundTrip(0.1)

    trip.observe(0.2)

    assert trip.smoothed_s == pytest.approx(0.875 * 0.1 + 0.125 * 0.2)  # RFC 6298, 2.3
    assert trip.spread_s == pytest.approx(4 * (0.75 * 0.05 + 0.25 * 0.1))
    assert trip.rto_s == pytest.approx(0.1125 + 4 * 0.0625)


def test_a_late_answer_is_remembered_for_longer_than_the_rfc_asks() -> None:
    trip = steady(0.6)

    trip.observe(1.1)
    late_s = trip.rto_s
    trip.observe(0.6)

    assert late_s == pytest.approx(0.6625 + 0.5, abs=1e-6)
    # the deviation falls from 0.5 to 0.4375, what is waited for by a quarter of that
    assert trip.rto_s == pytest.approx(0.6546875 + 0.5 - 0.0625 / 4, abs=1e-6)


def test_the_timeout_is_never_less_than_the_round_trip_and_200_ms() -> None:
    assert steady(CALM_RTT_S).rto_s == pytest.approx(CALM_RTT_S + 0.2)


@pytest.mark.parametrize(
    ("timeout_s", "step_s"), [(0.2, 0.004), (0.4, 0.032), (3.0, 0.256), (30.0, 2.048)]
)
def test_a_timer_rings_late_by_no_more_than_its_wheels_step(
    timeout_s: float, step_s: float
) -> None:
    late = [rings_at(now / 7, timeout_s) - now / 7 - timeout_s for now in range(100)]

    assert min(late) > 0
    assert max(late) <= step_s + 1e-9


# Measured with Linux 6.18, stock settings: when the copies of a lost beat were sent, a beat each
# second, the first copies dropped. With 600 ms the third follows the next beat's acknowledgement.
MEASURED = [
    (0.02, 1, [0.0, 0.23]),
    (0.02, 2, [0.0, 0.23, 0.46]),
    (0.02, 3, [0.0, 0.23, 0.46, 0.91]),
    (0.02, 4, [0.0, 0.23, 0.46, 0.91, 1.84]),
    (0.02, 5, [0.0, 0.23, 0.45, 0.91, 1.84, 3.67]),
    (0.02, 6, [0.0, 0.23, 0.45, 0.91, 1.84, 3.67, 7.35]),
    (0.1, 3, [0.0, 0.32, 0.64, 1.28]),
    (0.1, 5, [0.0, 0.32, 0.64, 1.28, 2.53, 5.22]),
    (0.6, 1, [0.0, 0.84]),
    (0.6, 2, [0.0, 0.84, 1.60]),
    (0.6, 3, [0.0, 0.84, 1.60, 2.44]),
    (0.6, 4, [0.0, 0.84, 1.60, 2.44, 4.14]),
    (0.6, 6, [0.0, 0.84, 1.60, 2.44, 4.14, 7.53, 14.44]),
]


@pytest.mark.parametrize(("rtt_s", "lost", "measured_s"), MEASURED)
def test_a_lost_beat_is_sent_again_when_linux_does(
    rtt_s: float, lost: int, measured_s: list[float]
) -> None:
    line = Line(rtt_s, lost=lost)

    sender = beat(line, rtt_s, beats=20)

    copies = [sent for sent in line.sent if sent == 0.0 or sent != round(sent)]
    assert copies[: len(measured_s)] == pytest.approx(measured_s, rel=0.05, abs=0.04)
    assert sender.arrivals[0].at == pytest.approx(copies[lost] + rtt_s / 2)


def test_without_answers_the_ladder_doubles_from_the_second_timeout_on() -> None:
    line = Line(CALM_RTT_S, gap_until=1_000.0)

    beat(line, CALM_RTT_S, beats=1)

    waits = [after - before for before, after in zip(line.sent, line.sent[1:], strict=False)]
    rto_s = CALM_RTT_S + 0.2
    doubled = [rto_s, *(rto_s * 2.0**step for step in range(9))]
    assert waits[:10] == pytest.approx(doubled, rel=0.15, abs=0.004)  # the wheel: up to an eighth


def test_the_ladder_ends_at_two_minutes_or_where_it_is_told_to() -> None:
    stock, tuned = Line(CALM_RTT_S, gap_until=2_000.0), Line(CALM_RTT_S, gap_until=60.0)

    beat(stock, CALM_RTT_S, beats=1)
    beat(tuned, CALM_RTT_S, beats=1, rto_max_s=1.0)

    assert max(b - a for a, b in zip(stock.sent, stock.sent[1:], strict=False)) < 120.0 + 2.048
    assert max(b - a for a, b in zip(tuned.sent, tuned.sent[1:], strict=False)) <= 1.0 + 0.032


def test_what_waited_behind_a_lost_beat_comes_in_one_burst() -> None:
    line = Line(CALM_RTT_S, gap_until=2.9)

    arrivals = beat(line, CALM_RTT_S, beats=6).arrivals

    assert [arrival.number for arrival in arrivals] == [0, 1, 2, 3, 4, 5]
    assert arrivals[0].at == pytest.approx(3.67, rel=0.05)
    assert arrivals[1].at == pytest.approx(arrivals[0].at + CALM_RTT_S)
    assert len({arrival.at for arrival in arrivals[1:4]}) == 1
    assert arrivals[4].at == 4.0 + CALM_RTT_S / 2


def test_beats_that_overtook_a_lost_one_wait_for_it_at_the_receiver() -> None:
    line = Line(0.6, lost=2)

    arrivals = beat(line, 0.6, beats=5).arrivals

    assert arrivals[0].at == arrivals[1].at == pytest.approx(1.90, abs=0.05)
    assert arrivals[1].sent < arrivals[0].at


def test_a_lost_acknowledgement_delays_nothing() -> None:
    line = Line(CALM_RTT_S)
    answers = iter((False, *(True for _ in range(50))))

    sender = Sender(
        line.up, lambda now: line.down(now) if next(answers) else None, steady(CALM_RTT_S)
    )
    for number in range(5):
        sender.advance(number)
        sender.write(number, number)
    sender.advance(100.0)

    assert [arrival.at for arrival in sender.arrivals] == [n + CALM_RTT_S / 2 for n in range(5)]
    assert sender.is_idle


# Measured likewise, after the answer to the last beat but one was lost and came with a tick, half
# a second late: the timeout is then longer than the interval, the probe repeats the wrong beat,
# the timeout is taken for rash, and four segments in flight are no thin stream any more.
AFTER_A_LATE_ANSWER = [0.0, 2.17, 3.67, 5.95, 10.31]


@pytest.mark.parametrize("linear_retries", [0, 6])
def test_after_a_late_answer_the_ladder_is_that_of_linux(linear_retries: int) -> None:
    sent: list[float] = []
    begins = 20.2  # so that ticks leave 0.8 s after each beat
    sender = Sender(
        lambda now: None if is_lost(now) else now + 0.3,
        lambda now: None if -1.74 < now - begins < -1.66 else now + 0.3,
        steady(0.6),
        linear_retries=linear_retries,
    )

    def is_lost(now: float) -> bool:
        sent.append(now - begins)
        return begins - 0.1 < now < begins + 8.0 and not is_of_another(now - begins)

    def is_of_another(at: float) -> bool:
        return any(abs(at - other) < 0.01 for other in (1.0, 2.0, 3.0)) or 1.0 < at < 1.5

    for number in range(-14, 9):
        sender.advance(number + begins)
        sender.write(number, number + begins)
    sender.advance(1_000.0)

    ours = [at for at in sent if at > -0.1 and not is_of_another(at)]
    assert ours[:5] == pytest.approx(AFTER_A_LATE_ANSWER, rel=0.04, abs=0.15)


def test_an_agent_that_holds_beats_back_sends_nothing_behind_a_lost_one() -> None:
    line = Line(0.6, lost=4)

    arrivals = beat(line, 0.6, beats=6, holds=True).arrivals

    assert line.sent[:5] == pytest.approx(
        [0.0, 0.83, 1.66, 3.33, 6.66],
        abs=0.05,  # one ladder
    )
    assert [arrival.number for arrival in arrivals] == [0, 5]
    acknowledged_at = arrivals[0].at + 0.3
    assert acknowledged_at < arrivals[1].sent <= acknowledged_at + RETRY_S


def test_an_agent_that_holds_beats_back_sends_them_on_time_while_nothing_is_lost() -> None:
    line = Line(0.6)

    arrivals = beat(line, 0.6, beats=5, holds=True).arrivals

    assert [arrival.at for arrival in arrivals] == [n + 0.3 for n in range(5)]
