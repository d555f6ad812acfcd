"""Cases: a scenario, and the evidence of a monitor that does everything right.

The step ``off`` acts from 101 to 121 s; the incident is seen at 103, told at 103.2, over at 125.
"""

from typing import Any

from tests.rehearsal.runfile.scenarios import HOST, expectation
from venuewatch.rehearsal.runfile.rows import Change
from venuewatch.rehearsal.scenario import Expectation, Scenario
from venuewatch.rehearsal.score.evidence import (
    Evidence,
    Judged,
    Key,
    Sight,
    StepTimes,
    Target,
    Told,
    Word,
)
from venuewatch.rehearsal.score.marks import Marks, MeasureName
from venuewatch.rehearsal.score.result import Scored, Verdict
from venuewatch.rehearsal.score.scoring import score

MARKS = Marks()
BEGAN, TRUE, SEEN, TOLD, MENDED, OVER = 100.0, 101.0, 103.0, 103.2, 121.0, 125.0


def judged(*expected: Expectation, **more: Any) -> Judged:
    """Return a scenario: one step at one host, and what is expected of it."""
    given: dict[str, Any] = {
        "targets": (Target("off", (HOST,)),),
        "allowed": (),
        "counted": (),
        "venues": ("STA",),
    }
    return Judged(1, "server_power_off", expected=expected or (expectation(),), **given | more)


def control(**more: Any) -> Judged:
    """Return a scenario in which nothing is done, and no alarm is right."""
    given: dict[str, Any] = {"targets": (), "allowed": (), "counted": (), "venues": ("STA",)}
    return Judged(1, "nothing_done", expected=(), **given | more)


def incident(  # noqa: PLR0913 - what may be wrong with it
    number: int = 1,
    subject: str = HOST,
    cause: str = "host_down",
    *,
    seen_at: float = SEEN,
    told_at: float = TOLD,
    over_at: float | None = OVER,
    children: int = 0,
    world: str = "w",
) -> Told:
    """Return an incident: opened and closed, seen and told."""

    def word(at: float, change: Change, **more: Any) -> Word:
        return Word(at, change, subject, cause, children, **more)

    seen, notices = [word(seen_at, "opened")], [word(told_at, "opened", receiver="a", seq=1)]
    if over_at is not None:
        seen.append(word(over_at, "closed"))
        notices.append(word(over_at + 0.2, "closed", receiver="a", seq=2))
    return Told(Key(world, "", number), tuple(seen), tuple(notices))


def sights(step: str = "off", *, before: str = "no_effect", during: str = "effect") -> list[Sight]:
    """Return what a witness sees of a step that is made true and healed."""
    return [
        Sight(step, 100.5, "before", before),  # type: ignore[arg-type]
        Sight(step, 102.0, "during", during),  # type: ignore[arg-type]
        Sight(step, 122.0, "after", "healed"),
    ]


def evidence(*told: Told, **more: Any) -> Evidence:
    """Return the evidence of a scenario that was made true, and what the monitor said."""
    given: dict[str, Any] = {
        "state": "ended",
        "world": "w",
        "began_at": BEGAN,
        "ended_at": 130.0,
        "steps": {"off": StepTimes(TRUE, MENDED)},
        "sights": tuple(sights()),
    }
    return Evidence(told=told, **given | more)


def verdicts(scored: Scored) -> dict[Verdict, set[MeasureName]]:
    """Return which measures have each verdict."""
    found: dict[Verdict, set[MeasureName]] = {"pass": set(), "fail": set(), "void": set()}
    for name, measure in scored.measures.items():
        found.setdefault(measure.verdict, set()).add(name)
    return found


def failed(scenario: Judged, found: Evidence, marks: Marks = MARKS) -> set[MeasureName]:
    """Return the measures that fail; each says why."""
    scored = score(scenario, found, marks)
    assert all(one.why for one in scored.measures.values() if one.verdict == "fail")
    return verdicts(scored)["fail"]


def whole(scenario: Scenario) -> Judged:
    """Return what a score may know of a scenario."""
    return Judged(
        scenario.number,
        scenario.kind,
        scenario.venues,
        tuple(Target(order.step, order.targets) for order in scenario.orders),
        scenario.expected,
        scenario.allowed,
        scenario.counted,
    )
