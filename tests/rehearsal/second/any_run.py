"""Runs by chance: files in which anything that a controller and a monitor may write is written."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

from tests.rehearsal.runfile.scenarios import expectation, order, run_of, scenario
from venuewatch.rehearsal.runfile.rows import (
    AttemptState,
    Change,
    Counter,
    Notice,
    Row,
    Seen,
    Step,
    StepWhat,
    Well,
    WellBy,
    Witness,
)
from venuewatch.rehearsal.scenario import Allowed, Counted, Expectation, Order, Scenario

T = TypeVar("T")

SCENARIOS: Final = 8
SUBJECTS: Final = (
    *("host:STA/A", "host:STA/B", "venue:STA", "link:STA", "identity:STA/A", "check:STA//dns"),
    *("check:STA/A/dns", "feed:STA/A/results", "host:MAR/C", "venue:MAR"),
    *("centre:", "centre://notices"),
)
CAUSES: Final = ("host_down", "silent", "venue_unreachable", "notices_failing")
WORLDS: Final = ("w1", "w2")
STEPS: Final = ("one", "two")
SLOT_S: Final = 40.0
ENDED: Final[AttemptState] = "ended"
STATES: Final[tuple[AttemptState, ...]] = ("interrupted", "aborted", "given_up", *[ENDED] * 8)
DONE: Final[Mapping[StepWhat, float]] = {
    "ordered": 0.0,
    "begun": 0.5,
    "ended": 20.0,
    "healed": 20.2,
}
ENDS: Final[tuple[Change, ...]] = ("closed", "removed")
BY: Final[tuple[WellBy, ...]] = ("stage", "witness", "monitor", "monitor")


def any_run(path: Path, seed: int) -> None:
    """Write a run: some of it is right, and most is not."""
    rng = random.Random(seed)
    incidents = iter(range(1, 1_000))
    with run_of(path, [_scenario(rng, number) for number in range(1, SCENARIOS + 1)]) as run:
        for each in run.scenarios():
            number = each.scenario.number
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                began = number * SLOT_S + rng.uniform(0.0, 5.0)
                world = rng.choice(WORLDS)
                run.record_begun(number, world=world, at=began)
                run.record(*_played(rng, each.scenario, world, began))
                run.record(*_said(rng, each.scenario, world, began, next(incidents)))
                if rng.random() < 0.05:
                    break  # it is played still
                state = rng.choice(STATES)
                why = rng.choice(("no room", *[""] * 15))
                ended = began + rng.uniform(25.0, 60.0)
                run.record_ended(number, at=ended, state=state, void_reason=why)
                if state in {"ended", "given_up"}:
                    break


def _mostly(rng: random.Random, usual: T, other: T) -> T:
    return other if rng.random() < 0.05 else usual


def _scenario(rng: random.Random, number: int) -> Scenario:
    """Return a scenario of up to two steps that expects up to two subjects."""
    steps = STEPS[: rng.choice((0, 1, 1, 2))]
    orders = tuple(order(step, *rng.sample(SUBJECTS, rng.choice((1, 1, 2)))) for step in steps)
    expected = tuple(_expectation(rng, orders) for _ in range(rng.choice((0, 1, 1, 2))) if orders)
    allowed = tuple(
        Allowed(subject=rng.choice((*SUBJECTS, "host:STA/*", "feed:STA/*/*")), causes=(cause,))
        for cause in rng.sample(CAUSES, rng.choice((0, 0, 1)))
    )
    counted = (Counted(metric="lost_total", labels={"b": "1", "a": "2"}),)
    return scenario(
        number,
        kind=rng.choice(("one_kind", "other_kind")),
        kind_id=rng.choice(("0" * 12, "1" * 12)),
        policy=rng.choice(("a policy", "another")),
        venues=rng.choice((("STA",), ("MAR",), ("STA", "MAR"))),
        orders=orders,
        expected=expected,
        allowed=allowed,
        counted=counted if rng.random() < 0.2 else (),
    )


def _expectation(rng: random.Random, orders: tuple[Order, ...]) -> Expectation:
    step = rng.choice(orders)
    subject = rng.choice((*step.targets, *step.targets, rng.choice(SUBJECTS)))
    return expectation(
        subject,
        *rng.sample(CAUSES, rng.choice((1, 1, 2))),
        after=step.step,
        after_heal=rng.random() < 0.1,
        children=rng.choice((None, None, 2)),
        at_most=rng.choice((1, 1, 2)),
    )


def _played(rng: random.Random, played: Scenario, world: str, began: float) -> Iterator[Row]:
    """Yield what injector, witness and stage write of an attempt."""
    yield Well(world, began - 1.0, "stage", is_well=rng.random() < 0.97)
    number = played.number
    for each in played.orders:
        at = began + rng.uniform(0.0, 3.0)
        yield Witness(number, each.step, at, "before", _mostly(rng, "no_effect", "effect"))
        for what, after_s in DONE.items():
            if rng.random() < 0.97:
                yield Step(number, each.step, what, at + after_s)
        yield Witness(number, each.step, at + 1.0, "during", _mostly(rng, "effect", "cant_see"))
        if rng.random() < 0.95:
            yield Witness(number, each.step, at + 21.0, "after", _mostly(rng, "healed", "effect"))
    for _ in played.counted:
        if rng.random() < 0.9:
            after = rng.choice((None, 1.0, 2.0))
            yield Counter(number, 'lost_total{a="2",b="1"}', rng.choice((None, 1.0)), after)
    if rng.random() < 0.1:
        by = rng.choice(BY)
        of = rng.choice((None, number, number))
        yield Well(world, began + rng.uniform(-20.0, 80.0), by, is_well=False, number=of)


def _said(
    rng: random.Random, played: Scenario, world: str, began: float, first: int
) -> Iterator[Row]:
    """Yield what reader and receivers got: of what is expected mostly, and of anything."""
    wanted = [(each.subject, each.causes[0]) for each in played.expected if rng.random() < 0.9]
    if rng.random() < 0.3:
        wanted.append((rng.choice(SUBJECTS), rng.choice(CAUSES)))
    for place, (subject, cause) in enumerate(wanted):
        number = first * 10 + place
        at = began + rng.choice((rng.uniform(1.0, 6.0), rng.uniform(-30.0, 120.0)))
        said: list[tuple[Change, float, str]] = [("opened", at, cause)]
        if rng.random() < 0.2:
            said.append(("sharpened", at + rng.uniform(0.1, 6.0), rng.choice(CAUSES)))
        if rng.random() < 0.9:
            said.append((rng.choice(ENDS), began + rng.uniform(15.0, 40.0), cause))
        is_seen, receivers = rng.random() < 0.95, rng.choice(("", "a", "a", "ab"))
        for seq, (change, when, its) in enumerate(said, 1):
            if is_seen:
                yield Seen(world, when, number, change, subject, its, rng.choice((0, 2)), when)
            for receiver in receivers:
                told = when + rng.uniform(0.0, 2.2)
                about = (change, subject, its, rng.random() < 0.95)
                yield Notice(world, told, receiver, number, seq, *about)
                if rng.random() < 0.1:
                    again = rng.choice((seq, seq + 10))
                    yield Notice(world, told + 1.0, receiver, number, again, *about)
