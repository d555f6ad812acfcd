"""Largest remainder, within floors and caps."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuewatch.rehearsal.plan.apportion import apportion

WEIGHTS = st.lists(st.floats(0.01, 100), min_size=1, max_size=30)


def test_the_largest_remainders_get_one_more() -> None:
    assert apportion(10, [5.4, 3.3, 1.3], random.Random(1)) == [6, 3, 1]
    assert apportion(7, [1.0, 1.0, 5.0], random.Random(1)) == [1, 1, 5]


@given(total=st.integers(0, 2000), weights=WEIGHTS, seed=st.integers(0, 9))
def test_each_share_is_exact_but_for_rounding(total: int, weights: list[float], seed: int) -> None:
    shares = apportion(total, weights, random.Random(seed))

    assert sum(shares) == total
    assert all(
        abs(share - total * weight / sum(weights)) < 1 + 1e-6
        for share, weight in zip(shares, weights, strict=True)
    )


@given(data=st.data(), weights=WEIGHTS)
def test_floors_and_caps_are_kept(data: st.DataObject, weights: list[float]) -> None:
    size = len(weights)
    floors = data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    caps = [floor + data.draw(st.integers(0, 9)) for floor in floors]
    total = data.draw(st.integers(sum(floors), sum(caps)))

    shares = apportion(total, weights, random.Random(1), floors=floors, caps=caps)

    assert sum(shares) == total
    assert all(low <= share <= high for low, share, high in zip(floors, shares, caps, strict=True))


@pytest.mark.parametrize(("total", "said"), [(1, "at least 2"), (7, "at most 6")])
def test_a_total_that_cannot_be_handed_out_is_refused(total: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        apportion(total, [1, 1], random.Random(1), floors=[1, 1], caps=[3, 3])
