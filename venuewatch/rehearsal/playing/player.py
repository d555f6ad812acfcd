"""Plays many scenarios at once in one live world: one loop, which waits for nothing.

1. A scenario whose turn it is gets its venues to itself, and is written as begun. Its witnesses
   look.
2. It begins as soon as ``Isolation`` allows it at that moment; one that waits long is passed no
   more. Each act does what is due by itself.
3. The monitor is asked once for all of them, and only while one wants to know. Where it is not well
   though nothing is played there, that is written.
4. A controller that stood still for longer than its lease has late clocks: reader and receiver run
   in it, too. Whatever was played meanwhile is void.
5. An abort ends it, as does a guardian or a server that has ended: no fault may begin any more.
6. At the end it goes on until what lingers is over, for as long as that may take.
7. No wait is without end: a scenario that does not come to its own ends the sitting, which says
   what it waited for. What all wait for is told each second.
"""

import contextlib
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from venuewatch.base import clock
from venuewatch.rehearsal.live.health import LINGERING, NOT_KNOWN, Health
from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.live import ActPhase, Ending
from venuewatch.rehearsal.playing.terms import given_up_s
from venuewatch.rehearsal.playing.turns import Turns
from venuewatch.rehearsal.playing.unwell import Spells
from venuewatch.rehearsal.playing.waits import in_words, unwell_in_words
from venuewatch.rehearsal.playing.workers import Done, Workers
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import AbortedError, RunFile
from venuewatch.rehearsal.runfile.rows import AttemptState
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.stage.guardian import LEASE_S
from venuewatch.rehearsal.stage.machine import StageError

TICK_S: Final = 0.05
"""How long (s) the loop waits at most; a step is so late because of it."""

WELL_S: Final = 180.0
"""How long (s) nothing is played, and venues are waited for, until the world is given up."""

PATIENCE_S: Final = 15.0
"""How long (s) others may begin before one that is ready and has to wait."""

STUCK_S: Final = 180.0
"""How long (s) a scenario may look before it begins, or go on after it was given up."""

_TURNS_EVERY_S: Final = 0.25
_WELL_EVERY_S: Final = 1.0
_FRESH_S: Final = 3.0
_CHECK_EVERY_S: Final = 0.5
_SAY_EVERY_S: Final = 1.0
_RESTS_TOLD: Final = 5


class Playing(Protocol):
    """A scenario that is played: see ``playing/live.py``."""

    scenario: Scenario
    phase: ActPhase
    ending: Ending

    def look(self) -> None:
        """Look at all that is to be hit."""

    def begin(self, now: float) -> None:
        """Begin."""

    def step(self, now: float, health: tuple[float, Health]) -> None:
        """Do what is due."""

    def wants_health(self, now: float) -> bool:
        """Tell whether only the monitor's word is lacking."""

    def spoil(self, reason: str, now: float) -> None:
        """Make it void, if it has begun."""


class Means(NamedTuple):
    """What a player plays with.

    ``act_of``: makes the act of a scenario. ``health``: asks the monitor. ``refusal``: why no fault
    may begin any more, empty where one may. ``now``: the monotonic clock of the run. ``say`` gets
    what is played and waited for, in words.
    """

    workers: Workers
    act_of: Callable[[Scenario], Playing]
    health: Callable[[], Health]
    refusal: Callable[[], str]
    now: Callable[[], float] = clock.monotonic
    say: Callable[[str], None] = lambda _: None


class Progress(NamedTuple):
    """A scenario that has come to its end in this sitting."""

    scenario: Scenario
    ending: Ending


class Player:
    """Plays what waits in ``turns``, in the world ``name`` of a run's file."""

    def __init__(
        self, file: RunFile, name: str, means: Means, turns: Turns, isolation: Isolation
    ) -> None:
        self._file = file
        self._name = name
        self._means = means
        self._turns = turns
        self._isolation = isolation
        self._acts: list[Playing] = []
        self._health = (means.now(), NOT_KNOWN)
        self._spells = Spells(name)
        self._ready_since: dict[int, float] = {}
        self._stuck_at: dict[int, float] = {}
        self._is_asking = self._is_wanted = False
        self._ask_at = self._check_at = self._turns_at = self._say_at = 0.0
        self._unwell: list[Scenario] = []
        self._calm_at = self._looped_at = means.now()
        self._ended_at = self._ends_by = 0.0

    def play(self, on_progress: Callable[[Progress], None]) -> None:
        """Play all that waits.

        Raises:
            AbortedError: the run was aborted.
            StageError: a fault can't be mended, the guardian has ended, the world does not become
                well, or a scenario does not come to its end.
            RunFileError: the file can't be written.
        """
        try:
            while self._turns.waiting or self._acts or self._awaits_ends():
                self._go_on(on_progress)
                self._means.workers.take(TICK_S)
        except BaseException as error:
            state: AttemptState = "aborted" if isinstance(error, AbortedError) else "interrupted"
            for act in self._acts:
                with contextlib.suppress(RunFileError):  # the next sitting sees that it has begun
                    self._file.record_ended(act.scenario.number, at=self._means.now(), state=state)
            raise

    def _go_on(self, on_progress: Callable[[Progress], None]) -> None:
        now = self._means.now()
        self._notice_gap(now)
        self._check(now)
        self._take_turns(now)
        self._begin_some(now)
        for act in self._acts:
            act.step(now, self._health)
            self._check_stuck(act, now)
        self._ask(now)
        self._say(now)
        for act in [act for act in self._acts if act.phase == "over"]:
            self._end(act, now)
            on_progress(Progress(act.scenario, act.ending))

    def _begin_some(self, now: float) -> None:
        """Begin those that are ready, in their order.

        One that has waited long is passed no more by any that ends connections. Else one that ends
        many would wait for those that end one each, for ever.
        """
        has_waited = False
        for act in self._acts:
            scenario = act.scenario
            if act.phase != "ready" or (has_waited and self._isolation.ends_any(scenario, now)):
                continue
            since = self._ready_since.setdefault(scenario.number, now)
            if self._isolation.may_begin(scenario, now):
                self._isolation.begin(scenario, now)
                del self._ready_since[scenario.number]
                self._stuck_at[scenario.number] = now + given_up_s(scenario) + STUCK_S
                act.begin(now)
            elif now - since > PATIENCE_S:
                has_waited = True

    def _check_stuck(self, act: Playing, now: float) -> None:
        """Check that a scenario gets on: what works for it may hang."""
        number, is_ready = act.scenario.number, act.phase == "ready"
        if is_ready or act.phase == "over" or now <= self._stuck_at[number]:
            return
        if act.phase == "looking":
            raise StageError(f"not within {STUCK_S:g} s: the witnesses of scenario {number} look")
        within_s = given_up_s(act.scenario) + STUCK_S
        raise StageError(f"not within {within_s:g} s: scenario {number} is mended and seen")

    def _say(self, now: float) -> None:
        """Say what is played, and what is waited for."""
        if now < self._say_at:
            return
        self._say_at = now + _SAY_EVERY_S
        resting = self._turns.resting
        rests_s = (self._isolation.rest_left_s(each, now) for each in resting[:_RESTS_TOLD])
        _, health = self._health
        self._means.say(
            in_words(
                [act.phase for act in self._acts],
                self._turns.obstacles,
                rest_s=min(rests_s, default=0.0),
                unwell=health.unwell if self._unwell else (),
                lingering=len(health.lingering),
            )
        )

    def _notice_gap(self, now: float) -> None:
        lasted_s = now - self._looped_at
        self._looped_at = now
        if lasted_s > LEASE_S + TICK_S:
            for act in self._acts:
                act.spoil(f"the controller stood still for {lasted_s:.1f} s", now)

    def _check(self, now: float) -> None:
        """Check that steps may begin."""
        if now < self._check_at:
            return
        self._check_at = now + _CHECK_EVERY_S
        self._file.check_may_begin()
        if refusal := self._means.refusal():
            raise StageError(refusal)

    def _take_turns(self, now: float) -> None:
        if now < self._turns_at:
            return
        self._turns_at = now + _TURNS_EVERY_S
        self._unwell.clear()
        for scenario in self._turns.take(now, self._may_begin):
            self._file.record_begun(scenario.number, world=self._name, at=now)
            act = self._means.act_of(scenario)
            self._acts.append(act)
            self._stuck_at[scenario.number] = now + STUCK_S
            act.look()
        if self._acts or not self._unwell:
            self._calm_at = now
        elif now - self._calm_at > WELL_S:
            number = self._unwell[0].number
            why = unwell_in_words(self._health[1].unwell)
            said = f"the venues of scenario {number} are well ({why})"
            raise StageError(f"not within {WELL_S:g} s: {said}")

    def _may_begin(self, scenario: Scenario) -> bool:
        """Tell whether the venues of a scenario were well a moment ago."""
        asked_at, health = self._health
        self._is_wanted = True
        if self._means.now() - asked_at <= _FRESH_S and health.may_begin(scenario):
            return True
        self._unwell.append(scenario)
        return False

    def _ask(self, now: float) -> None:
        """Ask the monitor, where that is wanted."""
        is_wanted = self._is_wanted or any(act.wants_health(now) for act in self._acts)
        if is_wanted and not self._is_asking and now >= self._ask_at:
            self._is_asking, self._is_wanted = True, False
            self._ask_at = now + _WELL_EVERY_S
            self._means.workers.do("look", self._means.health, self._answered)

    def _answered(self, done: Done[Health]) -> None:
        self._is_asking = False
        self._health = done.began_at, done.value
        playing = [act.scenario for act in self._acts]
        if rows := self._spells.take(done.value.unwell, done.began_at, playing):
            self._file.record(*rows)

    def _awaits_ends(self) -> bool:
        """Tell whether something lingers whose end is judged, though no scenario waits for it."""
        asked_at, health = self._health
        is_over = asked_at >= self._ended_at and not health.lingering
        if is_over or self._means.now() >= self._ends_by:
            return False
        self._is_wanted = True
        return True

    def _end(self, act: Playing, now: float) -> None:
        for expected in act.scenario.expected:
            if not LINGERING.isdisjoint(expected.causes):
                self._ended_at = now
                self._ends_by = max(self._ends_by, now + expected.over_within_s)
        self._acts.remove(act)
        self._isolation.end(act.scenario, now)
        self._spells.end(act.scenario, now)
        del self._stuck_at[act.scenario.number]
        state, why = act.ending
        self._file.record_ended(act.scenario.number, at=now, state=state, void_reason=why)
