"""A host's clock is judged against what the fleet agrees on, not against ours."""

import pytest

from aggregator.core.cases import Clocks
from aggregator.core.evidence import Verdict, Wait
from aggregator.core.rules.clock_skew import LIMIT_S, judge
from tests.aggregator.cases import AT, cause_of, evidence_of, host


def judged(
    offset_s: float, *, fleet_s: float = 0.0, uncertainty_s: float = 0.0
) -> Verdict | Wait | None:
    return judge(Clocks(AT, host(), offset_s, fleet_s, uncertainty_s))


@pytest.mark.parametrize("offset_s", [1.25, -1.25, 3_600.0, -2e9])
def test_a_clock_that_is_far_off_the_fleets_is_wrong(offset_s: float) -> None:
    assert cause_of(judged(offset_s)) == "clock_skew"


@pytest.mark.parametrize("offset_s", [0.0, 0.75, -0.75, LIMIT_S, -LIMIT_S])
def test_a_clock_that_is_nearly_right_is_not(offset_s: float) -> None:
    assert judged(offset_s) is None


@pytest.mark.parametrize("offset_s", [2.75, -2.75])
def test_what_a_slow_message_may_explain_is_not_the_clocks(offset_s: float) -> None:
    assert judged(offset_s, uncertainty_s=1.75) is None
    assert cause_of(judged(offset_s, uncertainty_s=1.5)) == "clock_skew"


def test_where_the_whole_fleet_differs_from_us_nobody_is_wrong() -> None:
    assert judged(3_600.5, fleet_s=3_600.0) is None


def test_where_the_whole_fleet_differs_from_us_who_agrees_with_us_is_wrong() -> None:
    assert cause_of(judged(0.0, fleet_s=3_600.0)) == "clock_skew"


def test_it_lists_the_offset_the_fleets_and_how_sure_that_is() -> None:
    seen = evidence_of(judged(9.12345, fleet_s=0.0625, uncertainty_s=0.05))["clock"]

    assert seen.at == AT
    assert seen.detail == {"offset_s": 9.123, "fleet_median_s": 0.062, "uncertainty_s": 0.05}
