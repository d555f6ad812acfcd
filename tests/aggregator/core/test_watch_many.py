"""A big fleet: what happens to all at once, and what one message may cost."""

from aggregator.core.states import HostState
from tests.aggregator.scene import GRACE_S
from tests.aggregator.watching import Watching


def venues(count: int, hosts: int) -> dict[str, tuple[str, ...]]:
    return {
        f"V{venue}": tuple(f"h{venue}-{host}" for host in range(hosts)) for venue in range(count)
    }


def test_a_fleet_that_does_not_return_after_our_start_is_our_own_deafness() -> None:
    fleet = Watching(venues(40, 20))
    fleet.subscribe()
    fleet.mute(*fleet.machines)

    fleet.run(GRACE_S + 10.0)

    assert [line[2:] for line in fleet.lines()] == [("centre", "aggregator_blind")]
    assert {fleet.state(name) for name in fleet.machines} == {HostState.UNKNOWN}


def test_a_venue_of_forty_is_one_incident_and_the_others_are_no_news() -> None:
    fleet = Watching(venues(10, 40))
    fleet.bring_up()
    fleet.mute(*(name for name in fleet.machines if name.startswith("h3-")))

    fleet.run(30.0)

    ((at, change, who, _),) = fleet.lines()
    assert (change, who) == ("opened", "venue V3")
    assert at <= 4.0 + 4.0
    assert len(fleet.incident("venue", "V3").children) == 40


def test_hosts_of_many_venues_that_die_at_once_are_each_known_and_asked_for() -> None:
    fleet = Watching(venues(50, 2))
    fleet.bring_up()
    dead = [name for name in fleet.machines if name.endswith("-0")]
    for name in dead:
        fleet.reach[name] = False
    fleet.mute(*dead)

    fleet.run(5.0)

    causes = {
        incident.subject.host: incident.cause for incident in fleet.watch.incidents.open.values()
    }
    assert causes == dict.fromkeys(dead, "host_down")
