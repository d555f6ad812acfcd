"""Scenarios are played with real programs, and every step and look is written."""

from typing import Final

import pytest

from tests.faults.world import Plan, World
from venuewatch.rehearsal.playing.live import Act, Ending
from venuewatch.rehearsal.runfile.rows import Row, Step, Witness
from venuewatch.rehearsal.scenario import Expectation, Order, Scenario, Value
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import StageError

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

PLANS = [Plan("STA", 3), Plan("MAR", 3)]
STEPS: Final = ["ordered", "armed", "begun", "ended", "healed"]


def order(fault: str, target: str, lasts_s: float = 4.0, **fields: Value) -> Order:
    return Order(
        step="a step", at_s=0.2, fault=fault, targets=(target,), lasts_s=lasts_s, fields=fields
    )


def scenario(*orders: Order, venue: str = "STA", cause: str = "") -> Scenario:
    expected = Expectation(
        subject=orders[0].targets[0],
        causes=(cause,),
        after=orders[0].step,
        detect_within_s=5.0,
        over_within_s=20.0,
    )
    return Scenario(
        number=1,
        kind="a_kind",
        kind_id="1",
        title="A title",
        policy="a policy",
        venues=(venue,),
        seed=1,
        modes=("live",),
        orders=orders,
        expected=(expected,) if cause else (),
    )


def play(world: World, played: Scenario) -> tuple[Ending, list[Row]]:
    rows: list[Row] = []
    return Act(world, played, rows.append).play(), rows


def looks(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.phase, row.sees) for row in rows if isinstance(row, Witness)]


@pytest.mark.parametrize(
    ("ordered", "named"),
    [
        (order("agent_killed", "host:STA/STA-2"), ("host", "STA-2", "agent_stopped")),
        (order("uplink_cut", "venue:STA", up=False), ("venue", "STA", "venue_unreachable")),
    ],
    ids=["agent_killed", "uplink_cut"],
)
def test_a_scenario_is_true_is_told_and_is_well_again(
    world: World, ordered: Order, named: tuple[str, str, str]
) -> None:
    ending, rows = play(world, scenario(ordered, cause=named[2]))

    assert ending == Ending("ended", "")
    assert [row.what for row in rows if isinstance(row, Step)] == STEPS
    seen = looks(rows)
    assert seen[0] == ("before", "no_effect")
    assert {("during", "effect"), ("after", "healed")} <= set(seen)
    assert seen[-1] == ("after", "healed")
    assert named[:2] in {name[:2] for name in world.named()}


def test_a_fault_without_a_live_way_is_void_and_nothing_is_done(world: World) -> None:
    ending, rows = play(world, scenario(order("grace_too_long", "host:STA/STA-2")))

    assert ending.void_reason.startswith("step a step can't be played live: expected a fault with")
    assert rows == []


def test_a_stage_without_its_guardian_is_void(world: World) -> None:
    with Guardian() as other:
        pass
    mine, world._guardian = world._guardian, other  # noqa: SLF001 - one that has ended

    ending, rows = play(world, scenario(order("agent_frozen", "host:STA/STA-2")))

    world._guardian = mine  # noqa: SLF001
    assert ending.void_reason.startswith("step a step: the guardian has ended")
    assert [row.what for row in rows if isinstance(row, Step)] == ["ordered", "armed"]


def test_what_breaks_off_a_scenario_leaves_nothing_broken(world: World) -> None:
    def write(row: Row) -> None:
        if isinstance(row, Step) and row.what == "begun":
            raise StageError("the disk is full")

    with pytest.raises(StageError, match="the disk is full"):
        Act(world, scenario(order("agent_killed", "host:STA/STA-2")), write).play()

    assert world.hosts["STA-2"].agent.is_running
