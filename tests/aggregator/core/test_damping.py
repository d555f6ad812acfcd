"""Falls add up, and half of what they add up to is gone after each half-life: by hand."""

import pytest

from aggregator.core.damping import FALL, HALF_LIFE_S, REUSE, Damping


@pytest.mark.parametrize(
    ("after_s", "left"),
    [
        (0.0, 1_000.0),
        (150.0, 707.107),  # 1000 / sqrt(2)
        (300.0, 500.0),
        (600.0, 250.0),
        (900.0, 125.0),
        (3_000.0, 0.977),  # 1000 / 1024
    ],
)
def test_a_fall_fades_by_half_each_five_minutes(after_s: float, left: float) -> None:
    damping = Damping()

    damping.fall(100.0)

    assert damping.penalty(100.0 + after_s) == pytest.approx(left, abs=0.001)


@pytest.mark.parametrize(
    ("at", "penalties"),
    [
        ((0.0, 0.0, 0.0), (1_000.0, 2_000.0, 3_000.0)),
        ((0.0, 300.0, 600.0), (1_000.0, 1_500.0, 1_750.0)),
        ((0.0, 60.0, 120.0), (1_000.0, 1_870.551, 2_628.409)),
        ((0.0, 600.0), (1_000.0, 1_250.0)),
    ],
)
def test_falls_add_up_to_what_is_left_of_those_before(
    at: tuple[float, ...], penalties: tuple[float, ...]
) -> None:
    damping = Damping()

    assert [damping.fall(when) for when in at] == pytest.approx(penalties, abs=0.001)


def test_however_often_it_falls_each_five_minutes_it_adds_up_to_twice_one_fall() -> None:
    damping = Damping()

    for number in range(100):
        last = damping.fall(number * HALF_LIFE_S)

    assert last == pytest.approx(2 * FALL)


@pytest.mark.parametrize(("falls", "after_s"), [(1, 96.578), (2, 396.578), (3, 572.067)])
def test_it_is_used_again_when_the_penalty_has_faded(falls: int, after_s: float) -> None:
    damping = Damping()
    for _ in range(falls):
        damping.fall(50.0)

    reuse_at = damping.reuse_at()

    assert reuse_at == pytest.approx(50.0 + after_s, abs=0.001)  # 300 * log2(falls / 0.8)
    assert damping.penalty(reuse_at) == pytest.approx(REUSE)


def test_what_never_fell_can_be_used_at_once() -> None:
    damping = Damping()

    assert damping.penalty(1_000.0) == 0.0
    assert damping.reuse_at() <= 1_000.0


def test_falls_are_counted_until_nothing_is_left_of_them() -> None:
    damping = Damping()
    for at in (0.0, 60.0, 120.0):
        damping.fall(at)
    counted = damping.falls

    damping.fall(120.0 + 3_600.0)  # twelve half-lives: 2628 / 4096

    assert (counted, damping.falls) == (3, 1)


def test_time_that_seems_to_go_back_adds_nothing() -> None:
    damping = Damping()

    damping.fall(100.0)

    assert damping.penalty(50.0) == FALL
