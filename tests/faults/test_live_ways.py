"""Every fault with a live way acts on real programs, and its witness sees it begin and end."""

import pkgutil
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.spoilt import SPOILT
from tests.faults.world import Plan, World, world_of
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.receiver import URL, Receiver
from venuewatch.rehearsal.live.sights import SIGHTS
from venuewatch.rehearsal.runfile.rows import Notice

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

PLANS = [Plan("STA", 3), Plan("MAR", 3), Plan("LYO", 2)]
HOST: Final = Subject("host", "STA", "STA-2")
VENUE: Final = Subject("venue", "MAR")
CENTRE: Final = Subject("centre")
SEEN_S: Final = 5.0
HEALED_S: Final = 20.0  # an agent reconnects, a server starts
ODD_S: Final = 0.375
"""Lengths are drawn: no way may need whole seconds."""


class Way(NamedTuple):
    """A fault, and what it breaks."""

    fault: str
    subject: Subject


WAYS: Final = [
    Way("agent_killed", HOST),
    Way("agent_frozen", HOST),
    Way("bad_update", HOST),
    Way("broker_does_not_deliver", HOST),
    Way("cable_pulled", HOST),
    Way("clock_stepped", HOST),
    Way("connections_reset", HOST),
    Way("did_not_return", HOST),
    Way("flapping_host", HOST),
    Way("flooding_host", HOST),
    Way("host_overloaded", HOST),
    Way("machine_off", HOST),
    Way("planned_farewell", HOST),
    Way("terms_refused", HOST),
    Way("two_under_one_name", HOST),
    Way("wrong_configuration", HOST),
    Way("inventory_wrong", VENUE),
    Way("lossy_venue", VENUE),
    Way("slow_venue", VENUE),
    Way("unlisted_agent", VENUE),
    Way("uplink_cut", VENUE),
    Way("uplink_flapping", VENUE),
    Way("venue_off", VENUE),
    Way("aggregator_clock_stepped", CENTRE),
    Way("aggregator_cut_off", CENTRE),
    Way("aggregator_restarted", CENTRE),
    Way("aggregator_stalled", CENTRE),
    Way("broker_frozen", CENTRE),
    Way("broker_restarted", CENTRE),
    Way("broker_stopped", CENTRE),
    Way("centre_clock_jump", CENTRE),
    Way("centre_cut_off", CENTRE),
    Way("journal_disk_full", CENTRE),
    Way("port_flood", CENTRE),
    Way("receiver_hangs", CENTRE),
    Way("receiver_refuses", CENTRE),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield a world with a receiver of notices."""
    notices: list[Notice] = []
    with (
        world_of(tmp_path_factory.mktemp("world"), PLANS, webhook_url=URL) as world,
        Receiver(world.centre, "a world", notices.append) as receiver,
    ):
        world.receiver = receiver
        yield world


@pytest.mark.parametrize("way", WAYS, ids=[way.fault for way in WAYS])
def test_witness_sees_a_live_fault_begin_and_end(running: World, way: Way) -> None:
    kind = faults.load(way.fault)
    fault = kind(lasts_s=kind().lasts_s + ODD_S)

    def is_as_it_should_be() -> bool:
        return SIGHTS[fault.SEEN_BY](running, way.subject) is True

    until("nothing is broken before", is_as_it_should_be, within_s=HEALED_S)
    mend = fault.begin_live(running, way.subject)

    until("its witness sees it", lambda: not is_as_it_should_be(), within_s=SEEN_S)
    mend()
    until("its witness sees that it is over", is_as_it_should_be, within_s=HEALED_S)


def test_witness_sees_one_direction_that_is_cut(running: World) -> None:
    for fields in ({"up": False}, {"down": False}):
        mend = faults.load("uplink_cut")(**fields).begin_live(running, VENUE)

        until("it is seen", lambda: not SIGHTS["line"](running, VENUE), within_s=SEEN_S)
        mend()
        until("it is over", lambda: SIGHTS["line"](running, VENUE), within_s=HEALED_S)


def test_other_venues_are_as_they_should_be_during_a_cut(running: World) -> None:
    mend = faults.load("uplink_cut")().begin_live(running, VENUE)

    until("it is seen", lambda: not SIGHTS["line"](running, VENUE), within_s=SEEN_S)
    others = [Subject("venue", "STA"), Subject("venue", "LYO")]
    assert all(SIGHTS["line"](running, other) for other in others)
    mend()


def test_every_live_way_is_tried() -> None:
    files = (module.name for module in pkgutil.iter_modules(faults.__path__))
    names = {name for name in files if not name.startswith("_")}
    live = {name for name in names if faults.has_live_way(faults.load(name))}

    inherited = {name for name in live if "begin_live" not in vars(faults.load(name))}
    tried = {way.fault for way in WAYS} | {each.fault for each in SPOILT}
    assert live - inherited <= tried
