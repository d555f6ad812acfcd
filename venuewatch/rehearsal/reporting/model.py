"""Parts of a report: data, and the words for it, the same in every form."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from venuewatch.base.config import one_line
from venuewatch.rehearsal.score.marks import MeasureName
from venuewatch.rehearsal.score.result import FalseAlarm, Verdict

TEXT_MAX: Final = 300
"""Characters of one text; names of others may be of any length."""

VERDICT: Final[Mapping[Verdict, str]] = {
    "pass": "passed",
    "fail": "failed",
    "void": "void",
    "not_judged": "not judged",
}
MEANING: Final[Mapping[str, str]] = {
    "detected": "from when it was true until an outside reader got it",
    "told": "from then until a receiver took a notice",
    "cause": "from when it was true until the right cause was said",
    "recovery": "from when it was mended until it was over",
}


class Tally(NamedTuple):
    """How many scenarios of one name have each verdict."""

    name: str
    passed: int = 0
    failed: int = 0
    void: int = 0
    not_judged: int = 0

    @property
    def judged(self) -> int:
        """How many passed or failed."""
        return self.passed + self.failed

    @property
    def scenarios(self) -> int:
        """How many there are."""
        return self.judged + self.void + self.not_judged


class Grouping(NamedTuple):
    """All scenarios of a run by one of their properties, each counted once."""

    by: str
    tallies: tuple[Tally, ...]


class Bin(NamedTuple):
    """How many times lie from ``from_s`` up to, and without, ``to_s``; None: without end."""

    from_s: float
    to_s: float | None
    number: int


class Times(NamedTuple):
    """Distribution of a measure that is a time, over ``number`` scenarios that were judged by it.

    ``never``: how many more were judged and have no time. Percentiles are by nearest rank: each is
    the time of a scenario. All are None where there is none.
    """

    measure: MeasureName
    number: int
    never: int
    shortest_s: float | None
    median_s: float | None
    p90_s: float | None
    p99_s: float | None
    longest_s: float | None
    bins: tuple[Bin, ...]


class Moment(NamedTuple):
    """When something came, in seconds from the begin of its scenario; None: never."""

    word: str
    after_s: float | None


class Line(NamedTuple):
    """What came of one expectation, in the order in which it should come."""

    subject: str
    cause: str
    moments: tuple[Moment, ...]


class Entry(NamedTuple):
    """One scenario in words. ``at``: its hour, "" without a run sheet, as is ``officer``.

    ``wrong``: the measures that failed, each with its reason.
    """

    number: int
    day: int | None
    at: str
    officer: str
    venue: str
    kind: str
    title: str
    policy: str
    causes: str
    verdict: Verdict
    wrong: dict[MeasureName, str]
    whys: tuple[str, ...]
    accused: tuple[str, ...]
    measures: dict[MeasureName, tuple[Verdict, float | None, float | None]]
    lines: tuple[Line, ...]


class Improvement(NamedTuple):
    """A measure that scenarios of one kind failed; the last three are for people to fill in."""

    kind: str
    measure: str
    numbers: tuple[int, ...]
    why: str
    owner: str = ""
    due: str = ""
    note: str = ""


class Compared(NamedTuple):
    """One kind in two runs; ``measures`` says which of them went another way, and how."""

    kind: str
    before: Tally
    now: Tally
    change: str
    measures: tuple[str, ...]


class Comparison(NamedTuple):
    """Two runs by kind; ``changed`` kinds have the same name and another text."""

    against: str
    kinds: tuple[Compared, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]

    def with_change(self, change: str) -> int:
        """Return how many kinds went one way."""
        return sum(one.change == change for one in self.kinds)


class Report(NamedTuple):
    """All of a report."""

    run: str
    about: tuple[tuple[str, str], ...]
    whole: Tally
    misses: tuple[str, ...]
    measures: Grouping
    groupings: tuple[Grouping, ...]
    times: tuple[Times, ...]
    entries: tuple[Entry, ...]
    between: tuple[FalseAlarm, ...]
    unwell: tuple[FalseAlarm, ...]
    improvements: tuple[Improvement, ...]
    comparison: Comparison | None

    @property
    def headline(self) -> str:
        """The score in one line."""
        whole = self.whole
        return (
            f"passed {whole.passed} of {whole.judged} judged;"
            f" {whole.void} void, {whole.not_judged} not judged"
        )

    def with_verdict(self, verdict: Verdict) -> tuple[Entry, ...]:
        """Return the scenarios that have a verdict."""
        return tuple(one for one in self.entries if one.verdict == verdict)


def plain(text: object) -> str:
    """Return a text as one line of bounded length, without signs that steer anything."""
    shown = one_line(str(text)[: TEXT_MAX + 1])
    return shown if len(shown) <= TEXT_MAX else f"{shown[: TEXT_MAX - 1]}…"


def seconds(value_s: float | None, none: str = "-") -> str:
    """Return a time in words."""
    return none if value_s is None else f"{value_s:.1f} s"
