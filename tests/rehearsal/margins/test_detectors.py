"""The detectors beside ours, on traces whose deadlines were worked out by hand."""

import math

import pytest

from venuewatch.rehearsal.margins.detectors.chen import Chen, alpha_for
from venuewatch.rehearsal.margins.detectors.fixed import Fixed
from venuewatch.rehearsal.margins.detectors.phi import Phi

SIGMAS = 5.612001  # where a normal distribution's tail is 1e-8


def test_before_the_first_beat_nobody_is_suspected() -> None:
    detectors = (Fixed(1.0), Phi(1.0), Chen(1.0, alpha_s=1.0))

    assert [detector.deadline for detector in detectors] == [math.inf] * 3


def test_a_fixed_timeout_is_three_intervals_after_the_last_beat() -> None:
    detector = Fixed(2.0)

    detector.hear(0, 10.0)
    detector.hear(1, 13.5)

    assert detector.deadline == 19.5


def test_phi_of_regular_beats_is_their_interval_and_the_least_deviation() -> None:
    detector = Phi(1.0, window=4)

    for number in range(10):
        detector.hear(number, float(number))

    assert detector.deadline == pytest.approx(9.0 + 1.0 + SIGMAS * 0.1)


def test_phi_follows_the_deviation_of_what_it_has_seen() -> None:
    detector = Phi(1.0, window=4)

    now = 0.0
    detector.hear(0, now)
    for number, time_s in enumerate((0.5, 1.5, 0.5, 1.5), start=1):
        now += time_s
        detector.hear(number, now)

    assert detector.deadline == pytest.approx(4.0 + 1.0 + SIGMAS * 0.5)


def test_phi_begins_with_a_guess_of_the_interval_and_a_quarter_of_it() -> None:
    detector = Phi(1.0)

    detector.hear(0, 7.0)

    assert detector.deadline == pytest.approx(7.0 + 1.0 + SIGMAS * 0.25)


def test_phi_grants_a_pause_besides() -> None:
    patient, plain = Phi(1.0, pause_s=3.0), Phi(1.0)

    patient.hear(0, 0.0)
    plain.hear(0, 0.0)

    assert patient.deadline == pytest.approx(plain.deadline + 3.0)


def test_chen_expects_the_next_beat_where_the_mean_of_the_last_puts_it() -> None:
    detector = Chen(1.0, alpha_s=0.5, window=3)

    for number, delay_s in enumerate((9.0, 0.25, 0.125, 0.75)):
        detector.hear(number, number + delay_s)

    # the first is out of the window: (0.25 + 0.125 + 0.75) / 3 = 0.375, and beat 4 is next
    assert detector.deadline == pytest.approx(4.375 + 0.5)


def test_chen_expects_by_the_newest_beat_whatever_comes_late() -> None:
    detector = Chen(1.0, alpha_s=0.0)

    detector.hear(5, 5.5)
    detector.hear(4, 5.5)

    assert detector.deadline == pytest.approx((0.5 + 1.5) / 2 + 6.0)


def test_chens_alpha_is_the_least_whose_bound_keeps_mistakes_rare() -> None:
    # With V = 0.01: alpha 0.9 gives beta 0.01 / 0.82, alpha 1.0 gives 0.01 / 1.01.
    alpha_s = alpha_for(100.0, interval_s=1.0, variance_s2=0.01)

    assert alpha_s == pytest.approx(1.0)


def test_chens_alpha_multiplies_over_the_beats_that_it_spans() -> None:
    # alpha 1.5: 0.01 / 2.26 x 0.01 / 0.26 = 1.7e-4; alpha 1.4: 0.01 / 1.97 x 0.01 / 0.17 = 3.0e-4
    alpha_s = alpha_for(5_000.0, interval_s=1.0, variance_s2=0.01)

    assert alpha_s == pytest.approx(1.5)
