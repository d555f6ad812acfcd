"""A big fleet: what happens to all at once."""

from aggregator.core.states import HostState
from tests.kit.machine import GRACE_S
from tests.kit.story import Story


def venues(count: int, hosts: int) -> dict[str, tuple[str, ...]]:
    return {
        f"V{venue}": tuple(f"h{venue}-{host}" for host in range(hosts)) for venue in range(count)
    }


def test_a_fleet_absent_after_our_start_is_our_blindness() -> None:
    fleet = Story(venues(40, 20))
    fleet.open()
    fleet.mute(*fleet.machines)

    fleet.run(GRACE_S + 10.0)

    assert [line[2:] for line in fleet.lines()] == [("centre", "aggregator_blind")]
    assert {fleet.state(name) for name in fleet.machines} == {HostState.UNKNOWN}


def test_deaths_at_many_venues_are_each_explained() -> None:
    fleet = Story(venues(50, 2)).bring_up()
    dead = [name for name in fleet.machines if name.endswith("-0")]
    fleet.reach.update(dict.fromkeys(dead, False))
    fleet.mute(*dead)

    fleet.run(5.0)

    incidents = fleet.centre.decisions.incidents.open.values()
    causes = {incident.subject.host: incident.cause for incident in incidents}
    assert causes == dict.fromkeys(dead, "host_down")
