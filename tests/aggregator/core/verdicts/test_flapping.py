"""Damping: falls add up, and half of what they add up to is gone after each half-life."""

import pytest

from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.flapping import REUSE, SUPPRESS, Damping, judge


@pytest.fixture
def damping() -> Damping:
    return Damping()


@pytest.mark.parametrize(
    ("after_s", "left"),
    [(-50.0, 1_000), (0.0, 1_000), (150.0, 707.107), (300.0, 500), (600.0, 250), (3_000.0, 0.977)],
)
def test_a_fall_fades_by_half_each_half_life(damping: Damping, after_s: float, left: float) -> None:
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
def test_a_fall_adds_to_what_is_left(
    damping: Damping, at: tuple[float, ...], penalties: tuple[float, ...]
) -> None:
    assert [damping.fall(when) for when in at] == pytest.approx(penalties, abs=0.001)


@pytest.mark.parametrize(("falls", "after_s"), [(1, 96.578), (2, 396.578), (3, 572.067)])
def test_falls_are_news_again_when_the_penalty_faded(
    damping: Damping, falls: int, after_s: float
) -> None:
    for _ in range(falls):
        damping.fall(50.0)

    reuse_at = damping.reuse_at()

    assert reuse_at == pytest.approx(50.0 + after_s, abs=0.001)  # 300 * log2(falls / 0.8)
    assert damping.penalty(reuse_at) == pytest.approx(REUSE)


def test_a_subject_that_never_fell_has_no_penalty(damping: Damping) -> None:
    assert damping.penalty(1_000.0) == 0.0
    assert damping.reuse_at() <= 1_000.0


def test_falls_count_until_nothing_is_left_of_them(damping: Damping) -> None:
    for at in (0.0, 60.0, 120.0):
        damping.fall(at)
    counted = damping.falls

    damping.fall(120.0 + 3_600.0)  # twelve half-lives: 2628 / 4096

    assert (counted, damping.falls) == (3, 1)


@pytest.mark.parametrize(
    ("penalty", "is_flapping"),
    [(1_000.0, False), (SUPPRESS - 0.5, False), (SUPPRESS, True), (60_000.0, True)],
)
def test_a_penalty_over_the_limit_is_flapping(penalty: float, *, is_flapping: bool) -> None:
    assert (judge(20.0, 3, penalty) is not None) is is_flapping


def test_flapping_lists_its_falls_and_its_penalty() -> None:
    verdict = judge(20.0, 3, 2_870.7)

    assert verdict is not None
    assert verdict.cause is Cause.FLAPPING
    (seen,) = verdict.evidence
    assert tuple(seen) == (20.0, "centre", "falls", {"falls": 3, "penalty": 2_871})
