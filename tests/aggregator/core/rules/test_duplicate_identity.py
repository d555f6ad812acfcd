"""Two agents run under one name."""

import pytest

from aggregator.core.cases import Boots
from aggregator.core.diagnosis import diagnose
from aggregator.core.evidence import Wait
from aggregator.core.rules.duplicate_identity import judge
from aggregator.core.states import HostState
from tests.aggregator.cases import AT, cause_of, evidence_of, host, silence
from tests.aggregator.scene import birth


def test_a_boot_that_comes_back_is_a_second_process() -> None:
    assert cause_of(judge(Boots(AT, host(), "b1", "b2"))) == "duplicate_identity"


def test_it_lists_both_boots_and_where_the_last_birth_came_from() -> None:
    twice = host()
    twice.birth = birth()

    seen = evidence_of(judge(Boots(AT, twice, "b1", "b2")))["boots"]

    assert (seen.at, seen.detail) == (AT, {"returned": "b1", "between": "b2", "address": ""})


@pytest.mark.parametrize("elsewhere", ["heard", "silent"])
def test_whom_its_twin_threw_out_is_waited_for_whoever_else_is_silent(elsewhere: str) -> None:
    case = silence(silent=3, elsewhere=elsewhere)._replace(back_by=AT + 10.0)  # type: ignore[arg-type]
    case.host.state = HostState.UP
    case.host.problems["identity"] = "duplicate_identity"

    assert diagnose(case) == Wait(AT + 10.0)
    assert cause_of(diagnose(case._replace(back_by=AT))) != "duplicate_identity"


def test_who_is_down_already_or_has_no_twin_is_judged_by_its_silence() -> None:
    case = silence()._replace(back_by=AT + 10.0)

    case.host.state = HostState.UP
    alone = judge(case)
    case.host.state, case.host.problems["identity"] = HostState.DOWN, "duplicate_identity"

    assert (alone, judge(case)) == (None, None)
