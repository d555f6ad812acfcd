"""Judges what the core says of every fault: a confusion matrix, a trial a world.

Every trial is its own world: size, links, phase, moment and victim follow from its seed, so that
a row that is wrong can be looked at again with :func:`try_fault`.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.incidents.record import Incident, Subject
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import NONE, Fault
from venuewatch.rehearsal.world.world import World

WARM_UP_S = 25.0
"""Time (s) that a world is left alone: the grace after a start is over by then."""

MOMENT_WITHIN_S = 10.0
AFTERWARDS_S = 15.0
"""For how long (s) nothing may be said once there is peace."""

HICCUP_S = 10.0
"""Time (s) for what is no disturbance: a reading sent again on a link that loses."""


class MatrixRow(NamedTuple):
    """A count: in ``trials`` worlds the core called a fault ``cause`` that is ``expected``.

    ``expected`` may name several causes that are as honest, joined by ``|``. A cause
    ``other:SCOPE:CAUSE`` is of something else; ``late`` is of a fault that was told too late, and
    ``restless`` of a world that found no peace.
    """

    fault: str
    expected: str
    cause: str
    trials: int

    @property
    def is_right(self) -> bool:
        """Whether an honest operator would have said so."""
        return self.cause in self.expected.split("|")


class Trial(NamedTuple):
    """The result of one fault in one world.

    ``causes``: the last cause of each thing that was broken; ``others``: of anything else.
    ``is_late``: whether the last thing that broke was told later than the fault promises.
    ``trouble``: what kept the world from finding peace afterwards.
    """

    fault: str
    seed: int
    expected: str
    causes: tuple[str, ...]
    others: tuple[str, ...]
    is_late: bool
    trouble: tuple[str, ...]

    @property
    def words(self) -> set[str]:
        """Everything that was said, each once."""
        also = {"restless" if self.trouble else "", "late" if self.is_late else ""} - {""}
        return {*self.causes, *(f"other:{other}" for other in self.others), *also}

    @property
    def is_right(self) -> bool:
        """Whether nothing but the truth was said."""
        return self.words <= set(self.expected.split("|"))


def derived_seed(seed: int, fault: str, trial: int) -> int:
    """Return the seed of one trial: the same on every machine."""
    return random.Random(f"{seed}/{fault}/{trial}").getrandbits(48)


def matrix(trials: Iterable[Trial]) -> list[MatrixRow]:
    """Count what was said, by fault and cause."""
    counts = Counter(
        (trial.fault, trial.expected, word) for trial in trials for word in trial.words
    )
    return [MatrixRow(*key, count) for key, count in sorted(counts.items())]


def try_fault(name: str, seed: int) -> Trial:
    """Let one fault happen in the world of this seed, heal it, and see that there is peace."""
    fault = faults.load(name)()
    world = break_world(fault, seed)
    broken = fault.play(world)
    is_late = _is_late(fault, world, broken)
    is_at_peace = world.run_until(lambda: not world.trouble(), within_s=fault.CONVERGES_WITHIN_S)
    if is_at_peace:
        world.run(AFTERWARDS_S)
        world.run_until(lambda: not world.trouble(), within_s=HICCUP_S)
    return _judged(fault, world, name=name, seed=seed, is_late=is_late)


def break_world(fault: Fault, seed: int) -> World:
    """Return a world in which ``fault`` has just been injected."""
    rng = random.Random(seed)
    world = World(fault.layout(rng), rng, away_limit_s=fault.AWAY_LIMIT_S)
    world.start()
    world.run(WARM_UP_S + rng.uniform(0.0, MOMENT_WITHIN_S))
    fault.inject(world)
    return world


def _judged(fault: Fault, world: World, *, name: str, seed: int, is_late: bool) -> Trial:
    said: dict[Subject, dict[tuple[int, int], Incident]] = {}
    for told in world.observer.told:
        incident = told.changed.incident
        said.setdefault(incident.subject, {})[told.run, incident.number] = incident
    broken = world.was_broken
    causes = [_cause_of(said.get(subject, {}), fault) for subject in broken] or [NONE]
    others = {
        f"{subject.scope}:{incident.cause}"
        for subject, incidents in said.items()
        if subject not in broken
        for incident in incidents.values()
    }
    return Trial(
        name,
        seed,
        fault.EXPECTED,
        tuple(causes),
        tuple(sorted(others - fault.ALSO)),
        is_late,
        tuple(world.trouble()),
    )


def _is_late(fault: Fault, world: World, broken: dict[Subject, float]) -> bool:
    """Tell whether anything of ``broken`` had no incident in time that is open now."""
    for subject, since in broken.items():
        trips_s = fault.TOLD_WITHIN_TRIPS and world.venues[subject.venue].round_trip_s
        limit_s = fault.TOLD_WITHIN_S + fault.TOLD_WITHIN_TRIPS * trips_s
        if _waited_s(world, subject, since) > limit_s:
            return True
    return False


def _waited_s(world: World, subject: Subject, since: float) -> float:
    """Return how long (s) after ``since`` the incident was opened that is open now."""
    opened_at = math.inf
    for told in world.observer.told:
        if told.changed.incident.subject == subject:
            if told.changed.change == "opened":
                opened_at = told.at
            elif told.changed.incident.closed_at is not None:
                opened_at = math.inf
    return opened_at - since


def _cause_of(incidents: dict[tuple[int, int], Incident], fault: Fault) -> str:
    if not incidents:
        return NONE
    cause = list(incidents.values())[-1].cause
    if len(incidents) > fault.INCIDENTS_MAX:
        return f"{cause} x{len(incidents)}"
    return cause
