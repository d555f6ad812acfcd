"""We ourselves do not hear: nobody is accused."""

import pytest

from aggregator.core.cases import Port
from aggregator.core.rules.aggregator_blind import judge
from tests.aggregator.cases import AT, cause_of, deafness, evidence_of, silence


@pytest.mark.parametrize("port", [None, "answers"])
def test_a_deafness_is_our_own_as_long_as_the_broker_is_not_known_to_be_gone(
    port: Port | None,
) -> None:
    assert cause_of(judge(deafness(port))) == "aggregator_blind"


def test_a_deafness_says_since_when_and_what_is_missing() -> None:
    seen = evidence_of(judge(deafness("answers")))["deafness"]

    assert (seen.at, seen.by) == (14.0, "centre")
    assert seen.detail == {"missing": "canary", "port": "answers"}


def test_nobody_heard_here_and_nobody_elsewhere_is_our_own_ear() -> None:
    said = judge(silence(silent=3, elsewhere="silent"))

    assert cause_of(said) == "aggregator_blind"
    seen = evidence_of(said)["silence"]
    assert (seen.at, seen.detail) == (AT, {"venue": "STA", "elsewhere": "silent"})


@pytest.mark.parametrize("elsewhere", ["heard", "unknown"])
def test_a_silent_venue_is_not_ours_unless_all_others_are_silent_too(elsewhere: str) -> None:
    assert judge(silence(silent=3, elsewhere=elsewhere)) is None  # type: ignore[arg-type]


def test_one_host_that_is_heard_here_shows_that_we_hear() -> None:
    assert judge(silence(silent=3, heard=1, elsewhere="silent")) is None
