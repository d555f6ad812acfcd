"""Several links, one of which may be lost before anybody is cut off."""

from collections.abc import Mapping

import pytest

from agent.checks import Reading
from agent.checks.reading.group import judge
from agent.checks.uplinks import Check, Config

UP = Reading("ok")
DOWN = Reading("critical", "no answer in time")
BLIND = Reading("unknown")


def read(members: Mapping[str, Reading | None]) -> Reading:
    config = Config(name="uplinks", members=tuple(members))
    return Check(config, members.get).read()


def test_with_every_link_up_all_is_well_and_counted() -> None:
    reading = read({"isp-a": UP, "isp-b": Reading("warning", "slow")})

    assert reading.state == "ok"
    assert (reading.values.check_members_up, reading.values.check_members) == (2, 2)


def test_one_lost_link_is_an_incident_by_itself_and_says_which_and_why() -> None:
    reading = read({"isp-a": UP, "isp-b": DOWN})

    assert reading.state == "redundancy_lost"
    assert reading.detail == "1 of 2 up; down: isp-b (no answer in time)"


def test_no_link_left_is_critical() -> None:
    reading = read({"isp-a": DOWN, "isp-b": DOWN})

    assert reading.state == "critical"
    assert reading.values.check_members_up == 0


@pytest.mark.parametrize("other", [UP, DOWN])
@pytest.mark.parametrize("blank", [None, BLIND])
def test_a_link_without_a_reading_leaves_the_group_unknown(
    other: Reading, blank: Reading | None
) -> None:
    reading = read({"isp-a": other, "isp-b": blank})

    assert reading.state == "unknown"
    assert reading.detail.endswith("no reading yet: isp-b")


def test_what_the_others_prove_is_said_although_one_is_not_known() -> None:
    reading = read({"isp-a": UP, "isp-b": DOWN, "isp-c": None})

    assert reading.state == "redundancy_lost"


def test_a_group_that_only_lost_its_redundancy_is_up_in_a_larger_one() -> None:
    reading = judge({"west": Reading("redundancy_lost"), "east": Reading("flowing")})

    assert reading.state == "ok"


def test_feeds_that_are_frozen_or_late_do_not_count_as_up() -> None:
    reading = judge({"main": Reading("frozen"), "spare": Reading("delayed")})

    assert reading.state == "critical"


def test_an_empty_group_is_unknown() -> None:
    reading = judge({})

    assert reading.state == "unknown"


def test_many_lost_members_are_named_a_few_and_counted() -> None:
    reading = judge({"up": UP} | {f"link-{at}": Reading("critical") for at in range(9)})

    assert reading.detail == ("1 of 10 up; down: link-0, link-1, link-2, link-3 and 5 more")
