"""Every fault with a live way acts on real programs, and its witness sees it begin and end.

All of one world. Faults of hosts, venues and checks are played at once, each at a place of its own.
Those of the centre follow, at once where they touch different things.
"""

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import chain
from typing import Final, NamedTuple

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.looks import Look
from tests.faults.spoilt import HOST, ROLES, SPOILT
from tests.faults.world import Plan, World, world_of
from venuewatch.base import clock
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.receiver import URL, Receiver
from venuewatch.rehearsal.runfile.rows import Notice

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

SEEN_S: Final = 15.0  # a feed has to miss some messages
WELL_S: Final = 40.0  # many agents start at once, and reconnect
LOOK_EVERY_S: Final = 0.2
ODD_S: Final = 0.375
"""Lengths are drawn: no way may need whole seconds."""

FORGOTTEN_S: Final = 8.0


class Way(NamedTuple):
    """A fault, and what it breaks."""

    fault: str
    subject: Subject


class Stage(NamedTuple):
    """A world, and threads that live longer than what they start in it.

    ``notices`` are those that came to ``receiver``, taken or not.
    """

    world: World
    threads: ThreadPoolExecutor
    receiver: Receiver
    notices: list[Notice]


HOSTS: Final = (
    "agent_killed",
    "agent_frozen",
    "bad_update",
    "broker_does_not_deliver",
    "clock_stepped",
    "did_not_return",
    "flapping_host",
    "flooding_host",
    "host_overloaded",
    "planned_farewell",
    "terms_refused",
    "two_under_one_name",
    "wrong_configuration",
)
LINES: Final = ("cable_pulled", "machine_off")
VENUES: Final = (
    "lossy_venue",
    "slow_venue",
    "uplink_cut",
    "uplink_cut_downward",
    "uplink_cut_upward",
    "uplink_flapping",
    "venue_off",
)
"""With ``LINES`` these are seen by packets that have to come in time: so apart from the rest."""

CENTRE: Final = (
    ("aggregator_restarted", "broker_restarted", "receiver_hangs"),
    ("aggregator_stalled", "broker_frozen"),
    ("broker_stopped", "centre_clock_jump"),
    ("aggregator_cut_off",),
    ("centre_cut_off",),
)
"""Those of each row are played at once, row by row."""

BESIDE: Final = ("aggregator_clock_stepped", "journal_disk_full", "port_flood", "receiver_refuses")
"""Of the centre, too, but they keep nobody from anything that a witness looks at."""

HALL: Final = "HAL"
WRONG: Final = Way("inventory_wrong", Subject("venue", HALL))
RESET: Final = Way("connections_reset", Subject("host", "RES", "RES-2"))
"""At a venue of its own: all connections from there are closed."""

UNLISTED: Final = Way("unlisted_agent", Subject("venue", "RES"))
"""It is among the hosts that the aggregator names, and so not beside a wrong inventory."""

ON_RESULTS: Final = tuple(each for each in SPOILT if each.subject.host == HOST)
FEEDS: Final = (*ROLES, *["results"] * (len(ON_RESULTS) - 1))
RESULTS: Final = [f"STA-{at}" for at, role in enumerate(FEEDS, start=1) if role == "results"]
FORGOTTEN: Final = Subject("feed", "STA", RESULTS[-1], "results")

PLANS: Final = (
    Plan("STA", len(FEEDS), roles=FEEDS),
    Plan(HALL, len(HOSTS) + len(LINES) + 1),
    Plan(RESET.subject.venue, 2),
    *(Plan(f"V{at}", 2) for at, _ in enumerate(VENUES)),
)


def of_checks() -> Iterator[Way]:
    """Yield what is spoilt: of results hosts each its own, since a feed is spoilt in one way."""
    for each, host in zip(ON_RESULTS, RESULTS, strict=False):
        yield Way(each.fault, each.subject._replace(host=host))
    yield from (Way(*each) for each in SPOILT if each not in ON_RESULTS)


PLACES: Final = {
    name: Subject("host", HALL, f"{HALL}-{at}") for at, name in enumerate((*HOSTS, *LINES), start=2)
} | {name: Subject("venue", f"V{at}") for at, name in enumerate(VENUES)}
AT_ONCE: Final = (
    *of_checks(),
    *(Way(name, PLACES[name]) for name in HOSTS),
    *(Way(name, Subject("centre")) for name in BESIDE),
    WRONG,
    RESET,
)
ROUNDS: Final = (
    AT_ONCE,
    (UNLISTED, *(Way(name, PLACES[name]) for name in (*LINES, *VENUES))),
    *(tuple(Way(name, Subject("centre")) for name in row) for row in CENTRE),
)
WAYS: Final = tuple(chain.from_iterable(ROUNDS))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a world with a receiver of notices."""
    notices: list[Notice] = []
    with (
        ThreadPoolExecutor(len(AT_ONCE) + 1) as threads,
        world_of(tmp_path_factory.mktemp("world"), PLANS, webhook_url=URL) as world,
        Receiver(world.centre, "a world", notices.append) as receiver,
    ):
        world.receiver = receiver
        yield Stage(world, threads, receiver, notices)


@pytest.fixture(scope="module")
def forgotten(stage: Stage) -> Future[None]:
    """Return what becomes of a spoilt check that nobody mends."""
    return stage.threads.submit(forget, stage.world)


@pytest.fixture(scope="module")
def played(stage: Stage, forgotten: Future[None]) -> Mapping[str, Future[None]]:
    """Play every way, round by round; return what became of each."""
    found: dict[str, Future[None]] = {}
    for ways in ROUNDS:
        found |= play_at_once(stage, ways)
    wait([forgotten])
    return found


def play_at_once(stage: Stage, ways: Sequence[Way]) -> dict[str, Future[None]]:
    """Play these, and wait until all are over, however that is."""
    under_way = {way.fault: stage.threads.submit(play, stage.world, way) for way in ways}
    wait(under_way.values())
    return under_way


def play(world: World, way: Way) -> None:
    """Play a fault; raise StageError where its witness does not see it begin, or end."""
    kind = faults.load(way.fault)
    fault = kind(lasts_s=kind().lasts_s + ODD_S)
    look = Look(world, fault, way.subject)
    look.await_well(WELL_S, every_s=LOOK_EVERY_S)
    mend = fault.begin_live(world, way.subject)
    try:
        look.await_effect(SEEN_S, every_s=LOOK_EVERY_S)
    finally:
        mend()
    look.await_well(WELL_S, every_s=LOOK_EVERY_S)


def forget(world: World) -> None:
    """Spoil a check, and mend nothing."""
    fault = faults.load("feed_frozen")(lasts_s=FORGOTTEN_S)
    look = Look(world, fault, FORGOTTEN)
    look.await_well(WELL_S, every_s=LOOK_EVERY_S)
    fault.begin_live(world, FORGOTTEN)
    look.await_effect(SEEN_S, every_s=LOOK_EVERY_S)
    look.await_well(WELL_S, every_s=LOOK_EVERY_S)


@pytest.mark.parametrize("fault", [way.fault for way in WAYS])
def test_witness_sees_a_live_fault_begin_and_end(
    played: Mapping[str, Future[None]], fault: str
) -> None:
    played[fault].result()


@pytest.mark.usefixtures("played")
def test_a_spoilt_check_that_nobody_mends_is_well_after_its_length(
    forgotten: Future[None],
) -> None:
    forgotten.result()


@pytest.mark.usefixtures("played")
def test_other_venues_are_as_they_should_be_during_a_cut(stage: Stage) -> None:
    cut, *others = (Subject("venue", code) for code in ("V1", HALL, "STA"))
    fault = faults.load("uplink_cut")()
    mend = fault.begin_live(stage.world, cut)
    try:
        Look(stage.world, fault, cut).await_effect(SEEN_S)

        assert all(Look(stage.world, fault, other).sees() for other in others)
    finally:
        mend()


@pytest.mark.usefixtures("played")
def test_a_notice_that_is_refused_comes_again_and_is_taken_then(stage: Stage) -> None:
    begin, before = clock.monotonic(), len(stage.notices)
    stage.receiver.turn("refuses", lasts_s=2 * WELL_S)
    mend = faults.load("agent_killed")().begin_live(stage.world, RESET.subject)
    first = until("one is refused", lambda: refused(stage.notices[before:]), within_s=WELL_S)
    stage.receiver.turn("takes")
    mend()

    def is_taken() -> bool:
        taken = [one for one in stage.notices[before:] if one.accepted]
        return (first.incident, first.seq) in {(one.incident, one.seq) for one in taken}

    until("it is taken", is_taken, within_s=WELL_S)
    assert begin <= first.at <= clock.monotonic()
    assert stage.receiver.not_understood == 0


def refused(notices: Sequence[Notice]) -> Notice | None:
    return next((one for one in notices if not one.accepted), None)


def test_every_live_way_is_tried() -> None:
    files = (module.name for module in pkgutil.iter_modules(faults.__path__))
    names = {name for name in files if not name.startswith("_")}
    live = {name for name in names if faults.has_live_way(faults.load(name))}

    inherited = {name for name in live if "begin_live" not in vars(faults.load(name))}
    assert live - inherited <= {way.fault for way in WAYS}
