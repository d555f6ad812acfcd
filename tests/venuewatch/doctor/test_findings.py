"""The checks are made in their order, and one fault is one line."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from venuewatch.doctor.checks import all_checks
from venuewatch.doctor.findings import (
    Finding,
    examine,
    in_order,
    is_any_wrong,
    unknown,
    well,
    wrong,
)

BOTH = frozenset({"host", "centre"})


def check(
    *found: Finding, needs: Sequence[str] = (), places: frozenset[str] = BOTH
) -> SimpleNamespace:
    """Return a check that always finds the same."""
    return SimpleNamespace(
        PLACES=places, NEEDS=tuple(needs), look=lambda _site: None, judge=lambda _facts: found
    )


def made(checks: dict[str, Any], place: str = "host") -> dict[str, str]:
    return {each.check: each.state for each in examine(checks, None, place)}


def test_a_check_comes_behind_those_that_it_needs() -> None:
    assert in_order({"acl": ("tls",), "tls": ("port",), "port": ()}) == ["port", "tls", "acl"]


def test_checks_that_need_each_other_are_our_bug() -> None:
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        in_order({"a": ("b",), "b": ("a",)})


def test_every_check_has_an_order() -> None:
    checks = all_checks()

    ordered = in_order({name: each.NEEDS for name, each in checks.items()})

    assert sorted(ordered) == sorted(checks)


def test_one_fault_hides_all_that_needs_its_check() -> None:
    checks = {
        "name": check(wrong("no such name", "Correct it")),
        "port": check(well("open"), needs=["name"]),
        "tls": check(well("trusted"), needs=["port"]),
        "spool": check(well("writable")),
    }

    found = made(checks)

    assert found == {"name": "wrong", "port": "skipped", "tls": "skipped", "spool": "well"}


@pytest.mark.parametrize(
    "fault", [wrong("soon expired", "Renew it", is_usable=True), unknown("can't be read")]
)
def test_what_works_today_hides_nothing(fault: Finding) -> None:
    found = made({"tls": check(fault), "acl": check(well("may"), needs=["tls"])})

    assert found["acl"] == "well"


def test_a_check_of_the_other_place_is_not_made() -> None:
    checks = {
        "thin": check(well("thin"), places=frozenset({"host"})),
        "unit": check(well("active"), needs=["thin"]),
    }

    assert made(checks, "centre") == {"unit": "well"}


def test_a_check_that_fails_hides_no_other() -> None:
    def look(_site: object) -> None:
        raise KeyError("eth0")

    broken = check(well("never"))
    broken.look = look

    found = list(examine({"broken": broken, "sound": check(well("so"))}, None, "host"))

    states = [(each.check, each.state) for each in found]
    assert states == [("broken", "unknown"), ("sound", "well")]
    assert "KeyError" in found[0].text


def test_a_line_names_state_check_fault_and_next_step() -> None:
    (found,) = examine({"port": check(wrong("nothing\nlistens", "Start it"))}, None, "host")

    assert found.line.split() == [
        "wrong",
        "port",
        "nothing\\nlistens.",
        "Start",
        "it",
    ]


def test_only_what_is_wrong_counts_as_wrong() -> None:
    assert is_any_wrong([well("a"), wrong("b", "c", is_usable=True)])
    assert not is_any_wrong([well("a"), unknown("b")])
