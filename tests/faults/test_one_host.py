"""One host fails among many: it is named with its cause and in time, and no other host is.

Hosts of different venues fail at the same time, where nothing has to be waited for between them.
"""

from typing import Final, NamedTuple

import pytest

from tests.faults.world import Incident, Plan, World
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
TAKEOVERS = 3
FELL: Final = {
    "STA-3": "host_frozen",
    "MAR-2": "host_down",
    "LYO-1": "host_down",
    "PAR-2": "host_down",
    "PAR-3": "host_down",
}
"""Hosts that fall at the same time, and the cause that is told of each."""

GATEWAY = "LYO-1"
TWO_OF_THREE = ("PAR-2", "PAR-3")


class Told(NamedTuple):
    """What was told of some falls: incidents, and hosts that were called down or unreachable."""

    incidents: list[Incident]
    down: set[str]
    unreachable: set[str]

    def of(self, host: str) -> Incident:
        (incident,) = (one for one in self.incidents if one.host == host)
        return incident

    def at(self, code: str) -> "Told":
        """Return what was told of a venue and its hosts."""
        begins = f"{code}-"
        return Told(
            [one for one in self.incidents if one.venue == code],
            {host for host in self.down if host.startswith(begins)},
            {host for host in self.unreachable if host.startswith(begins)},
        )


def told_by(world: World) -> Told:
    return Told(world.incidents(), world.called("down"), world.called("unreachable"))


class Fallen(NamedTuple):
    """When (wall s) each host fell, and what was told."""

    at: dict[str, float]
    told: Told

    def opened_after_s(self, host: str) -> float:
        return self.told.of(host).opened_at - self.at[host]


class Trembling(NamedTuple):
    """What was told of a link that fell again and again, and of a name that was taken so often."""

    told: Told
    takeovers: float


@pytest.fixture(scope="module")
def fallen(running: World) -> Fallen:
    """Let all of them fall, wait until each is told with its cause, and let all be well again."""
    running.mark()
    at = {}
    for name, cause in FELL.items():
        at[name] = clock.wall()
        if cause == "host_frozen":
            running.freeze(running.hosts[name].agent)
        else:
            running.hosts[name].power_off()
    for name, cause in FELL.items():
        running.expect("host", name, cause, within_s=WIRED_S + SHARPENED_S)
    running.recover()
    return Fallen(at, told_by(running))


@pytest.fixture(scope="module")
def trembling(running: World) -> Trembling:
    """Let a link fall four times, after two agents took a name from each other."""
    running.mark()
    running.hosts["MAR-4"].start_twin(of=running.hosts["MAR-3"])
    running.expect("identity", "MAR-3", "duplicate_identity", within_s=10.0)
    until("they took the name from each other", lambda: restarts(running) >= TAKEOVERS)
    host = running.hosts["LYO-3"]
    for fall in (1, 2, 3, 4):
        pulled = host.unplug()
        running.aggregator.wait_for(host.name, "down")
        if fall == 3:
            running.expect("host", host.name, "flapping", within_s=1.0)
        pulled.end()
        running.aggregator.wait_for(host.name, "up")
    told = told_by(running)
    running.recover()
    return Trembling(told, restarts(running))


def restarts(world: World) -> float:
    return world.aggregator.value("venuewatch_host_restarts_total", host="MAR-3") or 0.0


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


def test_a_stopped_agent_is_frozen(fallen: Fallen) -> None:
    incident = fallen.told.of("STA-3")

    assert fallen.opened_after_s("STA-3") <= WIRED_S
    assert incident.cause == "host_frozen"
    assert "probe" in incident.kinds


@pytest.mark.parametrize("name", ["MAR-2", GATEWAY], ids=["host", "gateway"])
def test_a_machine_without_power_is_down(fallen: Fallen, name: str) -> None:
    incident = fallen.told.of(name)

    assert fallen.opened_after_s(name) <= WIRED_S
    assert incident.cause == "host_down"
    assert "will" not in incident.kinds


def test_two_of_three_machines_without_power_are_no_cut_venue(fallen: Fallen) -> None:
    told = fallen.told.at("PAR")

    assert sorted(one.name for one in told.incidents) == [
        ("host", name, "host_down") for name in TWO_OF_THREE
    ]
    assert (told.down, told.unreachable) == (set(TWO_OF_THREE), set())


def test_hosts_that_fall_at_the_same_time_accuse_no_other(fallen: Fallen) -> None:
    told = fallen.told

    assert sorted(one.name for one in told.incidents) == sorted(
        ("host", name, cause) for name, cause in FELL.items()
    )
    assert (told.down, told.unreachable) == (set(FELL), set())


def test_two_agents_of_one_name_are_one_incident_of_that_name(trembling: Trembling) -> None:
    told = trembling.told.at("MAR")

    assert [one.name for one in told.incidents] == [("identity", "MAR-3", "duplicate_identity")]
    assert trembling.takeovers <= 2 * TAKEOVERS, "one of them makes way"
    assert told.down == set()


def test_a_flapping_link_becomes_one_incident(trembling: Trembling) -> None:
    told = trembling.told.at("LYO")

    assert [incident.cause for incident in told.incidents[2:]] == ["flapping"]
    assert [incident.host for incident in told.incidents] == ["LYO-3"] * 3
    assert [one.closed_at is None for one in told.incidents] == [False, False, True]
    assert told.incidents[2].falls == 4
    assert told.down == {"LYO-3"}


def test_a_satellite_venue_with_loss_is_left_alone(running: World) -> None:
    pause(max(0.0, running.up_at + WATCHED_S - clock.monotonic()))

    counts = running.lans["TAH"].uplink.heal()
    round_trip_s = running.aggregator.value("venuewatch_host_round_trip_seconds", host="TAH-1")
    assert [incident for incident in running.ever() if incident.venue == "TAH"] == []
    assert not [change for change in running.aggregator.accused() if change["venue"] == "TAH"]
    assert counts.up.lost + counts.down.lost > 0
    assert round_trip_s is not None
    assert round_trip_s >= 0.6
