"""The broker is gone: we are deaf, and its port says so."""

import pytest

from aggregator.core.cases import Port
from aggregator.core.rules.broker_down import judge
from tests.aggregator.cases import AT, cause_of, deafness, evidence_of


@pytest.mark.parametrize("port", ["refuses", "silent"])
def test_a_port_that_refuses_or_says_nothing_is_a_broker_that_is_down(port: Port) -> None:
    assert cause_of(judge(deafness(port))) == "broker_down"


@pytest.mark.parametrize("port", [None, "answers"])
def test_a_broker_that_answers_or_was_not_asked_is_not_accused(port: Port | None) -> None:
    assert judge(deafness(port)) is None


def test_it_lists_the_deafness_and_what_the_port_said() -> None:
    seen = evidence_of(judge(deafness("refuses")))

    assert (seen["deafness"].at, seen["deafness"].detail) == (14.0, {"missing": "canary"})
    assert (seen["port"].at, seen["port"].detail) == (AT, {"says": "refuses"})
