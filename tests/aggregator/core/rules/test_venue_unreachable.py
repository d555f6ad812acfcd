"""A venue is cut off: when it is the venue, when it is its hosts, and when to wait."""

import pytest

from aggregator.core.evidence import Wait
from aggregator.core.rules.venue_unreachable import judge
from tests.aggregator.cases import AT, CLOSED_AT, cause_of, evidence_of, silence


@pytest.mark.parametrize("silent", [2, 3, 40])
def test_all_of_two_or_more_that_are_silent_are_the_venue(silent: int) -> None:
    assert cause_of(judge(silence(silent=silent))) == "venue_unreachable"


@pytest.mark.parametrize("elsewhere", ["heard", "unknown", "silent"])
def test_what_is_heard_elsewhere_is_for_another_rule(elsewhere: str) -> None:
    said = judge(silence(silent=2, elsewhere=elsewhere))  # type: ignore[arg-type]

    assert cause_of(said) == "venue_unreachable"


def test_one_alone_is_a_host() -> None:
    assert judge(silence()) is None


@pytest.mark.parametrize(("silent", "heard"), [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)])
def test_a_few_beside_one_that_is_heard_are_hosts(silent: int, heard: int) -> None:
    assert judge(silence(silent=silent, heard=heard)) is None


@pytest.mark.parametrize(
    ("silent", "heard", "cause"),
    [
        (5, 3, "venue_unreachable"),  # 62 %
        (6, 4, "venue_unreachable"),  # 60 %
        (5, 4, None),  # 56 %
        (39, 1, "venue_unreachable"),
        (5, 35, None),
    ],
)
def test_many_at_once_are_the_venue_beside_living_ones_if_they_are_most_of_it(
    silent: int, heard: int, cause: str | None
) -> None:
    assert cause_of(judge(silence(silent=silent, heard=heard))) == cause


def test_while_everybody_else_is_overdue_too_it_waits() -> None:
    assert judge(silence(heard=2, overdue=2)) == Wait(AT + 0.2)


def test_one_that_is_not_overdue_is_enough_to_go_on() -> None:
    assert judge(silence(heard=2, overdue=1)) is None


def test_a_bridge_that_said_it_is_gone_confirms_a_single_host() -> None:
    said = judge(silence(bridge=False))

    assert cause_of(said) == "venue_unreachable"
    seen = evidence_of(said)["bridge"]
    assert (seen.at, seen.by, seen.detail) == (15.0, "broker", {"is_connected": False})


def test_a_bridge_that_is_connected_is_listed_and_proves_nothing() -> None:
    assert judge(silence(bridge=True)) is None
    assert evidence_of(judge(silence(silent=2, bridge=True)))["bridge"].detail == {
        "is_connected": True
    }


def test_who_falls_silent_at_a_venue_that_is_cut_already_is_behind_that_cut() -> None:
    assert cause_of(judge(silence(is_cut=True))) == "venue_unreachable"


@pytest.mark.parametrize("known", [{"bridge": False}, {"is_cut": True}])
def test_a_host_that_is_heard_refutes_what_was_known_of_the_cut(known: dict[str, object]) -> None:
    assert judge(silence(heard=1, **known)) is None  # type: ignore[arg-type]


def test_a_connection_that_is_closed_just_now_is_no_cut() -> None:
    assert judge(silence(silent=2, closed_at=CLOSED_AT, is_closed=True)) is None


def test_a_will_that_was_heard_and_not_believed_hides_no_cut() -> None:
    assert cause_of(judge(silence(silent=2, closed_at=CLOSED_AT))) == "venue_unreachable"


def test_it_counts_who_is_silent_and_names_the_first_that_was_due() -> None:
    detail = evidence_of(judge(silence(silent=5, heard=2)))["silence"].detail

    assert detail == {
        "silent": 5,
        "heard": 2,
        "first_overdue": "s1",
        "last_heard_s_ago": 2.75,
        "elsewhere": "heard",
    }
