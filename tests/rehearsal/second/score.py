"""A second score of a run, by the tables of docs/rehearsal/scoring.md alone.

It shares no code with the first one. Each function is a row or a rule of that page, and the marks
are its default ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from tests.rehearsal.second.rows import (
    Attempt,
    Incident,
    Row,
    Run,
    holds,
    is_by,
    overlap,
    subjects_of,
)

MEASURES: Final = (
    *("detected", "told", "cause", "scope", "others", "once", "recovery", "counted"),
    *("acknowledged", "checklist"),
)
OF_AN_EXPECTATION: Final = ("detected", "told", "cause", "scope", "once", "recovery")
TOLD_WITHIN_S: Final = 2.0
CAUSE_MORE_S: Final = 3.0
EARLY_S: Final = 0.5
WORST: Final = ("fail", "void", "pass", "not_judged")
SAYS: Final = ("opened", "sharpened")
ENDS: Final = ("closed", "removed")

Times: TypeAlias = dict[str, float | None]


class Mark(NamedTuple):
    """A measure's verdict, with its time and limit (s) where it has them."""

    verdict: str
    value_s: float | None = None
    limit_s: float | None = None


class Answer(NamedTuple):
    """What came of an expectation: the last cause, when what came (s of the world), its marks."""

    subject: str
    after: str
    cause: str
    at: Times
    marks: dict[str, Mark]


class Judged(NamedTuple):
    """A scenario: its sheet, its marks, and what came of each expectation."""

    sheet: Row
    began_at: float | None
    marks: dict[str, Mark]
    answers: list[Answer]
    ordered: dict[str, float]

    @property
    def verdict(self) -> str:
        return worst(mark.verdict for mark in self.marks.values())


class Second(NamedTuple):
    """A run: its scenarios by number, how many incidents, and what belongs to no scenario."""

    judged: dict[int, Judged]
    incidents: int
    between: list[Row]
    unwell: list[Row]


class _Case(NamedTuple):
    """One expectation of a scenario that is judged, and the incidents of the scenario."""

    run: Run
    sheet: Row
    own: Attempt
    expected: Row
    exact: list[Incident]
    strays: list[Incident]

    @property
    def meant(self) -> list[Incident]:
        return self.exact or self.strays

    @property
    def mending(self) -> list[str]:
        """The steps whose end is the end of what is expected."""
        subject = self.expected["subject"]
        hits = [(each["step"], hit) for each in self.sheet["orders"] for hit in each["targets"]]
        on = [step for step, hit in hits if holds(hit, subject)]
        inside = [step for step, hit in hits if holds(subject, hit)]
        return list({self.expected["after"], *(on or inside)})


def second(path: Path) -> Second:
    """Score a run."""
    run = Run(path)
    owned: dict[Attempt | None, list[Incident]] = defaultdict(list)
    for incident in run.incidents:
        owned[run.owner(incident)].append(incident)
    unwell = [
        row
        for row in run.well
        if row["by"] == "monitor" and not row["is_well"] and row["number"] is None
    ]
    return Second(
        {number: _judged(run, number, owned) for number in run.sheets},
        len(run.incidents),
        [{**one.words[0], "world": one.world} for one in owned[None]],
        unwell,
    )


def worst(verdicts: Iterable[str]) -> str:
    """Return the verdict on all."""
    found = set(verdicts)
    return next((each for each in WORST if each in found), "not_judged")


def _judged(run: Run, number: int, owned: dict[Attempt | None, list[Incident]]) -> Judged:
    sheet, attempt = run.sheets[number], run.last.get(number)
    marks = dict.fromkeys(MEASURES, Mark("not_judged"))
    if attempt is None:
        return Judged(sheet, None, marks, [], {})
    own = (number, attempt["attempt"])
    ordered: dict[str, float] = {}
    for row in run.steps[own]:
        if row["what"] == "ordered":
            ordered.setdefault(row["step"], row["at"])
    answers: list[Answer] = []
    if attempt["state"] == "begun":
        pass
    elif _is_void(run, sheet, attempt, own):
        marks |= dict.fromkeys(_taken(sheet), Mark("void"))
    else:
        wrong = [one for one in owned[own] if not _is_right(sheet, one)]
        answers = [
            _answer(
                _Case(
                    run,
                    sheet,
                    own,
                    each,
                    [one for one in owned[own] if one.subject == each["subject"]],
                    [one for one in wrong if overlap(one.subject, each["subject"])],
                )
            )
            for each in sheet["expected"]
        ]
        marks |= _marks(run, sheet, own, answers, wrong)
    return Judged(sheet, attempt["began_at"], marks, answers, ordered)


def _taken(sheet: Row) -> list[str]:
    """Return what is judged of a scenario at all."""
    taken = ["others"]
    if sheet["counted"]:
        taken.append("counted")
    if sheet["expected"]:
        taken += OF_AN_EXPECTATION
    if any("notices_failing" in each["causes"] for each in sheet["expected"]):
        taken.remove("told")
    return taken


def _allowed_causes(sheet: Row, subject: str) -> set[str]:
    of = [each["causes"] for each in sheet["allowed"] if is_by(subject, each["subject"])]
    return {cause for causes in of for cause in causes}


def _is_right(sheet: Row, incident: Incident) -> bool:
    """Tell whether an incident is expected, or allowed with all its causes."""
    if incident.subject in subjects_of(sheet):
        return True
    causes = {word["cause"] for word in incident.words if word["change"] in SAYS}
    return causes <= _allowed_causes(sheet, incident.subject)


def _is_void(run: Run, sheet: Row, attempt: Row, own: Attempt) -> bool:
    if attempt["state"] in {"interrupted", "aborted"} or attempt["void_reason"]:
        return True
    if any(by != "monitor" for by in run.unwell(attempt)):
        return True
    for order in sheet["orders"]:
        step = order["step"]
        before, during = (run.seen_of(own, step, phase) for phase in ("before", "during"))
        if run.step(own, step)[0] is None or "effect" in before or "effect" not in during:
            return True
        if not {"no_effect", "healed"} & set(before):
            return True
    return any(_true_at(run, own, each) is None for each in sheet["expected"])


def _true_at(run: Run, own: Attempt, expected: Row) -> float | None:
    began, ended = run.step(own, expected["after"])
    return ended if expected["after_heal"] else began


def _answer(case: _Case) -> Answer:
    run, expected, meant = case.run, case.expected, case.meant
    seen = _by_time(word for one in meant for word in one.seen)
    notices = _by_time(word for one in meant for word in one.notices if word["change"] in SAYS)
    said = [word for word in seen or notices if word["change"] in SAYS]
    named = (word["at"] for word in said if word["cause"] in expected["causes"])
    at: Times = {
        "true": _true_at(run, case.own, expected),
        "detected": seen[0]["at"] if seen else None,
        "told": notices[0]["at"] if notices else None,
        "named": next(named, None),
        "healed": _last(run.step(case.own, step)[1] for step in case.mending),
        "noticed": _last(_over_at(one) for one in meant),
    }
    marks = {
        "detected": _detected(expected, at),
        "told": _told(expected, at),
        "cause": _cause(case, at, notices),
        "scope": _scope(case),
        "once": _once(case),
        "recovery": _recovery(case, at),
    }
    cause = str(said[-1]["cause"]) if said else ""
    return Answer(expected["subject"], expected["after"], cause, at, marks)


def _by_time(words: Iterable[Row]) -> list[Row]:
    return sorted(words, key=lambda word: float(word["at"]))


def _over_at(incident: Incident) -> float | None:
    return max((word["at"] for word in incident.words if word["change"] in ENDS), default=None)


def _last(moments: Iterable[float | None]) -> float | None:
    """Return the last moment; None where one of them never came."""
    found = list(moments)
    known = [each for each in found if each is not None]
    return max(known, default=None) if len(known) == len(found) else None


def _passed(*, is_right: bool) -> Mark:
    return Mark("pass" if is_right else "fail")


def _timed(value_s: float, limit_s: float, *, is_right: bool = True) -> Mark:
    return Mark("pass" if is_right and value_s <= limit_s else "fail", value_s, limit_s)


def _detected(expected: Row, at: Times) -> Mark:
    limit_s, true, detected = expected["detect_within_s"], at["true"], at["detected"]
    if true is None or detected is None:
        return Mark("fail", None, limit_s)
    return _timed(detected - true, limit_s, is_right=detected - true >= -EARLY_S)


def _told(expected: Row, at: Times) -> Mark:
    true, since, told = at["true"], at["detected"], at["told"]
    if true is None or told is None:
        return Mark("fail", None, TOLD_WITHIN_S)
    return _timed(
        told - (true + expected["detect_within_s"] if since is None else since), TOLD_WITHIN_S
    )


def _cause(case: _Case, at: Times, notices: Sequence[Row]) -> Mark:
    expected, true, named = case.expected, at["true"], at["named"]
    limit_s = expected["detect_within_s"] + CAUSE_MORE_S
    if true is None or named is None:
        return Mark("fail", None, limit_s)
    right = {*expected["causes"], *_allowed_causes(case.sheet, expected["subject"])}
    is_right = all(word["cause"] in right for word in notices if word["at"] <= named)
    return _timed(named - true, limit_s, is_right=is_right)


def _scope(case: _Case) -> Mark:
    if case.strays or not case.exact:
        return Mark("fail" if case.strays else "not_judged")
    children = [word["children"] for one in case.exact for word in one.seen]
    wanted = case.expected["children"]
    return _passed(is_right=wanted is None or not children or max(children) == wanted)


def _once(case: _Case) -> Mark:
    if not case.exact:
        return Mark("not_judged")
    opened: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for one in case.exact:
        for word in one.notices:
            if word["change"] == "opened":
                opened[word["receiver"]].add((one.number, word["seq"]))
    most = max([len(case.exact), *map(len, opened.values())])
    return _passed(is_right=most <= case.expected["at_most"])


def _recovery(case: _Case, at: Times) -> Mark:
    if not case.meant:
        return Mark("not_judged")
    limit_s, over, healed = case.expected["over_within_s"], at["noticed"], at["healed"]
    ends = {step: case.run.step(case.own, step)[1] for step in case.mending}
    known = [end for end in ends.values() if end is not None]
    if over is not None and known and over - min(known) < -EARLY_S:
        return Mark("fail", over - min(known), limit_s)
    for step, end in ends.items():
        after = case.run.seen_of(case.own, step, "after")
        if end is None or not after or after[-1] in {"effect", "cant_see"}:
            return Mark("void")
    if over is None and healed is not None and _ended_early(case, healed + limit_s):
        return Mark("void")
    if over is None or healed is None:
        return Mark("fail", None, limit_s)
    lingers = "monitor" in case.run.unwell(case.run.last[case.own[0]])
    return _timed(over - healed, limit_s, is_right=not lingers)


def _ended_early(case: _Case, due_at: float) -> bool:
    return case.run.until(case.run.last[case.own[0]]["world"]) < due_at


def _marks(
    run: Run, sheet: Row, own: Attempt, answers: Sequence[Answer], wrong: Sequence[Incident]
) -> dict[str, Mark]:
    found = {
        name: _worst_mark([each.marks[name] for each in answers])
        for name in _taken(sheet)
        if name in OF_AN_EXPECTATION
    }
    accusing = [
        one for one in wrong if not any(overlap(one.subject, each) for each in subjects_of(sheet))
    ]
    lingers = not answers and "monitor" in run.unwell(run.last[own[0]])
    found["others"] = _passed(is_right=not accusing and not lingers)
    if sheet["counted"]:
        found["counted"] = _counted(sheet, run.counters[own])
    return found


def _worst_mark(marks: Sequence[Mark]) -> Mark:
    """Return the worst mark; of several the one nearest its limit, or furthest beyond it."""
    verdict = worst(mark.verdict for mark in marks)
    return max((mark for mark in marks if mark.verdict == verdict), key=_beyond)


def _beyond(mark: Mark) -> float:
    if mark.limit_s is None:
        return 0.0
    return float("inf") if mark.value_s is None else mark.value_s - mark.limit_s


def _counted(sheet: Row, counters: Sequence[Row]) -> Mark:
    for each in sheet["counted"]:
        labels = ",".join(f'{name}="{value}"' for name, value in sorted(each["labels"].items()))
        metric = each["metric"] + (f"{{{labels}}}" if labels else "")
        found = [row for row in counters if row["metric"] == metric]
        if not found:
            return Mark("void")
        before, after = found[-1]["before"] or 0.0, found[-1]["after"]
        if after is None or after <= before:
            return Mark("fail")
    return Mark("pass")
