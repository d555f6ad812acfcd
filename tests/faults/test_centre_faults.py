"""Faults of the broker and the aggregator accuse no host; a cut meanwhile is told once."""

from collections.abc import Callable

import pytest

from tests.faults.world import RECONNECT_MAX_S, Plan, World
from tests.integration.real import Process, pause, until
from venuewatch.rehearsal.live.servers import Aggregator

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

PLANS = [Plan("STA", 5), Plan("MAR", 4), Plan("LYO", 3)]
OF_THE_CENTRE = "centre"
VENUE_S = 4.0
STALL_S = 5.0
GRACE_S = RECONNECT_MAX_S + 1.8 + 5.0 + 1.0  # the cap, a wired margin, what is granted, and a beat
BROKER_GONE_S = 10.0


def wait_until_heard_again(world: World) -> None:
    """Wait until each host has beaten often enough to be judged again."""
    heard = beats(world)
    until(
        "every host beats again",
        lambda: beats(world) >= heard + 4 * len(world.hosts),
        within_s=30.0,
    )
    until("the grace is over", world.aggregator.is_ready, within_s=30.0)


def beats(world: World) -> float:
    return world.aggregator.value("venuewatch_aggregator_messages_total", stream="beat") or 0.0


def assert_no_host_was_accused(world: World) -> None:
    """On a busy machine the fault may last until it is an incident of the centre: no matter."""
    assert [name for name in world.named() if name[0] != OF_THE_CENTRE] == []
    assert world.called("down") == set()
    assert world.called("unreachable") == set()


def test_an_aggregator_that_stood_still_accuses_no_host(world: World) -> None:
    still = world.freeze(world.aggregator)
    pause(STALL_S)
    still.end()

    wait_until_heard_again(world)

    assert_no_host_was_accused(world)
    assert world.aggregator.events("stalled")


@pytest.mark.parametrize("still_s", [1.5, 2.5])  # within a wired host's margin, and beyond it
def test_a_broker_that_stands_still_for_a_moment_is_nothing(world: World, still_s: float) -> None:
    still = world.freeze(world.broker)
    pause(still_s)
    still.end()

    wait_until_heard_again(world)

    assert_no_host_was_accused(world)


@pytest.mark.parametrize(("how", "says"), [("frozen", "silent"), ("killed", "refuses")])
def test_a_broker_that_is_gone_is_one_incident_of_its_own(
    world: World, how: str, says: str
) -> None:
    if how == "frozen":
        world.freeze(world.broker)
    else:
        world.broker.kill()

    incident = world.expect(OF_THE_CENTRE, "", "broker_down", within_s=BROKER_GONE_S)

    (port,) = (seen for seen in incident.evidence if seen.seen == "port")
    assert port.detail["says"] == says
    assert {world.aggregator.state(host) for host in world.hosts} == {"unknown"}
    world.recover()
    wait_until_heard_again(world)
    assert world.named() == [(OF_THE_CENTRE, "", "broker_down")]
    assert world.called("down") == set()
    assert world.called("unreachable") == set()


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
@pytest.mark.parametrize("name", ["broker", "aggregator"])
def test_a_broker_or_aggregator_that_restarts_accuses_no_host(
    world: World, name: str, end: Callable[[Process], object]
) -> None:
    process = {"broker": world.broker, "aggregator": world.aggregator}[name]
    end(process)
    process.start()

    wait_until_heard_again(world)

    assert_no_host_was_accused(world)


def test_an_aggregator_that_restarts_in_order_during_a_cut_tells_it_once(world: World) -> None:
    code = "MAR"
    world.lans[code].uplink.cut()
    before = world.expect("venue", code, "venue_unreachable", within_s=VENUE_S)

    world.aggregator.restart()
    pause(GRACE_S)

    (still,) = world.incidents()
    assert still.number == before.number
    assert still.opened_at == pytest.approx(before.opened_at, abs=0.001)
    assert still.closed_at is None
    world.recover()
    assert world.named() == [("venue", code, "venue_unreachable")]
    assert world.incidents()[0].closed_at is not None
    assert world.called("down") == set()
    assert opened(world.aggregator, before.number) == 1


def opened(aggregator: Aggregator, number: int) -> int:
    """Return how often an incident was announced as opened, over all restarts."""
    said = [(line["change"], line["number"]) for line in aggregator.events("incident")]
    return said.count(("opened", number))
