from itertools import pairwise

import pytest

from tests.rehearsal.world.wire import DELAY_S, Wire


def test_everything_arrives_once_and_in_order_on_a_lossy_line() -> None:
    wire = Wire(loss=0.3)
    wire.beat(start=0, stop=200)

    wire.loop.run(until=400.0)

    assert wire.items() == list(range(200))
    assert [item for _, item in wire.answered] == list(range(200))


def test_a_cut_of_both_directions_lets_nothing_through_and_then_everything_in_one_burst() -> None:
    wire = Wire()
    wire.beat(start=0, stop=10)
    wire.loop.run(until=3.5)
    wire.up.is_cut = wire.down.is_cut = True
    wire.loop.run(until=7.5)
    assert wire.items() == [0, 1, 2, 3]

    wire.up.is_cut = wire.down.is_cut = False
    wire.loop.run(until=9.5)

    assert wire.items() == list(range(10))
    burst = [at for at, item in wire.heard if item in {4, 5, 6, 7}]
    assert max(burst) - min(burst) < 5 * DELAY_S


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_cut_of_either_direction_soon_silences_both(direction: str) -> None:
    wire = Wire()
    wire.beat(start=0, stop=30)
    wire.loop.run(until=3.5)

    getattr(wire, direction).is_cut = True
    wire.loop.run(until=20.0)

    last_up, last_down = wire.heard[-1], wire.answered[-1]
    assert last_up[0] < 5.0
    assert last_down[0] < 5.0
    assert len(wire.heard) + len(wire.answered) <= 9, "about one window may still get through"


def test_lost_beat_is_sent_again_soon_and_then_each_second() -> None:
    wire = Wire()
    wire.up.is_cut = True
    wire.near.send("beat")
    tries: list[float] = []

    while wire.loop.now < 7.0:
        before = wire.way.asked
        wire.loop.run(until=wire.loop.now + 0.01)
        if wire.way.asked > before:
            tries.append(wire.loop.now)

    gaps = [after - before for before, after in pairwise([0.0, *tries])]
    assert gaps[:8] == pytest.approx([0.225] * 8, abs=0.02), "a thin stream doubles late"
    assert gaps[8:12] == pytest.approx([0.45, 0.89, 1.02, 1.02], abs=0.04)


def test_agent_that_is_not_answered_loses_its_connection_after_14_seconds() -> None:
    wire, lost_at = Wire(), []
    wire.near.on_closed = lambda: lost_at.append(wire.loop.now)
    wire.beat(start=0, stop=40)
    wire.up.is_cut = True

    wire.loop.run(until=40.0)

    assert lost_at == pytest.approx([15.0], abs=0.7)


@pytest.mark.parametrize(("is_cable", "waits_s"), [(True, (0.0, 3.6)), (False, (11.0, 13.0))])
def test_router_that_reports_a_host_gone_ends_the_doubling(
    *, is_cable: bool, waits_s: tuple[float, float]
) -> None:
    wire = Wire(delay_s=0.28)  # Linux 6.18: 0.1 to 3.5 s, and without a router 11.5 to 12.6 s
    wire.down.is_cable = is_cable
    wire.beat(start=0, stop=70)
    wire.loop.run(until=29.5)

    wire.up.is_cut = wire.down.is_cut = True
    wire.loop.run(until=44.0)
    wire.up.is_cut = wire.down.is_cut = False
    wire.loop.run(until=70.0)

    waited_s = min(at for at, _ in wire.answered if at > 44.0) - 44.0
    assert waits_s[0] <= waited_s <= waits_s[1]


def test_a_machine_that_lost_its_power_says_nothing_until_it_is_back_and_is_asked() -> None:
    wire = Wire()
    wire.near.vanish()
    wire.up.is_cut = wire.down.is_cut = True
    wire.loop.run(until=60.0)
    assert wire.closed_at == []

    wire.up.is_cut = wire.down.is_cut = False
    wire.loop.run(until=70.0)
    assert wire.closed_at == [], "nobody has asked yet"
    wire.far.send("tick")
    wire.loop.run(until=80.0)

    assert len(wire.closed_at) == 1, "the new kernel knows nothing of the connection"


def test_a_frozen_process_is_acknowledged_for_and_hears_everything_later() -> None:
    wire = Wire()
    wire.near_process.freeze()
    wire.far.send("tick")
    wire.loop.run(until=5.0)
    assert wire.answered == []
    assert wire.far.lane.is_acknowledged(wire.far.lane.last)

    wire.near_process.resume()

    assert wire.answered == [(5.0, "tick")]


def test_a_kernel_that_knows_nothing_of_a_connection_ends_it_at_the_other_end_too() -> None:
    wire = Wire()
    wire.near.vanish()

    wire.far.close()
    wire.loop.run(until=1.0)

    assert wire.far.is_gone
