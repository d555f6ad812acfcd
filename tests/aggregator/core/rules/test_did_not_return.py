"""A host said farewell and stays away for too long."""

from aggregator.core.cases import Absence
from aggregator.core.evidence import Wait
from aggregator.core.rules.did_not_return import judge
from tests.aggregator.cases import AT, cause_of, evidence_of, host


def test_who_stays_away_for_too_long_did_not_return() -> None:
    assert cause_of(judge(Absence(AT, host(), 5.0))) == "did_not_return"


def test_it_lists_when_the_host_itself_said_farewell() -> None:
    seen = evidence_of(judge(Absence(AT, host(), 5.0)))["farewell"]

    assert (seen.at, seen.by, seen.detail) == (5.0, "s1", {"away_s": 15.0})


def test_who_cannot_return_is_waited_for() -> None:
    assert judge(Absence(AT, host(), 5.0, 36.75, is_cut=True)) == Wait(36.75)
