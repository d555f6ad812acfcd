"""Worse monitors with real programs: each lowers exactly the measure that it must.

One agent is killed once, under one real aggregator. Before it stand relays, one for each monitor,
with a reader and a receiver of its own. Another scenario is played while the aggregator is down.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.faults.monitors import URL, EventsRelay, Outlet, nothing, notices_relay, twice
from tests.faults.world import Plan, World, world_of
from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.runfile.scenarios import expectation, order, run_of, scenario
from tests.rehearsal.second.figures import differences
from venuewatch.base import clock
from venuewatch.rehearsal.live.health import NOT_KNOWN
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.reader import Reader, Source
from venuewatch.rehearsal.live.receiver import Receiver
from venuewatch.rehearsal.playing import terms
from venuewatch.rehearsal.playing.live import Act, Ending
from venuewatch.rehearsal.playing.player import TICK_S
from venuewatch.rehearsal.playing.workers import Workers
from venuewatch.rehearsal.runfile.rows import Notice, Row, Seen, Step, Well
from venuewatch.rehearsal.scenario import Allowed, Scenario
from venuewatch.rehearsal.score.marks import Marks, MeasureName
from venuewatch.rehearsal.score.result import Scored
from venuewatch.rehearsal.score.run import score_run

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

WORLD: Final = "a world"
PLANS: Final = (Plan("STA", 3), Plan("MAR", 3))
KILLED: Final = "host:STA/STA-2"
DETECT_WITHIN_S: Final = 4.0
LATE_S: Final = DETECT_WITHIN_S + 0.2
"""Beyond the bound however soon it was known, and within the 3 s more that a cause has."""

WORSE: Final[dict[str, tuple[Outlet, set[MeasureName]]]] = {
    "right": (Outlet(), set()),
    "says nothing": (Outlet(tells=False, notices=nothing), {"detected", "told", "cause"}),
    "stamps early, speaks late": (Outlet(late_s=LATE_S), {"detected"}),
    "told twice": (Outlet(notices=twice), {"once"}),
    "notices without the incident": (Outlet(tells=False), {"detected"}),
    "no notices": (Outlet(notices=nothing), {"told"}),
}


class Played(NamedTuple):
    """What was done once, and what each monitor said of it."""

    scenario: Scenario
    began_at: float
    ended_at: float
    ending: Ending
    done: list[Row]
    said: dict[str, list[Seen | Notice]]


def killed(*, over_within_s: float, lasts_s: float = 5.0) -> Scenario:
    """Return a scenario in which one agent is killed."""
    expected = expectation(
        KILLED, "agent_stopped", detect_within_s=DETECT_WITHIN_S, over_within_s=over_within_s
    )
    less = Allowed(subject=KILLED, causes=("silent", "connection_lost"))
    return scenario(
        kind="agent_killed",
        modes=("live",),
        orders=(order("off", KILLED, fault="agent_killed", at_s=0.2, lasts_s=lasts_s),),
        expected=(expected,),
        allowed=(less,),
    )


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Yield those who strike and mend: a program that one of them starts ends with them."""
    with Workers() as made:
        yield made


@pytest.fixture(scope="module")
def running(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    del workers  # they outlive the world
    with world_of(tmp_path_factory.mktemp("world"), PLANS, webhook_url=URL) as world:
        yield world


@pytest.fixture(scope="module")
def played(running: World, workers: Workers) -> Played:
    """Play one scenario, and wait until the latest of the monitors has said all of it."""
    running.await_well()
    monitors = {name: outlet for name, (outlet, _) in WORSE.items()}
    return play(running, workers, killed(over_within_s=20.0), monitors)


def play(
    world: World,
    workers: Workers,
    played: Scenario,
    monitors: dict[str, Outlet],
    on_row: Callable[[Row], object] = lambda _: None,
) -> Played:
    """Play a scenario; each monitor has a reader, and a receiver on a host of its own."""
    machines = dict(zip(monitors, (host.machine for host in world.hosts.values()), strict=False))
    said: dict[str, list[Seen | Notice]] = {name: [] for name in monitors}
    done: list[Row] = []

    def write(row: Row) -> None:
        done.append(row)
        on_row(row)

    with ExitStack() as stack:
        outlets = {machines[name]: outlet for name, outlet in monitors.items()}
        stack.enter_context(notices_relay(world.centre, outlets))
        for name, outlet in monitors.items():
            stack.enter_context(Receiver(machines[name], WORLD, said[name].append))
            source: Source = stack.enter_context(EventsRelay(world.aggregator, outlet))
            reader = stack.enter_context(Reader(source, WORLD, said[name].extend))
            assert reader.await_open(2 * LATE_S)
        act = Act(world, played, workers, write)
        act.look()
        while act.phase == "looking":
            workers.take(TICK_S)
        began_at = clock.monotonic()
        act.begin(began_at)
        while act.phase != "over":
            now = clock.monotonic()
            act.step(now, (now, world.health() if act.wants_health(now) else NOT_KNOWN))
            workers.take(TICK_S)
        ended_at = clock.monotonic()
        if "stamps early, speaks late" in monitors:
            late = said["stamps early, speaks late"]
            until("the late one has told the end", lambda: is_over(late), within_s=4 * LATE_S)
    return Played(played, began_at, ended_at, act.ending, done, said)


def is_over(said: Sequence[Seen | Notice]) -> bool:
    """Tell whether reader and receiver have the end."""
    return {type(row) for row in said if row.change == "closed"} == {Seen, Notice}


def scored(path: Path, played: Played, monitor: str) -> Scored:
    """Score what one monitor said; the second score agrees."""
    with run_of(path, [played.scenario], mode="live") as run:
        run.record_begun(1, world=WORLD, at=played.began_at)
        run.record(Well(WORLD, played.began_at, "stage", is_well=True), *played.done)
        state, why = played.ending
        run.record_ended(1, at=played.ended_at, state=state, void_reason=why)
        run.record(*played.said[monitor])
    assert differences(report_of(path), path) == []
    (one,) = score_run(path, Marks()).scored
    return one


def failed(one: Scored) -> set[MeasureName]:
    return {name for name, measure in one.measures.items() if measure.verdict == "fail"}


@pytest.mark.parametrize(("monitor", "lowered"), [(name, one[1]) for name, one in WORSE.items()])
def test_a_worse_monitor_lowers_its_own_measure_with_real_programs(
    tmp_path: Path, played: Played, monitor: str, lowered: set[MeasureName]
) -> None:
    one = scored(tmp_path / "run.sqlite", played, monitor)

    assert failed(one) == lowered, one
    assert one.verdict == ("fail" if lowered else "pass")


def test_one_that_speaks_late_has_stamped_early(tmp_path: Path, played: Played) -> None:
    one = scored(tmp_path / "run.sqlite", played, "stamps early, speaks late")

    (answer,) = one.answers
    assert answer.opened_at is not None
    assert answer.detected_at is not None
    offset_s = clock.wall() - clock.monotonic()
    assert answer.detected_at + offset_s - answer.opened_at >= LATE_S - 0.1


def test_a_monitor_that_is_down_fails_and_is_never_void(
    tmp_path: Path, world: World, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_the_monitor(row: Row) -> None:
        if isinstance(row, Step) and row.what == "armed":
            world.aggregator.kill()

    monkeypatch.setattr(terms, "SLACK_S", 0.0)
    short = killed(over_within_s=2.0, lasts_s=2.0)

    played = play(world, workers, short, {"down": Outlet()}, stop_the_monitor)

    one = scored(tmp_path / "run.sqlite", played, "down")
    assert played.ending == Ending("given_up", "")
    assert (one.verdict, failed(one)) == ("fail", {"detected", "told", "cause"})
