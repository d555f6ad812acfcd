"""One scenario as it is played in a live world, from the first look of its witnesses to the last.

1. The witness of every step looks before anything is done.
2. Each step is struck when it is due, and mended after its length. It is written before it is done.
3. Its witness looks again and again until it sees an effect, and after the end until it sees none.
4. The scenario is over when all is mended and seen, and its subjects are well again; or it is given
   up after twice its bound. Whatever ends it, all of it is mended.
"""

import contextlib
import heapq
import itertools
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from venuewatch.base import clock
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.live.programs import pause
from venuewatch.rehearsal.live.sights import SIGHTS
from venuewatch.rehearsal.live.world import LINGERING, World
from venuewatch.rehearsal.playing import terms
from venuewatch.rehearsal.runfile.rows import (
    AttemptState,
    Phase,
    Row,
    Sees,
    Step,
    StepWhat,
    Witness,
)
from venuewatch.rehearsal.scenario import Order, Scenario, subject_of
from venuewatch.rehearsal.stage.machine import StageError

_LOOK_EVERY_S: Final = 0.3
_WELL_EVERY_S: Final = 1.0
_TICK_S: Final = 0.1


class Ending(NamedTuple):
    """How a scenario came to its end: ``void_reason`` is empty where it could be made true."""

    state: AttemptState
    void_reason: str


class Act:
    """A scenario that is played alone; ``write`` gets each row, before it is true."""

    def __init__(self, world: World, scenario: Scenario, write: Callable[[Row], None]) -> None:
        self._world = world
        self._scenario = scenario
        self._write = write
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._mending = contextlib.ExitStack()
        self._open = len(scenario.orders)
        self._looking = 0
        self._last_at = self._began_at = clock.monotonic()
        self._void_reason = ""

    def play(self) -> Ending:
        """Play it, and return how it ended.

        Raises:
            StageError: it can't be mended.
        """
        faults_of = {}
        for order in self._scenario.orders:
            try:
                fault = faults_of[order.step] = live_fault(order)
            except (ValueError, TypeError) as error:
                return Ending("ended", f"step {order.step} can't be played live: {error}")
            self._look(order, fault, "before")
        with self._mending:
            self._began_at = clock.monotonic()
            for order in self._scenario.orders:
                self._after(order.at_s, partial(self._strike, order, faults_of[order.step]))
            return Ending(self._run(), self._void_reason)

    def _run(self) -> AttemptState:
        well_at = 0.0
        while True:
            now = clock.monotonic()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            is_done = not self._open and not self._looking
            if self._void_reason or now - self._began_at > terms.given_up_s(self._scenario):
                return "ended" if self._void_reason else "given_up"
            if is_done and now >= max(well_at, self._last_at + terms.watched_s(self._scenario)):
                if is_well(self._world, self._scenario):
                    return "ended"
                well_at = now + _WELL_EVERY_S
            pause(_TICK_S)

    def _strike(self, order: Order, fault: Fault) -> None:
        self._note(order, "ordered")
        self._note(order, "armed")
        mending = contextlib.ExitStack()
        self._mending.push(mending)
        try:
            for text in order.targets:
                mending.callback(fault.begin_live(self._world, subject_of(text)))
        except StageError as error:
            self._void_reason = f"step {order.step}: {error}"
            return
        self._note(order, "begun")
        self._after(order.lasts_s, partial(self._mend, order, fault, mending))
        self._look_until("effect", order, fault, "during", clock.monotonic() + order.lasts_s)

    def _mend(self, order: Order, fault: Fault, mending: contextlib.ExitStack) -> None:
        self._note(order, "ended")
        mending.close()
        self._note(order, "healed")
        self._open -= 1
        ends_at = clock.monotonic() + terms.over_within_s(self._scenario)
        self._look_until("healed", order, fault, "after", ends_at)

    def _look_until(
        self, wanted: Sees, order: Order, fault: Fault, phase: Phase, ends_at: float
    ) -> None:
        """Look until the wanted is seen, or for as long as it may take."""
        self._looking += 1

        def look() -> None:
            sees = self._look(order, fault, phase)
            if sees == wanted or clock.monotonic() + _LOOK_EVERY_S >= ends_at:
                self._looking -= 1
                self._last_at = clock.monotonic()
            else:
                self._after(_LOOK_EVERY_S, look)

        self._after(0.0, look)

    def _look(self, order: Order, fault: Fault, phase: Phase) -> Sees:
        sight = SIGHTS.get(fault.SEEN_BY)
        subjects = [subject_of(text) for text in order.targets]
        found = [None if sight is None else sight(self._world, subject) for subject in subjects]
        sees = terms.in_one_word(found, phase)
        at = clock.monotonic()
        self._write(Witness(self._scenario.number, order.step, at, phase, sees, fault.SEEN_BY))
        return sees

    def _note(self, order: Order, what: StepWhat) -> None:
        self._write(Step(self._scenario.number, order.step, what, clock.monotonic()))

    def _after(self, wait_s: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (clock.monotonic() + wait_s, next(self._ticket), do))


def live_fault(order: Order) -> Fault:
    """Return the fault that an order is of.

    Raises:
        ValueError: there is none of that name, it has no live way, or other fields.
    """
    return terms.fault_of(order, faults.has_live_way, "a live way")


def is_well(world: World, scenario: Scenario) -> bool:
    """Tell whether the monitor calls the venues of a scenario well, or all of a centre's."""
    codes = set(world.lans) if scenario.runs_alone else set(scenario.venues)
    if any(
        incident.closed_at is None
        and incident.cause not in LINGERING
        and (not incident.venue or incident.venue in codes)
        for incident in world.ever()
    ):
        return False
    return world.aggregator.hosts_up() == len(world.hosts)
