"""No live fault outlives those who hold it, and a restart of an agent neither ends nor keeps it."""

from collections.abc import Iterator
from itertools import cycle
from typing import Final

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.deaths import (
    BRIEF_S,
    DEATHS,
    LATER_S,
    LONG_S,
    UNDONE_S,
    await_timers,
    played,
    prefix_of,
    restart_agent_of,
)
from tests.faults.foreign import Foreign, beside
from tests.faults.looks import Look
from tests.faults.spoilt import ROLES
from tests.faults.subjects import (
    CENTRE,
    live_files,
    live_names,
    names_of_receivers,
    subject_of,
)
from tests.faults.world import Plan, World, world_of
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.receiver import PORT
from venuewatch.rehearsal.live.servers import LOOPBACK
from venuewatch.rehearsal.live.sights import SIGHTS
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.machine import names

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

PLANS: Final = (Plan("STA", len(ROLES), roles=ROLES), Plan("MAR", 3))
RESTARTED: Final = "agent restarted"
FORGETS: Final = "controller forgets"
ENDS: Final = (*DEATHS, RESTARTED)
BY_TURN: Final = tuple(end for end in ENDS if end != FORGETS)
FORGOTTEN: Final = ("agent_frozen", "cable_pulled", "disk_full", "feed_unreadable")
"""Faults that are held in different ways: by a signal, a command, a disk and a file."""

SEEN_S: Final = 15.0  # a feed has to miss some messages
WELL_S: Final = 30.0  # an agent reconnects, a server starts
LOOK_S: Final = {"line": 3.0, "sessions": 8.0, "watched": 8.0}
"""How long (s) a look takes where packets are lost, an agent to connect again, a source to
send some messages."""

USUAL_LOOK_S: Final = 1.0

SEEN_AFTER_S: Final = {"watched": 10.0}
"""How long (s) a fault lasts at least until it can be seen."""

OVERLOADED_S: Final = 6.0  # until it stalls once


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play each fault with one end by turn, a few with none; or all of them with each."""
    if "end" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("every_death"):
        cells = [(fault, end) for fault in live_names() for end in ENDS]
    else:
        cells = list(zip(live_files(), cycle(BY_TURN), strict=False))
        cells += [(name, FORGETS) for name in FORGOTTEN]
    metafunc.parametrize(("fault", "end"), cells)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield a small world, beside what is of others; nothing of it is left afterwards."""
    with world_of(tmp_path_factory.mktemp("world"), PLANS) as world:
        yield world
    prefix = prefix_of(world)
    assert not [name for name in names() if name.startswith(prefix)]
    assert not [left for left in leftovers.find() if prefix in left.name]


@pytest.fixture(scope="module")
def foreign(running: World) -> Iterator[Foreign]:
    with beside(running.centre) as found:
        yield found


@pytest.fixture
def world(running: World, foreign: Foreign) -> Iterator[World]:
    """Yield the module's world; what is of others is untouched afterwards."""
    yield running
    running.heal()
    assert foreign.is_untouched()


def test_live_fault_is_over_or_lasts_as_it_should(world: World, fault: str, end: str) -> None:
    subject = subject_of(fault)
    if end == RESTARTED:
        assert_restart_changes_nothing(world, faults.load(fault)(lasts_s=LONG_S), subject)
    else:
        assert_it_is_undone(world, fault, end, subject)


def assert_it_is_undone(world: World, name: str, end: str, subject: Subject) -> None:
    death = DEATHS[end]
    fault = of_length(name, death.lasts_s, is_timed=death.is_timed)
    look = Look(world, fault, subject)
    look.await_well(WELL_S)
    with played(world, fault, subject) as controller:
        look.await_effect(SEEN_S)

        death.strike(controller)

        limit_s = fault.longest_s + LATER_S if death.is_timed else UNDONE_S
        look_s = LOOK_S.get(fault.SEEN_BY, USUAL_LOOK_S)
        look.await_well(limit_s + look_s)
        if death.is_timed:
            await_timers(world, limit_s)


def of_length(name: str, lasts_s: float, *, is_timed: bool) -> faults.Fault:
    """Return a fault of a length; where that ends it, of one fall, and long enough to be seen."""
    kind = faults.load(name)
    if not is_timed:
        return kind(lasts_s=lasts_s)
    seen_after_s = SEEN_AFTER_S.get(kind.SEEN_BY, lasts_s)
    if "stall_s" in kind.__struct_fields__:
        return kind(lasts_s=OVERLOADED_S)
    falls = {"falls": 1, "down_s": seen_after_s} if "falls" in kind.__struct_fields__ else {}
    return kind(lasts_s=seen_after_s, **falls)


def assert_restart_changes_nothing(world: World, fault: faults.Fault, subject: Subject) -> None:
    look = Look(world, fault, subject)
    look.await_well(WELL_S)
    with played(world, fault, subject) as controller:
        look.await_effect(SEEN_S)

        host = restart_agent_of(world, subject)

        assert hits_the_agent(fault, subject) or look.sees() is not True
        controller.mend()
        look.await_well(WELL_S)
        it = Subject("host", host.where.venue, host.name)
        until("its agent runs", lambda: SIGHTS["agent"](world, it), within_s=WELL_S)
        assert SIGHTS["twins"](world, it)


def hits_the_agent(fault: faults.Fault, subject: Subject) -> bool:
    """Tell whether what a fault breaks is the agent that is restarted, so that it is mended."""
    return bool(subject.host) and fault.SEEN_BY != "line"


@pytest.mark.parametrize("name", names_of_receivers())
@pytest.mark.parametrize("how", ["guardian killed", FORGETS])
def test_fault_of_a_receiver_is_over_after_its_length(world: World, name: str, how: str) -> None:
    fault = faults.load(name)(lasts_s=BRIEF_S)
    look = Look(world, fault, CENTRE)
    with played(world, fault, CENTRE) as controller:
        assert look.sees() is False

        DEATHS[how].strike(controller)

        limit_s = fault.longest_s + LATER_S + USUAL_LOOK_S
        look.await_well(limit_s)


@pytest.mark.parametrize("how", ["controller killed", "both killed"])
def test_receiver_ends_with_its_controller(world: World, how: str) -> None:
    fault = faults.load("receiver_hangs")(lasts_s=LONG_S)
    with played(world, fault, CENTRE) as controller:
        DEATHS[how].strike(controller)

        until("nobody answers there any more", lambda: not listens(world), within_s=UNDONE_S)


def listens(world: World) -> bool:
    """Tell whether anything accepts what is sent to the receiver of notices."""
    try:
        world.centre.connect(LOOPBACK, PORT).close()
    except OSError:
        return False
    return True


def test_live_faults_of_the_folder_hit_hosts_venues_and_the_centre() -> None:
    assert {subject_of(name).scope for name in live_names()} >= {"host", "venue", "centre"}


def test_every_live_fault_names_a_witness_that_there_is() -> None:
    assert [name for name in live_files() if faults.load(name).SEEN_BY not in SIGHTS] == []
