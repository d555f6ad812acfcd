"""Kinds by their shares, and venues by theirs."""

import random
from collections import Counter

import pytest

from venuewatch.rehearsal.plan.shares import Candidate, counts_of
from venuewatch.rehearsal.plan.spread import spread
from venuewatch.rehearsal.plan.terms import PlanError

ALARMS = [Candidate(name=f"cut_{number}", venues=("A", "B")) for number in range(8)]
QUIET = [Candidate(name=f"slow_{number}", venues=("A",), is_quiet=True) for number in range(9)]
UNTOUCHED = [Candidate(name="nothing", venues=("A", "B"), is_quiet=True, is_untouched=True)]
CENTRE = [
    Candidate(name=f"centre_{number}", venues=("A", "B"), runs_alone=True) for number in range(4)
]
KINDS = [*ALARMS, *QUIET, *UNTOUCHED]


def counted(kinds: list[Candidate], total: int, alone_most: int = 1000) -> dict[str, int]:
    counts = counts_of(total, kinds, random.Random(1), alone_most=alone_most)
    assert sum(counts) == total
    return {kind.name: count for kind, count in zip(kinds, counts, strict=True)}


def test_a_fifth_expects_no_alarm_though_half_of_the_kinds_do() -> None:
    counts = counted(KINDS, 1000)

    quiet = sum(counts[kind.name] for kind in (*QUIET, *UNTOUCHED))
    assert 200 <= quiet <= 210


def test_nothing_is_done_in_a_third_of_the_quiet_though_one_kind_of_ten() -> None:
    counts = counted(KINDS, 1000)

    quiet = sum(counts[kind.name] for kind in (*QUIET, *UNTOUCHED))
    assert quiet / 3 <= counts["nothing"] < quiet / 3 + 1


def test_kinds_of_one_weight_differ_by_one_at_most() -> None:
    counts = counted(KINDS, 1001)

    alarms = [counts[kind.name] for kind in ALARMS]
    assert max(alarms) - min(alarms) <= 1


def test_a_kind_of_hardly_any_weight_is_played_once() -> None:
    rare = Candidate(name="rare", venues=("A",), weight=0.000_1)

    assert counted([*KINDS, rare], 300)["rare"] == 1


def test_what_hits_the_centre_is_played_less_where_slots_are_few() -> None:
    many = counted([*KINDS, *CENTRE], 400)
    few = counted([*KINDS, *CENTRE], 400, alone_most=10)

    assert sum(many[kind.name] for kind in CENTRE) > 10
    assert sum(few[kind.name] for kind in CENTRE) == 10
    assert min(few[kind.name] for kind in CENTRE) >= 1


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([*ALARMS, *QUIET], "kinds: expected one with nothing done at all"),
        ([*QUIET, *UNTOUCHED], "kinds: expected one that expects an alarm"),
    ],
)
def test_a_catalogue_that_lacks_a_sort_is_refused(kinds: list[Candidate], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        counted(kinds, 100)


def test_a_venue_that_hardly_anybody_serves_is_played_once() -> None:
    kinds, caps = [ALARMS[0]], {"A": 100, "B": 100}

    chosen = spread(kinds, [50], {"A": 1.0, "B": 0.000_1}, caps, random.Random(1))

    assert Counter(code for _, code in chosen) == {"A": 49, "B": 1}


def test_kinds_of_one_venue_give_way_to_others_where_it_is_full() -> None:
    only = [Candidate(name=f"only_{number}", venues=("A",)) for number in range(3)]

    chosen = spread(
        [*only, ALARMS[0]], [9, 9, 9, 3], {"A": 1.0, "B": 1.0}, {"A": 16, "B": 16}, random.Random(1)
    )

    assert Counter(code for _, code in chosen) == {"A": 15, "B": 15}
    assert {index for index, _ in chosen} == {0, 1, 2, 3}


def test_a_venue_that_no_kind_can_play_is_refused() -> None:
    with pytest.raises(PlanError, match="venues: expected a kind that venue C can play"):
        spread(
            ALARMS,
            [1] * 8,
            {"A": 1.0, "B": 1.0, "C": 1.0},
            dict.fromkeys("ABC", 9),
            random.Random(1),
        )


def test_fewer_scenarios_than_venues_are_refused() -> None:
    with pytest.raises(PlanError, match="venues: expected at least 2 scenarios"):
        spread(ALARMS[:1], [1], {"A": 1.0, "B": 1.0}, {"A": 9, "B": 9}, random.Random(1))
