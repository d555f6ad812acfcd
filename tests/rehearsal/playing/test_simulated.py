"""Scenarios in a simulated world: made true, seen by a witness, told, and over."""

import gc
from itertools import pairwise

import msgspec
import pytest

from agent.checks.results_feed import units
from tests.rehearsal.world.test_talk import no_logical_days
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.resolve import can_play, resolve
from venuewatch.rehearsal.live.health import LINGERING
from venuewatch.rehearsal.playing.sights import SIGHTS
from venuewatch.rehearsal.playing.simulated import PlayedWorld, play_world
from venuewatch.rehearsal.playing.worlds import VENUES_LEAST, WorldPlan, world_of
from venuewatch.rehearsal.runfile.rows import Counter, Notice, Seen, Step, Well, Witness
from venuewatch.rehearsal.scenario import Scenario

FLEET = standard_fleet()
KINDS = {name: kind for name, kind in read_kinds().items() if "simulated" in kind.modes}
FEW_VENUES = sorted(
    name
    for name, kind in KINDS.items()
    if kind.is_playable and kind.file.least_venues <= VENUES_LEAST
)


def scenario_of(kind: str, *, number: int = 1, seed: int = 1, past: int = 0) -> Scenario:
    """Return a scenario of a kind at the first venue that can play it, or a later one."""
    able = [venue.code for venue in FLEET.venue if can_play(KINDS[kind], FLEET, venue.code) is None]
    return resolve(KINDS[kind], FLEET, number=number, venue=able[past], seed=seed)


def play(scenario: Scenario) -> PlayedWorld:
    return play_world(world_of(scenario, FLEET), FLEET)


def phases(played: PlayedWorld, step: str) -> dict[str, str]:
    """Return what the witness of a step saw last before, during and after it."""
    seen = [row for row in played.rows if isinstance(row, Witness) and row.step == step]
    return {row.phase: row.sees for row in sorted(seen, key=lambda row: row.at)}


def told(played: PlayedWorld) -> set[tuple[str, str]]:
    """Return what was told, by subject and last cause."""
    last = {row.incident: row for row in played.rows if isinstance(row, Seen)}
    return {(row.subject, row.cause) for row in last.values()}


@pytest.mark.long
@pytest.mark.parametrize("kind", FEW_VENUES)
def test_scenario_of_each_kind_is_true_told_as_expected_and_over(kind: str) -> None:
    scenario = scenario_of(kind)

    played = play(scenario)

    (ending,) = played.endings
    assert (ending.state, ending.void_reason) == ("ended", "")
    for order in scenario.orders:
        seen = phases(played, order.step)
        assert seen == {"before": "no_effect", "during": "effect", "after": "healed"}, order.step
    right = {each.subject: each.causes for each in scenario.expected}
    said: dict[str, set[str]] = {}
    for subject, cause in told(played):
        said.setdefault(subject, set()).add(cause)
    for subject, causes in right.items():
        assert said[subject] & set(causes), subject
    for counter in played.rows:
        if isinstance(counter, Counter):
            assert (counter.after or 0.0) > (counter.before or 0.0)


def test_scenario_is_written_down_in_order_and_heard_by_reader_and_receiver() -> None:
    played = play(scenario_of("agent_killed"))

    steps = [row.what for row in played.rows if isinstance(row, Step)]
    assert steps == ["ordered", "armed", "begun", "ended", "healed"]
    opened = [row for row in played.rows if isinstance(row, Seen) and row.change == "opened"]
    paged = [row for row in played.rows if isinstance(row, Notice) and row.change == "opened"]
    assert [row.subject for row in opened] == [row.subject for row in paged]
    assert all(notice.at > seen.at for seen, notice in zip(opened, paged, strict=True))
    assert [row.at for row in played.rows if isinstance(row, Well)][-1] == played.virtual_s


def test_the_same_comes_of_a_world_each_time() -> None:
    scenario = scenario_of("server_power_off")

    assert play(scenario) == play(scenario)


def test_several_scenarios_are_played_in_one_world_and_nobody_else_is_accused() -> None:
    kinds = ("agent_killed", "uplink_cut", "results_frozen", "control_nothing")
    scenarios = tuple(
        scenario_of(kind, number=number, past=number) for number, kind in enumerate(kinds, 1)
    )
    venues = {code for each in scenarios for code in each.venues}
    plan = WorldPlan("four", "1/four", tuple(sorted(venues)), scenarios)

    played = play_world(plan, FLEET)

    assert {ending.state for ending in played.endings} == {"ended"}
    may_be_told = {each.subject for one in scenarios for each in one.expected}
    may_be_told |= {each.subject for one in scenarios for each in one.allowed}
    assert {subject for subject, _ in told(played)} <= may_be_told


def test_venue_plays_its_scenarios_one_after_the_other_in_a_world() -> None:
    kinds = ("agent_killed", "results_frozen", "control_nothing")
    codes = [venue.code for venue in FLEET.venue]
    code = next(
        each for each in codes if all(can_play(KINDS[kind], FLEET, each) is None for kind in kinds)
    )
    scenarios = tuple(
        resolve(KINDS[kind], FLEET, number=number, venue=code, seed=1)
        for number, kind in enumerate(kinds)
    )
    venues = [code, *(each for each in codes if each != code)][:VENUES_LEAST]

    played = play_world(WorldPlan("three", "1/three", tuple(venues), scenarios), FLEET)

    assert {(each.state, each.void_reason) for each in played.endings} == {("ended", "")}
    in_order = sorted(played.endings, key=lambda each: each.began_at)
    assert all(one.ended_at <= after.began_at for one, after in pairwise(in_order))
    right = {each.subject for one in scenarios for each in one.expected}
    right |= {each.subject for one in scenarios for each in one.allowed}
    assert {subject for subject, _ in told(played)} <= right


def test_scenario_with_a_fault_that_can_not_be_ordered_is_void_and_says_why() -> None:
    scenario = scenario_of("agent_killed")
    order = msgspec.structs.replace(scenario.orders[0], fault="takeover")

    played = play(msgspec.structs.replace(scenario, orders=(order,)))

    (ending,) = played.endings
    assert ending.void_reason.startswith("step ")
    assert "takeover" in ending.void_reason


def test_every_fault_that_can_be_ordered_names_a_witness_that_there_is() -> None:
    ordered = [faults.load(name) for name in faults.names()]

    missing = [
        kind.__name__
        for kind in ordered
        if faults.can_be_ordered(kind) and kind.SEEN_BY not in SIGHTS
    ]

    assert missing == []


def test_every_fault_that_a_simulated_kind_orders_is_there_with_its_fields() -> None:
    for name in sorted(name for name, kind in KINDS.items() if kind.is_playable):
        for step in KINDS[name].file.step:
            kind = faults.load(step.fault)
            assert faults.can_be_ordered(kind), step.fault
            assert set(step.fields) <= set(kind.__struct_fields__), (name, step.fault)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["server_boot_loop", "cloned_host"])
def test_scenario_does_not_wait_for_what_lingers_but_its_end_is_heard(kind: str) -> None:
    played = play(scenario_of(kind))

    (ending,) = played.endings
    ends = [row for row in played.rows if isinstance(row, Seen) and row.change == "closed"]
    lingering = next(row for row in ends if row.cause in LINGERING)
    assert (ending.state, ending.void_reason) == ("ended", "")
    assert ending.ended_at < lingering.at <= played.virtual_s


def test_killed_agent_is_seen_by_its_connection() -> None:
    played = play(scenario_of("wrong_configuration_rolled_out"))

    seen = phases(played, "rolled_out")
    assert seen == {"before": "no_effect", "during": "effect", "after": "healed"}


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("control_busy_day", "results_frozen"), ("night_session", "results_delayed")],
)
def test_control_is_failed_by_a_check_that_is_wrong_about_it(
    monkeypatch: pytest.MonkeyPatch, kind: str, cause: str
) -> None:
    scenario = scenario_of(kind)
    no_logical_days(monkeypatch)
    monkeypatch.setattr(units, "ENDING", frozenset())

    played = play(scenario)

    assert told(played) == {(target, cause) for target in scenario.orders[0].targets}


def test_collector_is_as_it_was_after_a_world() -> None:
    assert gc.isenabled()

    play(scenario_of("control_nothing"))

    assert gc.isenabled()
