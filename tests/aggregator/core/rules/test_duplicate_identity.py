"""Two agents run under one name."""

from aggregator.core.cases import Boots
from aggregator.core.rules.duplicate_identity import judge
from tests.aggregator.cases import AT, cause_of, evidence_of, host
from tests.aggregator.scene import birth


def test_a_boot_that_comes_back_is_a_second_process() -> None:
    assert cause_of(judge(Boots(AT, host(), "b1", "b2"))) == "duplicate_identity"


def test_it_lists_both_boots_and_where_the_last_birth_came_from() -> None:
    twice = host()
    twice.birth = birth()

    seen = evidence_of(judge(Boots(AT, twice, "b1", "b2")))["boots"]

    assert (seen.at, seen.detail) == (AT, {"returned": "b1", "between": "b2", "address": ""})
