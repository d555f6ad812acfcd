"""Results of a score: verdicts, measures with their numbers, and how a run is counted.

Nothing is averaged. Void and not judged are counted beside passed and failed, never with them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from venuewatch.rehearsal.score.marks import MEASURES, Marks, MeasureName

Verdict: TypeAlias = Literal["pass", "fail", "void", "not_judged"]
VERDICTS: Final[tuple[Verdict, ...]] = ("pass", "fail", "void", "not_judged")

_WORST: Final[Mapping[Verdict, int]] = {"fail": 3, "void": 2, "pass": 1, "not_judged": 0}


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of a scenario: ``value_s`` and its ``limit_s`` where it is a time.

    ``why`` says why it is no pass.
    """

    verdict: Verdict
    value_s: float | None = None
    limit_s: float | None = None
    why: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of one expectation; times are of the world's clock, None: never.

    ``true_at``: since when it was to be told; ``mended_at``: since when it was to be over.
    ``cause`` is the last that was said. ``opened_at``, the aggregator's own word, decides nothing.
    """

    subject: str
    true_at: float | None
    detected_at: float | None
    told_at: float | None
    named_at: float | None
    mended_at: float | None
    over_at: float | None
    cause: str
    opened_at: float | None
    incidents: tuple[int, ...]
    measures: dict[MeasureName, Measure]


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario and its measures; ``accused``: incidents of it that are not right.

    ``why`` says why it is void or not judged. ``incidents``: how many of the run belong to it.
    """

    number: int
    kind: str
    venue: str
    verdict: Verdict
    why: str
    measures: dict[MeasureName, Measure]
    answers: tuple[Answer, ...]
    accused: tuple[str, ...]
    incidents: int
    world: str
    began_at: float | None
    ended_at: float | None


class FalseAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that belongs to no scenario, or the monitor's word that it was not well."""

    world: str
    at: float
    subject: str
    cause: str


class RunScore(msgspec.Struct, frozen=True, kw_only=True):
    """The score of a run. ``incidents``: all of the run; ``between``: those of no scenario."""

    marks: Marks
    scored: tuple[Scored, ...]
    between: tuple[FalseAlarm, ...]
    unwell: tuple[FalseAlarm, ...]
    incidents: int

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many scenarios have each verdict."""
        return counted(one.verdict for one in self.scored)

    @property
    def judged(self) -> int:
        """How many passed or failed."""
        return self.counts["pass"] + self.counts["fail"]

    @property
    def void_share(self) -> float:
        """The share of void scenarios in those that were played."""
        played = self.judged + self.counts["void"]
        return self.counts["void"] / played if played else 0.0

    def of_measure(self, name: MeasureName) -> dict[Verdict, int]:
        """Return how many scenarios have each verdict by one measure."""
        return counted(one.measures[name].verdict for one in self.scored)

    @property
    def misses(self) -> tuple[str, ...]:
        """Why the run is no success, a line each; empty where it is one."""
        counts = self.counts
        found = []
        if counts["fail"]:
            found.append(f"{counts['fail']} of {self.judged} judged scenarios failed")
        if self.between:
            found.append(f"false alarms between scenarios: {len(self.between)}")
        if self.unwell:
            found.append(f"times the monitor was not well between scenarios: {len(self.unwell)}")
        if self.void_share > self.marks.void_share_max:
            found.append(
                f"{self.void_share:.1%} of the played scenarios are void,"
                f" more than {self.marks.void_share_max:.1%}"
            )
        if not self.judged:
            found.append("no scenario was judged")
        return tuple(found)


def counted(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """Return how often each verdict is there, 0 among them."""
    found = Counter(verdicts)
    return {verdict: found[verdict] for verdict in VERDICTS}


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on all: one fail is a fail, one void is no pass."""
    return max(verdicts, key=_WORST.__getitem__, default="not_judged")


def all_of(
    verdict: Verdict, why: str, taken: Collection[MeasureName]
) -> dict[MeasureName, Measure]:
    """Return one verdict for every measure that is taken; the others are not judged."""
    return {
        name: Measure(verdict=verdict if name in taken else "not_judged", why=why)
        for name in MEASURES
    }
