"""Groups of checks, some of which may be lost: uplinks, and the spare of results."""

from typing import Any

import pytest

from agent import checks
from agent.checks import Reading
from agent.checks.reading.group import judge

LOST = "redundancy_lost"
GROUPS = [  # members a, b, c as they read: a state, and its detail; - is no reading yet
    ("uplinks", "ok warning:slow", "ok", "2 of 2 up"),
    ("uplinks", "ok critical:gone", LOST, "1 of 2 up; down: b (gone)"),
    ("uplinks", "critical:gone frozen", "critical", "0 of 2 up; down: a (gone), b"),
    ("uplinks", "ok -", "unknown", "1 of 2 up; no reading yet: b"),
    ("uplinks", "critical unknown", "unknown", "0 of 2 up; down: a; unknown: b"),
    ("uplinks", "ok critical -", LOST, "1 of 3 up; down: b; no reading yet: c"),
    ("uplinks", f"{LOST} flowing", "ok", "2 of 2 up"),
    ("uplinks", "frozen delayed", "critical", "0 of 2 up; down: a, b"),
    ("redundancy", "flowing ok", "flowing", "2 of 2 up"),
    *(
        ("redundancy", f"flowing {lost}:why", LOST, "1 of 2 up; down: b (why)")
        for lost in ("critical", "frozen", "delayed", "silent")
    ),
    ("redundancy", "silent silent", "silent", "0 of 2 up; down: a, b"),
    ("redundancy", "silent frozen", "frozen", "0 of 2 up; down: a, b"),
    ("redundancy", "frozen delayed", "delayed", "0 of 2 up; down: a, b"),
    ("redundancy", "critical critical", "critical", "0 of 2 up; down: a, b"),
    ("redundancy", "critical silent", "critical", "0 of 2 up; down: a, b"),
    ("redundancy", "flowing not_expected", "flowing", "1 of 1 up"),
    ("redundancy", "flowing -", "unknown", "1 of 2 up; no reading yet: b"),
    ("redundancy", "flowing unknown:never", "unknown", "1 of 2 up; unknown: b (never)"),
    ("redundancy", "unknown -", "unknown", "0 of 2 up; no reading yet: b; unknown: a"),
    ("redundancy", "unknown not_expected", "unknown", "0 of 1 up; unknown: a"),
    ("redundancy", "silent -", "unknown", "0 of 2 up; down: a; no reading yet: b"),
    ("redundancy", "not_expected -", "unknown", "0 of 1 up; no reading yet: b"),
]


def read(kind: str, readings: str) -> Reading:
    said: list[list[Any]] = [word.split(":") for word in readings.split()]
    found = [None if each == ["-"] else Reading(*each) for each in said]
    members = dict(zip("abc", found, strict=False))
    module = checks.load(kind)
    check = module.Check(module.Config(name="it", members=tuple(members)), members.get)
    reading: Reading = check.read()
    return reading


@pytest.mark.parametrize(("kind", "members", "state", "detail"), GROUPS)
def test_members_make_the_group(kind: str, members: str, state: str, detail: str) -> None:
    reading = read(kind, members)

    up, _, count, *_ = detail.replace(";", "").split()
    assert reading[:2] == (state, detail)
    assert reading.values.check_members_up == int(up)
    assert reading.values.check_members == int(count)


def test_nothing_is_expected_where_no_member_is() -> None:
    assert read("redundancy", "not_expected not_expected").state == "not_expected"


def test_an_empty_group_is_unknown() -> None:
    assert judge({}).state == "unknown"


def test_many_lost_members_are_named_a_few_and_counted() -> None:
    lost = {f"link-{at}": Reading("critical") for at in range(9)}

    reading = judge({"up": Reading("ok"), **lost})

    assert reading.detail == "1 of 10 up; down: link-0, link-1, link-2, link-3 and 5 more"
