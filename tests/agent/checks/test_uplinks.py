"""Several links, one of which may be lost before anybody is cut off."""

import pytest

from agent.checks import Reading
from agent.checks.reading.group import judge
from agent.checks.uplinks import Check, Config
from venuewatch.base.wire.checks import CheckState

UP = Reading("ok")
DOWN = Reading("critical", "gone")
BLIND = Reading("unknown")
LOST: CheckState = "redundancy_lost"


@pytest.mark.parametrize(
    ("members", "state", "detail"),
    [
        ({"a": UP, "b": Reading("warning", "slow")}, "ok", "2 of 2 up"),
        ({"a": UP, "b": DOWN}, LOST, "1 of 2 up; down: b (gone)"),
        ({"a": DOWN, "b": Reading("frozen")}, "critical", "0 of 2 up; down: a (gone), b"),
        ({"a": UP, "b": None}, "unknown", "1 of 2 up; no reading yet: b"),
        ({"a": DOWN, "b": BLIND}, "unknown", "0 of 2 up; down: a (gone); no reading yet: b"),
        ({"a": UP, "b": DOWN, "c": None}, LOST, "1 of 3 up; down: b (gone); no reading yet: c"),
        ({"a": Reading(LOST), "b": Reading("flowing")}, "ok", "2 of 2 up"),
        ({"a": Reading("frozen"), "b": Reading("delayed")}, "critical", "0 of 2 up; down: a, b"),
    ],
)
def test_the_members_make_the_group(
    members: dict[str, Reading | None], state: str, detail: str
) -> None:
    config = Config(name="uplinks", members=tuple(members))

    reading = Check(config, members.get).read()

    assert reading[:2] == (state, detail)
    assert reading.values.check_members_up == int(detail[0])
    assert reading.values.check_members == len(members)


def test_an_empty_group_is_unknown() -> None:
    assert judge({}).state == "unknown"


def test_many_lost_members_are_named_a_few_and_counted() -> None:
    reading = judge({"up": UP} | {f"link-{at}": Reading("critical") for at in range(9)})

    assert reading.detail == ("1 of 10 up; down: link-0, link-1, link-2, link-3 and 5 more")
