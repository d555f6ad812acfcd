"""Simulated receiver of notices: it gets all of them, in order within an incident, and soon."""

import pytest

from venuewatch.rehearsal import faults, verdicts
from venuewatch.rehearsal.world.world import World

OUT_WITHIN_S = 10.0
REFUSED_S = 45.0


def refused(name: str) -> World:
    """Return a world whose receiver has not taken notices for 45 s."""
    world = verdicts.break_world(faults.load(name)(), seed=5)
    world.run(REFUSED_S)
    return world


def taken(world: World) -> list[str]:
    return [notice.id for _, notice in world.observer.notifier.taken]


@pytest.mark.parametrize("name", ["receiver_refuses", "receiver_hangs"])
def test_what_waits_is_out_soon_after_the_receiver_is_well(name: str) -> None:
    world = refused(name)
    waited, taken_before = world.observer.notifier.waiting, taken(world)

    world.observer.notifier.mood = "takes"
    world.run(OUT_WITHIN_S)

    assert (waited >= 2, taken_before) == (True, [])
    assert world.observer.notifier.waiting == 0


def test_a_receiver_that_refuses_is_tried_now_and_then() -> None:
    world = refused("receiver_refuses")

    assert 5 <= world.observer.notifier.tried <= 2 * REFUSED_S


def test_a_restart_loses_no_notice_and_no_order() -> None:
    world = refused("receiver_refuses")
    told = [each.changed for each in world.observer.told]

    world.observer.kill()
    world.run(1.0)
    world.observer.notifier.mood = "takes"
    world.observer.start()
    world.run(OUT_WITHIN_S)

    found = taken(world)
    for number in {changed.incident.number for changed in told}:
        ours = [id_ for id_ in found if id_.split("-")[0] == str(number)]
        assert ours[0] == f"{number}-1"
        assert ours == sorted(ours, key=lambda id_: int(id_.split("-")[1]))
    assert {f"{it.incident.number}-{it.seq}" for it in told if it.seq} <= set(found)
