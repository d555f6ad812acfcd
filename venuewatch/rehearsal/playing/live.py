"""One scenario as it is played in a live world, from the first look of its witnesses to the last.

1. The witness of every step looks before anything is done, and the numbers that have to grow are
   read. Then the act is ready.
2. From its begin on each step is struck when it is due, and mended after its length. It is written
   before it is done.
3. Its witness looks again and again until it sees an effect, and after the end until it sees none.
4. The scenario is over when all is mended and seen, and its subjects are well again; or it is given
   up after twice its bound. Whatever ends it, all of it is mended.
5. It is void where a part can't be made true, comes too late, or is undone before its end. Then all
   of it is mended at once, and it is over as any other is.

An act waits for nothing: workers do what takes time, and ``step`` goes on from there.
"""

import contextlib
import heapq
import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.live.health import Health
from venuewatch.rehearsal.live.pages import Page
from venuewatch.rehearsal.live.sights import SIGHTS
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.playing import terms
from venuewatch.rehearsal.playing.workers import Done, Lane, Workers
from venuewatch.rehearsal.runfile.rows import (
    AttemptState,
    Counter,
    Phase,
    Row,
    Sees,
    Step,
    StepWhat,
    Witness,
    counted_name,
)
from venuewatch.rehearsal.scenario import Order, Scenario, subject_of
from venuewatch.rehearsal.stage import guardian
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.undoing import ABORTED, STOOD_STILL

T = TypeVar("T")

ActPhase: TypeAlias = Literal["looking", "ready", "playing", "counting", "over"]

LATE_S: Final = 1.0
"""How late (s) a step may begin: others are kept apart from it by when it is due."""

_LOOK_EVERY_S: Final = 0.3
_UNTIMELY: Final = frozenset({ABORTED, STOOD_STILL})

_Looked: TypeAlias = Callable[[Sees, float], None]
_Counts: TypeAlias = Mapping[str, float | None]


class Ending(NamedTuple):
    """How a scenario came to its end: ``void_reason`` is empty where it could be made true."""

    state: AttemptState
    void_reason: str


class _Struck(NamedTuple):
    """What was broken by a step; ``why_not`` is empty where all of it was."""

    mending: contextlib.ExitStack
    held: list[guardian.Fault]
    why_not: str


class Act:
    """A scenario that is played; ``write`` gets each row, in the thread that calls.

    Attributes:
        phase: how far it is.
        ending: how it ended, once it is over.
    """

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        workers: Workers,
        write: Callable[[Row], None],
    ) -> None:
        self.scenario = scenario
        self.phase: ActPhase = "looking"
        self.ending = Ending("ended", "")
        self._world = world
        self._workers = workers
        self._write = write
        self._faults: dict[str, Fault] = {}
        self._before: _Counts = {}
        self._most: dict[str, float] = {}
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._ticket = itertools.count()
        self._struck: dict[str, tuple[Order, _Struck]] = {}
        self._under_way = 0
        self._began_at = self._last_at = 0.0
        self._void_reason = ""
        self._is_given_up = False

    def look(self) -> None:
        """Look at all that is to be hit; the act is ready after that."""
        for order in self.scenario.orders:
            try:
                self._faults[order.step] = live_fault(order)
            except (ValueError, TypeError) as error:
                why = f"step {order.step} can't be played live: {error}"
                self.ending, self.phase = Ending("ended", why), "over"
                return
        self._count(self._counted_before)
        for order in self.scenario.orders:
            self._look(order, "before", self._looked_before)

    def begin(self, now: float) -> None:
        """Begin: steps are due from ``now`` (monotonic s) on."""
        self.phase = "playing"
        self._began_at = self._last_at = now
        for order in self.scenario.orders:
            self._at(now + order.at_s, partial(self._strike, order))

    def step(self, now: float, health: tuple[float, Health]) -> None:
        """Do what is due; ``health`` is since when (s) the monitor has been asked, and its word."""
        if self.phase != "playing":
            return
        while self._due and self._due[0][0] <= now:
            at, _, do = heapq.heappop(self._due)
            do(at)
        for step, (_, struck) in tuple(self._struck.items()):
            self._check_held(step, struck, now)
        if not self._is_given_up and now - self._began_at > terms.given_up_s(self.scenario):
            self._is_given_up = True
            self._break_off(now)
        if self._is_quiet and (self._is_given_up or self._is_over(health)):
            self.phase = "counting"
            self._count(self._counted_after)

    def wants_health(self, now: float) -> bool:
        """Tell whether only the monitor's word is lacking."""
        return self.phase == "playing" and self._is_quiet and now >= self._watched_until

    def spoil(self, reason: str, now: float) -> None:
        """Make it void, if it has begun."""
        if self.phase == "playing":
            self._make_void(reason, now)

    @property
    def _is_quiet(self) -> bool:
        """Whether nothing is due, under way, or to be mended."""
        return not (self._due or self._under_way or self._struck)

    @property
    def _watched_until(self) -> float:
        return self._last_at + terms.watched_s(self.scenario)

    def _is_over(self, health: tuple[float, Health]) -> bool:
        asked_at, said = health
        return asked_at >= self._watched_until and said.is_well(self.scenario)

    def _strike(self, order: Order, due_at: float) -> None:
        self._note(order, "ordered", due_at)
        self._note(order, "armed", due_at)
        work = partial(_begin, self._world, self._faults[order.step], order)
        self._do("strike", work, partial(self._has_struck, order, due_at))

    def _has_struck(self, order: Order, due_at: float, done: Done[_Struck]) -> None:
        struck, now = done.value, done.ended_at
        self._struck[order.step] = order, struck
        if struck.why_not:
            self._make_void(f"step {order.step}: {struck.why_not}", now)
            return
        self._note(order, "begun", now)
        if done.began_at - due_at > LATE_S:
            late_s = done.began_at - due_at
            self._make_void(f"step {order.step}: the stage began it {late_s:.1f} s late", now)
        elif self._is_broken_off:
            self._break_off(now)
        else:
            ends_at = now + order.lasts_s
            self._at(ends_at, partial(self._mend, order.step))
            self._look_until("effect", order, "during", ends_at, now)

    def _mend(self, step: str, due_at: float) -> None:
        order, struck = self._struck.pop(step)
        self._do("mend", struck.mending.close, partial(self._has_mended, order, struck, due_at))

    def _has_mended(self, order: Order, struck: _Struck, due_at: float, done: Done[None]) -> None:
        now = self._last_at = done.ended_at
        if not struck.why_not:
            self._note(order, "ended", done.began_at)
            self._note(order, "healed", now)
        self._check_held(order.step, struck, now)
        late_s = done.began_at - due_at
        if late_s > faults.FORGOTTEN_S:
            self._make_void(f"step {order.step}: the stage ended it {late_s:.1f} s late", now)
        if self.scenario.counted:
            self._count(self._counted_meanwhile)
        ends_at = now + terms.over_within_s(self.scenario)
        self._look_until("healed", order, "after", ends_at, now)

    def _check_held(self, step: str, struck: _Struck, now: float) -> None:
        why = next(
            (each.undone_by_guardian for each in struck.held if each.undone_by_guardian), None
        )
        if why in _UNTIMELY:
            self._make_void(f"step {step}: its guardian undid it: {why}", now)

    def _make_void(self, reason: str, now: float) -> None:
        self._void_reason = self._void_reason or reason
        self._break_off(now)

    @property
    def _is_broken_off(self) -> bool:
        return self._is_given_up or bool(self._void_reason)

    def _break_off(self, now: float) -> None:
        """Begin nothing any more, and mend all that is broken."""
        self._due.clear()
        for step in tuple(self._struck):
            self._mend(step, now)

    def _look_until(
        self, wanted: Sees, order: Order, phase: Phase, ends_at: float, now: float
    ) -> None:
        """Look until the wanted is seen, or for as long as it may take."""

        def looked(sees: Sees, at: float) -> None:
            self._last_at = at
            is_moot = self._is_given_up or (phase == "during" and self._is_broken_off)
            if sees != wanted and at + _LOOK_EVERY_S < ends_at and not is_moot:
                self._at(at + _LOOK_EVERY_S, look)

        def look(_: float) -> None:
            self._look(order, phase, looked)

        self._at(now, look)

    def _look(self, order: Order, phase: Phase, then: _Looked) -> None:
        """Look at all that an order names, at many at a time: one that is cut off takes seconds."""
        seen_by = self._faults[order.step].SEEN_BY
        found: list[bool | None] = []

        def looked(done: Done[bool | None]) -> None:
            found.append(done.value)
            if len(found) < len(order.targets):
                return
            sees = terms.in_one_word(found, phase)
            number = self.scenario.number
            self._write(Witness(number, order.step, done.ended_at, phase, sees, seen_by))
            then(sees, done.ended_at)

        for target in order.targets:
            self._do("look", partial(_seen, self._world, seen_by, target), looked)

    def _looked_before(self, _sees: Sees, _at: float) -> None:
        if not self._under_way:
            self.phase = "ready"

    def _count(self, then: Callable[[Done[_Counts]], None]) -> None:
        self._do("look", partial(counts, self._world, self.scenario), then)

    def _counted_before(self, done: Done[_Counts]) -> None:
        self._before = done.value
        if not self._under_way:
            self.phase = "ready"

    def _counted_meanwhile(self, done: Done[_Counts]) -> None:
        """Keep what may be gone once all is well again, such as a host that nobody listed."""
        for name, value in done.value.items():
            if value is not None:
                self._most[name] = max(value, self._most.get(name, value))

    def _counted_after(self, done: Done[_Counts]) -> None:
        self._counted_meanwhile(done)
        for name, before in self._before.items():
            most = self._most.get(name)
            self._write(Counter(self.scenario.number, name, before, most))
        state: AttemptState = "ended"
        if self._is_given_up and not self._void_reason:
            state = "given_up"
        self.ending, self.phase = Ending(state, self._void_reason), "over"

    def _note(self, order: Order, what: StepWhat, at: float) -> None:
        self._write(Step(self.scenario.number, order.step, what, at))

    def _at(self, at: float, do: Callable[[float], None]) -> None:
        """Have something done at a moment (s), which it is told."""
        heapq.heappush(self._due, (at, next(self._ticket), do))

    def _do(self, lane: Lane, work: Callable[[], T], then: Callable[[Done[T]], None]) -> None:
        def came(done: Done[T]) -> None:
            self._under_way -= 1
            then(done)

        self._under_way += 1
        self._workers.do(lane, work, came)


def live_fault(order: Order) -> Fault:
    """Return the fault that an order is of.

    Raises:
        ValueError: there is none of that name, it has no live way, or other fields.
    """
    return terms.fault_of(order, faults.has_live_way, "a live way")


def counts(world: World, scenario: Scenario) -> _Counts:
    """Return the numbers of ``/metrics`` that have to grow, each as the sum of its series."""
    if not scenario.counted:
        return {}
    names = tuple(each.metric for each in scenario.counted)
    lines = (world.aggregator.get("/metrics") or "").splitlines(keepends=True)
    page = Page("".join(line for line in lines if line.startswith(names)).encode())
    found = {}
    for each in scenario.counted:
        values = [value for _, value in page.of(each.metric, **each.labels)]
        found[counted_name(each.metric, each.labels)] = sum(values) if values else None
    return found


def _begin(world: World, fault: Fault, order: Order) -> _Struck:
    """Break all that an order names."""
    mending, why_not = contextlib.ExitStack(), ""
    with world.noting() as held:
        try:
            for text in order.targets:
                mending.callback(fault.begin_live(world, subject_of(text)))
        except (StageError, OSError) as error:
            why_not = str(error)
    return _Struck(mending, held, why_not)


def _seen(world: World, seen_by: str, target: str) -> bool | None:
    """Look at one thing that an order names."""
    sight = SIGHTS.get(seen_by)
    return None if sight is None else sight(world, subject_of(target))
