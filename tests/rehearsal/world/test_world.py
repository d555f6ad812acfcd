import pytest

from tests.rehearsal.world.conftest import MakeWorld
from venuewatch.base.wire import topics
from venuewatch.rehearsal.world.world import World


def test_an_undisturbed_fleet_is_settled_without_a_report(make_world: MakeWorld) -> None:
    world = make_world()

    world.run(300.0)

    assert world.trouble() == []
    assert world.observer.told == []
    assert world.observer.refused == []


def test_every_beat_of_an_undisturbed_host_echoes_a_tick(make_world: MakeWorld) -> None:
    world = make_world()

    hosts = list(world.observer.centre.fleet)

    assert all(host.round_trip_s is not None for host in hosts)
    assert all(0.02 <= (host.round_trip_s or 0.0) < 0.05 for host in hosts), "twice 10 ms"
    assert all(host.missed == 0 for host in hosts)


@pytest.mark.parametrize("has_bridge", [False, True])
def test_readings_of_a_cut_arrive_afterwards(make_world: MakeWorld, *, has_bridge: bool) -> None:
    world = make_world(has_bridge=has_bridge)
    venue = world.venues["V1"]
    venue.uplink.cut()
    world.run(60.0)
    assert any(host.machine.disk.records for host in venue.hosts.values())

    venue.uplink.mend()
    world.run(60.0)

    assert not any(host.machine.disk.records for host in venue.hosts.values())
    fleet = world.observer.centre.fleet
    assert all(fleet.venues["V1"].hosts[name].readings_missing == 0 for name in venue.hosts)


def test_a_restarted_aggregator_reads_vitals_of_everybody_again(make_world: MakeWorld) -> None:
    world = make_world()
    world.observer.kill()
    world.run(2.0)

    world.observer.start()
    world.run(25.0)

    found = [host.vitals for host in world.observer.centre.fleet]
    assert all(vitals and list(vitals.values) == [0.25] for vitals in found)


def test_a_probe_tells_the_truth_about_the_machine(make_world: MakeWorld) -> None:
    world = make_world()
    hosts = world.venues["V1"].hosts
    hosts["V1-2"].freeze_agent()
    hosts["V1-3"].power_off()
    hosts["V1-4"].machine.plug("out")

    reached = {name: _reach(world, "V1-1", name) for name in hosts}

    assert reached == {"V1-1": True, "V1-2": True, "V1-3": False, "V1-4": False}
    assert not _reach(world, "V1-1", "V2-1"), "another venue's LAN is not ours"


def test_a_will_of_a_killed_agent_waits_behind_a_cut(make_world: MakeWorld) -> None:
    world = make_world()
    death = topics.topic("V1", "V1-2", topics.Stream.DEATH)
    world.venues["V1"].uplink.up.is_cut = True
    world.venues["V1"].hosts["V1-2"].kill_agent()
    world.run(3.0)
    assert death not in world.broker.retained

    world.venues["V1"].uplink.mend()
    world.run(2.0)

    assert death in world.broker.retained


def test_agent_writes_no_beat_before_the_last_one_is_acknowledged(make_world: MakeWorld) -> None:
    world, beats = make_world(), list[str]()

    def note(topic: str, payload: bytes, *, is_retained: bool, is_certain: bool) -> None:  # noqa: ARG001
        if topic.startswith(f"{topics.ROOT}/V1/") and topic.endswith("/beat"):
            beats.append(topic)

    world.broker.taps.append(note)
    world.venues["V1"].uplink.down.is_cut = True
    world.run(10.0)

    assert sorted(beats) == [topics.topic("V1", f"V1-{n}", topics.Stream.BEAT) for n in range(1, 5)]


def test_a_stalled_aggregator_finds_everything_that_waited(make_world: MakeWorld) -> None:
    world = make_world()
    heard = world.observer.centre.intake.heard["beat"]

    world.observer.process.freeze()
    world.run(5.0)
    assert world.observer.centre.intake.heard["beat"] == heard
    world.observer.process.resume()
    world.run(0.1)

    assert world.observer.centre.intake.heard["beat"] >= heard + 5 * 10
    told = {(each.changed.incident.subject.scope) for each in world.observer.told}
    assert told == {"centre"}


def test_a_bridge_says_when_it_is_cut_off(make_world: MakeWorld) -> None:
    world = make_world(has_bridge=True)
    state = f"{topics.ROOT}/_bridge/V1"
    assert world.broker.retained[state] == b"1"

    world.venues["V1"].uplink.cut()
    world.run(15.0)
    said_when_cut = world.broker.retained[state]
    world.venues["V1"].uplink.mend()
    world.run_until(lambda: not world.trouble(), within_s=60.0)

    assert said_when_cut == b"0"
    assert world.broker.retained[state] == b"1"
    assert world.trouble() == []


def test_the_same_seed_gives_the_same_world(make_world: MakeWorld) -> None:
    def story(seed: int) -> list[str]:
        world = make_world(seed=seed)
        world.venues["V2"].uplink.cut()
        world.run(40.0)
        return [str(event) for event in (*world.observer.changes, *world.observer.told)]

    assert story(7) == story(7)
    assert story(7) != story(8)


def _reach(world: World, by: str, name: str) -> bool:
    """Have one host ask for another, as its agent would, and return what came of it."""
    answers: list[bool] = []
    venue = world.venues[by.split("-", maxsplit=1)[0]]
    machine = venue.hosts[by].machine
    venue.reach(
        machine,
        f"{name}.example.org",
        0.7,
        lambda *, is_reached, took_s: answers.append(is_reached),  # noqa: ARG005
    )
    world.run(1.0)
    (answer,) = answers
    return answer


@pytest.mark.long
@pytest.mark.parametrize("has_bridge", [False, True])
def test_two_aggregators_come_and_go_without_a_report(
    make_world: MakeWorld, *, has_bridge: bool
) -> None:
    world = make_world(has_bridge=has_bridge)
    other = world.aggregator("another")
    other.start()
    world.run(60.0)
    for observer, away_s in ((world.observer, 0.5), (other, 20.0), (world.observer, 20.0)):
        observer.kill()
        world.run(away_s)
        observer.start()
        world.run(60.0)

    assert world.trouble() == []
    assert world.observer.told == other.told == []
    assert world.observer.refused == other.refused == []
    for observer in (world.observer, other):
        assert all(abs(host.clock_offset_s or 9.0) < 0.1 for host in observer.centre.fleet)
