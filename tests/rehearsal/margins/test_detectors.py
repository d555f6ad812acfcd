"""The detectors beside ours, on traces whose deadlines were worked out by hand."""

import math

import pytest

from venuewatch.rehearsal.margins.detectors import FailureDetector
from venuewatch.rehearsal.margins.detectors.chen import Chen, alpha_for
from venuewatch.rehearsal.margins.detectors.fixed import Fixed
from venuewatch.rehearsal.margins.detectors.phi import Phi

SIGMAS = 5.612001  # where a normal distribution's tail is 1e-8


def test_before_the_first_beat_nobody_is_suspected() -> None:
    detectors = (Fixed(1.0), Phi(1.0), Chen(1.0, alpha_s=1.0))

    assert [detector.deadline for detector in detectors] == [math.inf] * 3


REGULAR = [(number, float(number)) for number in range(10)]
DEADLINES = {
    "a fixed timeout: three intervals": (Fixed(2.0), [(0, 10.0), (1, 13.5)], 19.5),
    "phi of regular beats: the least deviation": (Phi(1.0, window=4), REGULAR, 10.0 + SIGMAS * 0.1),
    "phi: the deviation that it has seen": (
        Phi(1.0, window=4),
        [(0, 0.0), (1, 0.5), (2, 2.0), (3, 2.5), (4, 4.0)],
        4.0 + 1.0 + SIGMAS * 0.5,
    ),
    "phi begins: a quarter of the interval": (Phi(1.0), [(0, 7.0)], 7.0 + 1.0 + SIGMAS * 0.25),
    "phi: a pause besides": (Phi(1.0, pause_s=3.0), [(0, 7.0)], 7.0 + 1.0 + SIGMAS * 0.25 + 3.0),
    # the first is out of the window: (0.25 + 0.125 + 0.75) / 3 = 0.375, and beat 4 is next
    "chen: the mean of the last": (
        Chen(1.0, alpha_s=0.5, window=3),
        [(0, 9.0), (1, 1.25), (2, 2.125), (3, 3.75)],
        4.375 + 0.5,
    ),
    "chen: the newest beat, though one comes late": (
        Chen(1.0, alpha_s=0.0),
        [(5, 5.5), (4, 5.5)],
        (0.5 + 1.5) / 2 + 6.0,
    ),
}


@pytest.mark.parametrize(("detector", "beats", "deadline"), DEADLINES.values(), ids=DEADLINES)
def test_detector_suspects_at_the_deadline_worked_out_by_hand(
    detector: FailureDetector, beats: list[tuple[int, float]], deadline: float
) -> None:
    for number, at in beats:
        detector.hear(number, at)

    assert detector.deadline == pytest.approx(deadline)


def test_chens_alpha_is_the_least_whose_bound_keeps_mistakes_rare() -> None:
    # With V = 0.01: alpha 0.9 gives beta 0.01 / 0.82, alpha 1.0 gives 0.01 / 1.01.
    alpha_s = alpha_for(100.0, interval_s=1.0, variance_s2=0.01)

    assert alpha_s == pytest.approx(1.0)


def test_chens_alpha_multiplies_over_the_beats_that_it_spans() -> None:
    # alpha 1.5: 0.01 / 2.26 x 0.01 / 0.26 = 1.7e-4; alpha 1.4: 0.01 / 1.97 x 0.01 / 0.17 = 3.0e-4
    alpha_s = alpha_for(5_000.0, interval_s=1.0, variance_s2=0.01)

    assert alpha_s == pytest.approx(1.5)
