"""The results feed talks, and its data does not move."""

import pytest

from aggregator.core.rules.results_frozen import judge
from tests.aggregator.cases import AT, cause_of, evidence_of, feed
from venuewatch.wire.checks import RESULTS_STATES, ResultsState

OTHERS = sorted(RESULTS_STATES - {"frozen"})


def test_the_word_of_the_check_decides() -> None:
    assert cause_of(judge(feed("frozen"))) == "results_frozen"


@pytest.mark.parametrize("state", OTHERS)
def test_any_other_word_is_not_its_own(state: ResultsState) -> None:
    assert judge(feed(state)) is None


def test_it_lists_what_the_check_said() -> None:
    seen = evidence_of(judge(feed("frozen", detail="since 12:03")))["reading"]

    assert (seen.at, seen.by) == (AT, "s1")
    assert seen.detail == {
        "kind": "http",
        "says": "since 12:03",
        "data_age_s": 95.0,
        "live_units": 2.0,
    }
