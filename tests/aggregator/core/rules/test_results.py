"""A results feed is frozen, late, silent, or works on one leg: its check says which."""

import pytest

from aggregator.core.diagnosis import RULES, diagnose
from tests.aggregator.cases import AT, cause_of, evidence_of, feed
from venuewatch.base.wire.checks import RESULTS_STATES, ResultsState

CAUSES: dict[ResultsState, str] = {
    "frozen": "results_frozen",
    "delayed": "results_delayed",
    "silent": "results_silent",
    "redundancy_lost": "redundancy_lost",
}
JUDGES = {rule.cause: rule.judge for rule in RULES}


@pytest.mark.parametrize("state", CAUSES)
def test_the_word_of_the_check_decides(state: ResultsState) -> None:
    assert cause_of(JUDGES[CAUSES[state]](feed(state))) == CAUSES[state]


@pytest.mark.parametrize("state", CAUSES)
def test_any_other_word_is_not_its_own(state: ResultsState) -> None:
    judge = JUDGES[CAUSES[state]]

    assert [judge(feed(other)) for other in sorted(RESULTS_STATES - {state})] == [None] * (
        len(RESULTS_STATES) - 1
    )


@pytest.mark.parametrize("state", CAUSES)
def test_it_lists_what_the_check_said(state: ResultsState) -> None:
    seen = evidence_of(diagnose(feed(state, detail="since 12:03")))["reading"]

    assert (seen.at, seen.by) == (AT, "s1")
    assert seen.detail == {
        "kind": "http",
        "says": "since 12:03",
        "every_s": 10.0,
        "data_age_s": 95.0,
        "live_units": 2.0,
    }
