"""One host fails among many: it is named with its cause and in time, and no other host is."""

import pytest

from tests.faults.world import Plan, World
from tests.integration.real import pause, until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.delay_line import Way

pytestmark = [pytest.mark.real, pytest.mark.timeout(400), pytest.mark.timed]

PLANS = [
    Plan("STA", 4),
    Plan("MAR", 4),
    Plan("LYO", 3),
    Plan("PAR", 3),
    Plan("TAH", 3, "satellite", Way(delay_s=0.3, loss=0.01)),
]
WIRED_S = 3.0
SHARPENED_S = 1.5  # a neighbour has a second for its answer
WATCHED_S = 30.0
STEP_S = 3600.0
TAKEOVERS = 3


def test_a_killed_agent_is_known_at_once_and_its_machine_is_not_accused(world: World) -> None:
    killed_at = clock.wall()
    world.hosts["STA-2"].agent.kill()
    until("it is known", world.incidents)
    read_at = clock.wall()

    incident = world.expect("host", "STA-2", "agent_stopped", within_s=SHARPENED_S)

    print(f"opened {incident.opened_at - killed_at:.3f} s after, read {read_at - killed_at:.3f} s")
    assert 0.0 < incident.opened_at - killed_at <= 0.3
    assert read_at - killed_at <= 0.5
    assert {"will", "probe"} <= incident.kinds
    world.recover()
    assert world.named() == [("host", "STA-2", "agent_stopped")]
    assert world.called("down") == {"STA-2"}


def test_a_stopped_agent_is_frozen(world: World) -> None:
    frozen_at = clock.wall()
    world.freeze(world.hosts["STA-3"].agent)

    incident = world.expect("host", "STA-3", "host_frozen", within_s=WIRED_S + SHARPENED_S)

    assert incident.opened_at - frozen_at <= WIRED_S
    assert "probe" in incident.kinds
    world.recover()
    assert world.named() == [("host", "STA-3", "host_frozen")]
    assert world.called("down") == {"STA-3"}


@pytest.mark.parametrize("name", ["MAR-2", "MAR-1"], ids=["host", "gateway"])
def test_a_machine_without_power_is_down(world: World, name: str) -> None:
    cut_at = clock.wall()
    world.hosts[name].power_off()

    incident = world.expect("host", name, "host_down", within_s=WIRED_S + SHARPENED_S)

    assert incident.opened_at - cut_at <= WIRED_S
    assert "will" not in incident.kinds
    world.recover()
    assert world.named() == [("host", name, "host_down")]
    assert world.called("down") == {name}


def test_two_of_three_machines_without_power_are_no_cut_venue(world: World) -> None:
    for name in ("PAR-2", "PAR-3"):
        world.hosts[name].power_off()

    for name in ("PAR-2", "PAR-3"):
        world.expect("host", name, "host_down", within_s=WIRED_S + SHARPENED_S)

    world.recover()
    assert sorted(world.named()) == [("host", "PAR-2", "host_down"), ("host", "PAR-3", "host_down")]
    assert world.called("down") == {"PAR-2", "PAR-3"}
    assert world.called("unreachable") == set()


def test_two_agents_of_one_name_are_one_incident_of_that_name(world: World) -> None:
    world.hosts["MAR-4"].start_twin(of=world.hosts["MAR-3"])

    world.expect("identity", "MAR-3", "duplicate_identity", within_s=10.0)
    until("they took the name from each other", lambda: restarts(world) >= TAKEOVERS)

    world.recover()
    assert world.named() == [("identity", "MAR-3", "duplicate_identity")]
    assert restarts(world) <= 2 * TAKEOVERS, "one of them makes way"
    assert world.called("down") == set()


def restarts(world: World) -> float:
    return world.aggregator.value("venuewatch_host_restarts_total", host="MAR-3") or 0.0


def test_a_clock_that_steps_is_a_clock_that_is_wrong_and_nothing_else(world: World) -> None:
    wrong = world.hosts["LYO-2"].clock

    wrong.set(STEP_S)
    incident = world.expect("clock", "LYO-2", "clock_skew", within_s=10.0)
    wrong.set(0.0)

    (seen,) = (seen for seen in incident.evidence if seen.seen == "clock")
    assert seen.detail["offset_s"] == pytest.approx(STEP_S, abs=1.0)
    until("the clock is right again", lambda: world.incidents()[0].closed_at, within_s=20.0)
    assert world.named() == [("clock", "LYO-2", "clock_skew")]
    assert world.called("down") == set()


def test_a_flapping_link_becomes_one_incident(world: World) -> None:
    host = world.hosts["LYO-3"]
    for fall in (1, 2, 3, 4):
        pulled = host.unplug()
        world.aggregator.wait_for(host.name, "down")
        if fall == 3:
            world.expect("host", host.name, "flapping", within_s=1.0)
        pulled.end()
        world.aggregator.wait_for(host.name, "up")

    incidents = world.incidents()

    assert [incident.cause for incident in incidents[2:]] == ["flapping"]
    assert [incident.host for incident in incidents] == [host.name] * 3
    assert [incident.closed_at is None for incident in incidents] == [False, False, True]
    assert incidents[2].falls == 4
    assert world.called("down") == {host.name}


def test_a_satellite_venue_with_loss_is_left_alone(running: World) -> None:
    pause(max(0.0, running.up_at + WATCHED_S - clock.monotonic()))

    counts = running.lans["TAH"].uplink.heal()
    round_trip_s = running.aggregator.value("venuewatch_host_round_trip_seconds", host="TAH-1")
    assert [incident for incident in running.ever() if incident.venue == "TAH"] == []
    assert not [change for change in running.aggregator.accused() if change["venue"] == "TAH"]
    assert counts.up.lost + counts.down.lost > 0
    assert round_trip_s is not None
    assert round_trip_s >= 0.6
