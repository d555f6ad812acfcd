"""Tests of the demo's scenes: what each makes of its machines, and of no others."""

from importlib.resources import as_file, files

import pytest

from aggregator import inventory
from aggregator.core.verdicts.causes import Cause
from venuewatch.demo import breaking
from venuewatch.demo.parts import REAL_HOST
from venuewatch.demo.scenes import CLOCK_AHEAD_S, SCENES, World

WANTED = [
    "agent_stopped",
    "host_frozen",
    "host_down",
    "venue_unreachable",
    "broker_down",
    "one_way_loss",
    "clock_skew",
    "redundancy_lost",
    "results_frozen",
]


@pytest.fixture(scope="module")
def listed() -> dict[str, inventory.VenueEntry]:
    with as_file(files("venuewatch.demo") / "inventory.toml") as path:
        return {venue.code: venue for venue in inventory.read(path).venue}


def test_there_is_a_scene_for_each_wanted_cause() -> None:
    assert list(SCENES) == WANTED
    assert all(Cause(name) for name in SCENES)


def test_each_scene_breaks_what_the_inventory_lists(
    listed: dict[str, inventory.VenueEntry],
) -> None:
    for scene in SCENES.values():
        hosts = [host.name for host in listed[scene.venue].host] if scene.venue else []
        assert not scene.host or scene.host in hosts
        assert REAL_HOST not in hosts
    venues = [scene.venue for scene in SCENES.values()]
    assert len(set(venues)) == len(venues)


def test_every_host_of_the_demo_has_a_loopback_address_of_its_own(
    listed: dict[str, inventory.VenueEntry],
) -> None:
    addresses = [host.address for venue in listed.values() for host in venue.host]

    assert len(set(addresses)) == len(addresses) == 256
    assert all(address.startswith("127.") for address in addresses)


def test_every_scene_has_one_key() -> None:
    assert sorted(breaking.KEYS.values()) == sorted(WANTED)
    assert breaking.MEND_ALL not in breaking.KEYS


def facts(world: World, name: str) -> tuple[bool, bool, bool, bool, float]:
    scene = SCENES[name]
    where = (scene.venue, scene.host or f"{scene.venue}-gateway-01")
    return (
        world.has_agent(*where),
        world.sends(*where),
        world.receives(*where),
        world.answers_neighbours(*where),
        world.clock_ahead_s(*where),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("agent_stopped", (False, True, True, True, 0.0)),
        ("host_frozen", (True, False, False, True, 0.0)),
        ("host_down", (True, False, False, False, 0.0)),
        ("venue_unreachable", (True, False, False, True, 0.0)),
        ("one_way_loss", (True, True, False, True, 0.0)),
        ("clock_skew", (True, True, True, True, CLOCK_AHEAD_S)),
        ("redundancy_lost", (True, True, True, True, 0.0)),
    ],
)
def test_a_scene_breaks_its_own_machine_until_mended(
    name: str, expected: tuple[bool, bool, bool, bool, float]
) -> None:
    world = World()

    world.obey(f"break {name}\n")

    assert facts(world, name) == expected
    others = [other for other in SCENES if other not in {name, "broker_down"}]
    assert {facts(world, other) for other in others} == {(True, True, True, True, 0.0)}
    world.obey(f"mend {name}\n")
    assert facts(world, name) == (True, True, True, True, 0.0)


def test_a_check_speaks_from_its_scene_on() -> None:
    world = World()
    host = SCENES["results_frozen"].host

    before = world.check_of(host)
    world.obey("break results_frozen")
    broken = world.check_of(host)
    world.obey("mend results_frozen")
    mended = world.check_of(host)

    assert before is None
    assert broken is not None
    assert mended is not None
    assert (broken.state, mended.state) == ("frozen", "flowing")


@pytest.mark.parametrize(
    "order", ["", "break", "break nothing", "dance host_down", "mend host_down"]
)
def test_an_order_that_means_nothing_changes_nothing(order: str) -> None:
    world = World()

    world.obey(order)

    assert facts(world, "host_down") == (True, True, True, True, 0.0)


def test_every_venue_of_the_demo_has_a_group_and_a_place(
    listed: dict[str, inventory.VenueEntry],
) -> None:
    assert len({venue.group for venue in listed.values()}) == 2
    assert all(venue.group and venue.lat and venue.lon for venue in listed.values())
