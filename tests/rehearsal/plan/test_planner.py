"""The whole planner, on fleets of every sort."""

import random
import re

import pytest
from hypothesis import event, given, target
from hypothesis import strategies as st

from aggregator.inventory import Inventory
from tests.rehearsal.plan.kinds import KOLKATA, PARIS, TAHITI, catalogue, fleet, resolver
from tests.rehearsal.plan.promises import (
    called_flapping,
    clashes,
    kinds_left_out,
    loads,
    outside_hours,
    outside_own_hours,
    quiet_share,
    untouched_share_of_quiet,
    venues_left_out,
)
from venuewatch.rehearsal.plan.officers import Officer, made
from venuewatch.rehearsal.plan.planner import plan
from venuewatch.rehearsal.plan.sheet import RunSheet, Settings, check
from venuewatch.rehearsal.plan.terms import PlanError

PARIS_FLEET = fleet([PARIS] * 37 + [TAHITI, KOLKATA])


def settings(**changed: object) -> Settings:
    usual = {"scenarios": 60, "days": 2, "slot_s": 1200, "hours": "08:00-20:00", "seed": 1}
    return Settings(**{**usual, **changed})  # type: ignore[arg-type]


def planned(inventory: Inventory, officers: int, **changed: object) -> RunSheet:
    kinds = catalogue(inventory)
    people = made(officers, inventory.venue, random.Random(1))
    return plan(settings(**changed), inventory, people, kinds, resolver(inventory, kinds))


def test_a_large_plan_has_exactly_its_scenarios_evenly_dealt() -> None:
    kinds = catalogue(PARIS_FLEET, alarms=60, quiet=12, untouched=6, alone=6)
    people = made(83, PARIS_FLEET.venue, random.Random(1))
    asked = settings(scenarios=1400, days=5, seed=2024)

    sheet = plan(asked, PARIS_FLEET, people, kinds, resolver(PARIS_FLEET, kinds))

    assert [row.scenario.number for row in sheet.rows] == list(range(1, 1401))
    assert {16, 17, 18} >= set(loads(sheet).values())
    assert kinds_left_out(sheet, kinds) == set()
    assert venues_left_out(sheet, PARIS_FLEET) == set()
    assert clashes(sheet) == []


def test_the_same_seed_gives_the_same_plan_and_another_another() -> None:
    one, again = planned(PARIS_FLEET, 9), planned(PARIS_FLEET, 9)
    other = planned(PARIS_FLEET, 9, seed=2)

    assert one == again
    assert one.rows != other.rows


def test_each_day_of_a_venue_has_about_as_many_scenarios() -> None:
    sheet = planned(fleet([PARIS] * 3), 4, scenarios=60, days=5)

    days = [row.day for row in sheet.rows if row.scenario.venue == "V01"]
    assert max(map(days.count, range(1, 6))) - min(map(days.count, range(1, 6))) <= 1


def test_a_venue_that_plays_in_two_places_counts_for_its_first() -> None:
    sheet = planned(fleet([PARIS] * 3), 4)

    pairs = [row.scenario for row in sheet.rows if row.scenario.kind == "pair"]
    assert pairs
    assert all(len(set(scenario.venues)) == 2 for scenario in pairs)
    assert clashes(sheet) == []


@st.composite
def asked(draw: st.DrawFn) -> tuple[Settings, Inventory, tuple[Officer, ...]]:
    zones = draw(st.lists(st.sampled_from([PARIS, TAHITI, KOLKATA]), min_size=1, max_size=8))
    inventory = fleet(zones)
    codes = [venue.code for venue in inventory.venue]
    hours = st.sampled_from(["08:00-20:00", "09:30-12:00", "00:00-24:00"])
    if draw(st.booleans()):
        number = draw(st.integers(len(set(zones)), 20))
        people = made(number, inventory.venue, random.Random(1))
    else:
        listed = draw(st.lists(st.lists(st.sampled_from(codes), max_size=4), max_size=8))
        own = st.sampled_from([None, "08:00-14:00", "13:00-20:00", "09:10-19:50"])
        zone = st.sampled_from(["", *zones])
        people = tuple(
            Officer(name=f"Role {index}", venues=tuple(venues), zone=draw(zone), hours=draw(own))
            for index, venues in enumerate([[], *listed], start=1)
        )
    wanted = settings(
        scenarios=draw(st.integers(1, 300)),
        days=draw(st.integers(1, 4)),
        slot_s=draw(st.sampled_from([120, 300, 420, 1200, 3600])),
        hours=draw(hours),
        seed=draw(st.integers(0, 1000)),
    )
    return wanted, inventory, people


@given(asked=asked())
def test_every_plan_holds_every_constraint_or_says_which(
    asked: tuple[Settings, Inventory, tuple[Officer, ...]],
) -> None:
    wanted, inventory, people = asked
    kinds = catalogue(inventory)

    refused: PlanError | None = None
    try:
        sheet = plan(wanted, inventory, people, kinds, resolver(inventory, kinds))
    except PlanError as error:
        refused = error
        event(f"refused: {refused.constraint}")
    if refused is not None:
        assert re.fullmatch(rf"{refused.constraint}: .*\d.*", str(refused))
        return

    event("planned")
    target(len(sheet.rows))
    check(sheet)
    assert len(sheet.rows) == wanted.scenarios
    assert clashes(sheet) == []
    assert outside_hours(sheet, inventory) == []
    assert 0.18 <= quiet_share(sheet) <= 0.24
    assert untouched_share_of_quiet(sheet) >= 1 / 3
    assert kinds_left_out(sheet, kinds) == set()
    assert venues_left_out(sheet, inventory) == set()
    assert called_flapping(sheet) == []
    assert outside_own_hours(sheet, inventory) == []
    counts = loads(sheet)
    alike: dict[object, list[int]] = {}
    for officer in people:
        group = (frozenset(officer.venues), officer.zone, officer.hours)
        alike.setdefault(group, []).append(counts[officer.name])
    assert all(max(theirs) - min(theirs) <= 2 for theirs in alike.values())


@pytest.mark.parametrize(
    ("changed", "officers", "said"),
    [
        ({"scenarios": 4}, 4, "scenarios: expected at least 21, as each of 14 kinds"),
        ({"scenarios": 20, "hours": "08:00-08:10"}, 4, "hours: expected at least one slot of 20m"),
        ({"scenarios": 600, "days": 1}, 4, "venues: expected at most 108 scenarios in the slots"),
        ({"scenarios": 90, "days": 1}, 2, "officers: expected at most 72 scenarios for 2"),
        ({"scenarios": 107, "days": 1}, 9, "centre: expected at least 1 slots and at most 106"),
        ({"first_day": "tomorrow"}, 4, "first day: expected a day as 2027-05-31, got 'tomorrow'"),
    ],
)
def test_a_plan_that_cannot_be_met_names_constraint_and_number(
    changed: dict[str, object], officers: int, said: str
) -> None:
    with pytest.raises(PlanError) as refused:
        planned(fleet([PARIS] * 3), officers, **changed)

    assert said in str(refused.value)


def test_the_number_of_scenarios_that_a_refusal_names_is_enough() -> None:
    inventory = fleet([PARIS] * 3)

    assert len(planned(inventory, 4, scenarios=21).rows) == 21
    with pytest.raises(PlanError, match="at least 21"):
        planned(inventory, 4, scenarios=20)


def test_the_number_of_days_that_a_refusal_names_is_enough() -> None:
    inventory = fleet([PARIS] * 3)

    with pytest.raises(PlanError, match=r"\(2 days could\)"):
        planned(inventory, 9, scenarios=100, days=1)
    assert len(planned(inventory, 9, scenarios=100, days=2).rows) == 100


def test_a_scenario_that_is_longer_than_a_slot_is_refused() -> None:
    inventory = fleet([PARIS] * 3)
    kinds = catalogue(inventory)
    people = made(4, inventory.venue, random.Random(1))

    with pytest.raises(PlanError, match=r"slot: expected at least 2m, as .* takes so long, got 1m"):
        plan(settings(slot_s=60), inventory, people, kinds, resolver(inventory, kinds, 100.0))


def test_hits_on_one_subject_keep_their_distance_in_short_slots() -> None:
    sheet = planned(fleet([PARIS]), 2, scenarios=60, days=1, slot_s=120)

    assert called_flapping(sheet) == []
    with pytest.raises(PlanError, match=r"distance: .* 221 s or more from other hits"):
        planned(fleet([PARIS]), 2, days=1, slot_s=120, hours="08:00-12:00")


def test_two_officers_of_the_same_venues_differ_by_two_at_most() -> None:
    inventory = fleet([PARIS] * 4)
    kinds = catalogue(inventory)
    people = tuple(
        Officer(name=name, venues=venues)
        for name, venues in {
            "Network one": ("V01", "V02"),
            "Network two": ("V01", "V02"),
            "Results one": ("V02", "V03", "V04"),
            "Results two": ("V02", "V03", "V04"),
        }.items()
    )

    sheet = plan(settings(), inventory, people, kinds, resolver(inventory, kinds))

    counts = loads(sheet)
    assert abs(counts["Network one"] - counts["Network two"]) <= 2
    assert abs(counts["Results one"] - counts["Results two"]) <= 2
    assert all(
        row.scenario.venue in officer.venues
        for row in sheet.rows
        for officer in people
        if officer.name == row.officer
    )


def test_an_officer_works_within_hours_of_their_own() -> None:
    inventory = fleet([PARIS] * 3)
    kinds = catalogue(inventory)
    early = Officer(name="Early", zone=PARIS, hours="08:00-12:00")
    late = Officer(name="Late", zone=PARIS, hours="12:00-20:00")

    sheet = plan(
        settings(scenarios=40), inventory, (early, late), kinds, resolver(inventory, kinds)
    )

    noon = 10 * 3600  # 12:00 in Paris, in summer
    assert {row.officer for row in sheet.rows} == {"Early", "Late"}
    assert all((row.starts_at % 86_400 < noon) == (row.officer == "Early") for row in sheet.rows)
