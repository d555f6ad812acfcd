"""One live scenario waits for nobody, mends whatever it breaks, and says when it is void."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
import pytest

from aggregator.core.incidents.record import Subject
from tests.rehearsal.playing.virtual import Hands
from tests.rehearsal.runfile.scenarios import HOST, order, scenario
from venuewatch.rehearsal.live.health import Health
from venuewatch.rehearsal.playing import live
from venuewatch.rehearsal.playing.live import LATE_S, Act, Ending
from venuewatch.rehearsal.playing.terms import given_up_s
from venuewatch.rehearsal.runfile.rows import Counter, Row, Step, Witness
from venuewatch.rehearsal.scenario import Counted, Scenario
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.undoing import OVER, STOOD_STILL, Why

OTHER = "host:STA/STA-2"
WELL = Health(frozenset(), frozenset())
UNWELL = Health(frozenset({"STA"}), frozenset())
STEPS = ["ordered", "armed", "begun", "ended", "healed"]


class Held:
    """A fault as a guardian holds it."""

    undone_by_guardian: Why | None = None


class World:
    """A world in which subjects are broken and mended.

    Attributes:
        broken: subjects that are broken now.
        refused: subjects that can't be broken.
        held: what the guardian holds of it.
    """

    def __init__(self) -> None:
        self.broken: set[Subject] = set()
        self.refused: set[Subject] = set()
        self.held: list[Held] = []

    @contextlib.contextmanager
    def noting(self) -> Iterator[list[Held]]:
        before = len(self.held)
        noted: list[Held] = []
        yield noted
        noted += self.held[before:]


class Breaking:
    """A fault of that world, which a witness sees."""

    SEEN_BY = "eye"

    def begin_live(self, world: World, subject: Subject) -> Callable[[], None]:
        if subject in world.refused:
            raise StageError("it does not break")
        world.broken.add(subject)
        world.held.append(Held())
        return lambda: world.broken.discard(subject)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(live, "live_fault", lambda _order: Breaking())
    monkeypatch.setattr(live, "SIGHTS", {"eye": lambda world, subject: subject not in world.broken})
    return World()


class Stage:
    """An act, and the rows that it has written."""

    def __init__(self, world: World, hands: Hands, played: Scenario) -> None:
        self.rows: list[Row] = []
        self.health = WELL
        self.hands = hands
        self.act = Act(cast("Any", world), played, hands, self.rows.append)
        self.act.look()
        while self.act.phase == "looking":
            hands.take(0.05)
        self.act.begin(hands.now)

    def go_on(self, seconds: float) -> None:
        """Let time pass, or until the act is over."""
        end = self.hands.now + seconds
        while self.hands.now < end and self.act.phase != "over":
            self.act.step(self.hands.now, (self.hands.now, self.health))
            self.hands.take(0.05)

    def steps(self, step: str = "off") -> list[str]:
        return [row.what for row in self.rows if isinstance(row, Step) and row.step == step]

    def at(self, what: str, step: str = "off") -> float:
        found = [row for row in self.rows if isinstance(row, Step) and row.step == step]
        return next(row.at for row in found if row.what == what)

    def seen(self) -> set[tuple[str, str]]:
        return {(row.phase, row.sees) for row in self.rows if isinstance(row, Witness)}


def test_scenario_is_struck_seen_mended_and_over(world: World, hands: Hands) -> None:
    stage = Stage(world, hands, scenario())

    stage.go_on(120.0)

    assert stage.act.ending == Ending("ended", "")
    assert stage.steps() == STEPS
    assert stage.seen() == {("before", "no_effect"), ("during", "effect"), ("after", "healed")}
    assert stage.at("ended") - stage.at("begun") == pytest.approx(20.0, abs=0.1)
    assert not world.broken


def test_number_that_is_gone_once_all_is_well_has_grown(
    world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(*_: object) -> dict[str, float | None]:
        is_there = bool(world.held) and hands.now < gone_at
        return {"a_number": 1.0 if is_there else None}

    gone_at = hands.now + 23.0  # it is mended by then, and not yet over
    monkeypatch.setattr(live, "counts", count)
    counted = (Counted(metric="a_number"),)
    played = msgspec.structs.replace(scenario(), counted=counted)

    stage = Stage(world, hands, played)
    stage.go_on(120.0)

    assert [row for row in stage.rows if isinstance(row, Counter)] == [
        Counter(played.number, "a_number", None, 1.0)
    ]


def test_step_is_written_before_it_is_done(world: World, hands: Hands) -> None:
    hands.takes_s["strike"] = 0.4
    stage = Stage(world, hands, scenario())

    stage.go_on(1.2)

    assert stage.steps() == ["ordered", "armed"]
    assert not world.broken


def test_slow_looks_delay_no_step(world: World, hands: Hands) -> None:
    hands.takes_s["look"] = 7.0
    two = (order("off", HOST, at_s=1.0), order("off too", OTHER, at_s=2.0))
    stage = Stage(world, hands, scenario(orders=two))
    begin = hands.now

    stage.go_on(30.0)

    assert stage.at("begun") == pytest.approx(begin + 1.0, abs=0.1)
    assert stage.at("begun", "off too") == pytest.approx(begin + 2.0, abs=0.1)
    assert stage.at("healed", "off too") == pytest.approx(begin + 22.0, abs=0.2)


def test_fault_that_its_guardian_undid_before_its_end_is_void(world: World, hands: Hands) -> None:
    stage = Stage(world, hands, scenario())
    stage.go_on(5.0)

    world.held[0].undone_by_guardian = STOOD_STILL
    stage.go_on(60.0)

    assert stage.act.ending.void_reason == f"step off: its guardian undid it: {STOOD_STILL}"
    assert stage.at("ended") < stage.at("begun") + 6.0
    assert not world.broken


def test_fault_that_was_to_end_by_its_length_makes_nothing_void(world: World, hands: Hands) -> None:
    stage = Stage(world, hands, scenario())
    stage.go_on(5.0)

    world.held[0].undone_by_guardian = OVER
    stage.go_on(120.0)

    assert stage.act.ending == Ending("ended", "")


def test_step_that_is_refused_is_void_and_what_was_broken_is_mended(
    world: World, hands: Hands
) -> None:
    world.refused = {Subject("host", "STA", "STA-2")}
    stage = Stage(world, hands, scenario(orders=(order("off", HOST, OTHER),)))

    stage.go_on(120.0)

    assert stage.act.ending.void_reason == "step off: it does not break"
    assert stage.steps() == ["ordered", "armed"]
    assert not world.broken


def test_no_step_begins_after_one_was_refused(world: World, hands: Hands) -> None:
    world.refused = {Subject("host", "STA", "STA-1")}
    two = (order("off", HOST, at_s=1.0), order("off too", OTHER, at_s=5.0))
    stage = Stage(world, hands, scenario(orders=two))

    stage.go_on(120.0)

    assert stage.act.phase == "over"
    assert stage.steps("off too") == []


def test_step_that_the_stage_begins_late_is_void(world: World, hands: Hands) -> None:
    hands.waits_s["strike"] = LATE_S + 0.5
    stage = Stage(world, hands, scenario())

    stage.go_on(120.0)

    assert stage.act.ending.void_reason == "step off: the stage began it 1.5 s late"
    assert not world.broken


def test_scenario_whose_venue_stays_unwell_is_given_up_and_mended(
    world: World, hands: Hands
) -> None:
    played = scenario()
    stage = Stage(world, hands, played)
    stage.health = UNWELL

    stage.go_on(given_up_s(played) - 1.0)
    assert stage.act.phase == "playing"
    assert stage.act.wants_health(hands.now)
    stage.go_on(10.0)

    assert stage.act.ending == Ending("given_up", "")
    assert not world.broken


def test_scenario_that_is_spoilt_while_it_waits_is_mended_at_once(
    world: World, hands: Hands
) -> None:
    stage = Stage(world, hands, scenario())
    stage.go_on(5.0)

    stage.act.spoil("the controller stood still", hands.now)
    stage.go_on(0.2)

    assert not world.broken
    stage.go_on(60.0)
    assert stage.act.ending == Ending("ended", "the controller stood still")


def test_word_of_the_monitor_from_before_the_end_ends_nothing(world: World, hands: Hands) -> None:
    stage = Stage(world, hands, scenario())
    early = hands.now

    while hands.now < early + 60.0:
        stage.act.step(hands.now, (early, WELL))
        hands.take(0.05)

    assert stage.act.phase == "playing"


def test_fault_without_a_live_way_is_void_and_nothing_is_done(hands: Hands) -> None:
    rows: list[Row] = []
    played = scenario(orders=(order(fault="grace_too_long"),))
    act = Act(cast("Any", World()), played, hands, rows.append)

    act.look()

    assert act.phase == "over"
    assert act.ending.void_reason.startswith("step off can't be played live: expected a fault with")
    assert rows == []
