"""Falls that add up are one incident."""

import pytest

from aggregator.core.cases import Falls
from aggregator.core.rules.flapping import SUPPRESS, judge
from tests.aggregator.cases import AT, cause_of, evidence_of


@pytest.mark.parametrize("penalty", [SUPPRESS, 2_999.0, 60_000.0])
def test_falls_over_the_limit_are_flapping(penalty: float) -> None:
    assert cause_of(judge(Falls(AT, "STA", "s1", 3, penalty))) == "flapping"


@pytest.mark.parametrize("penalty", [1_000.0, 2_000.0, SUPPRESS - 0.5])
def test_a_few_falls_are_not(penalty: float) -> None:
    assert judge(Falls(AT, "STA", "s1", 2, penalty)) is None


def test_it_lists_how_many_falls_add_up_to_what() -> None:
    seen = evidence_of(judge(Falls(AT, "STA", "s1", 3, 2_870.7)))["falls"]

    assert (seen.at, seen.detail) == (AT, {"falls": 3, "penalty": 2_871})
