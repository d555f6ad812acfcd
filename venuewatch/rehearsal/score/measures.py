"""Measures of one expectation: each is one function, and each looks at one thing only.

Where nothing at all was said, detection, notice and cause fail; scope, number and recovery of an
incident that is not there are not judged. docs/rehearsal/scoring.md has all formulas.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from venuewatch.rehearsal.scenario import Expectation
from venuewatch.rehearsal.score.evidence import Told, Word
from venuewatch.rehearsal.score.marks import Marks, MeasureName
from venuewatch.rehearsal.score.matching import Match
from venuewatch.rehearsal.score.result import Answer, Measure

_PASS = Measure(verdict="pass")
_ENDED_EARLY = "its world ended before it was due to be over"


class Truth(NamedTuple):
    """When an expectation was true, by injector and witness, and which causes are honest.

    Its steps ended from ``mended_from`` to ``mended_at`` (None: not all, or not known).
    ``not_mended``: why its recovery is void; ``lingers``: the monitor said that it was not well
    after the scenario; ``watched_until``: the last that is known of its world, None: nothing is.
    """

    true_at: float
    mended_from: float | None
    mended_at: float | None
    causes: frozenset[str]
    not_mended: str = ""
    lingers: bool = False
    watched_until: float | None = None


def answer(expected: Expectation, match: Match, truth: Truth, marks: Marks) -> Answer:
    """Measure what was made of one expectation."""
    seen = _by_time(word for one in match.meant for word in one.seen)
    notices = _by_time(word for one in match.meant for word in one.notices if word.says_cause)
    said = [word for word in seen or notices if word.says_cause]
    detected_at = seen[0].at if seen else None
    told_at = notices[0].at if notices else None
    named_at = next((word.at for word in said if word.cause in expected.causes), None)
    over_at = _over_at(match.meant)
    taken: Mapping[MeasureName, Measure] = {
        "detected": _detected(expected, truth, detected_at, marks),
        "told": _told(expected, truth, detected_at, told_at, marks),
        "cause": _cause(expected, truth, named_at, notices, marks),
        "scope": _scope(expected, match),
        "once": _once(expected, match.exact),
        "recovery": _recovery(expected, truth, match.meant, over_at, marks),
    }
    return Answer(
        subject=expected.subject,
        true_at=truth.true_at,
        detected_at=detected_at,
        told_at=told_at,
        named_at=named_at,
        mended_at=truth.mended_at,
        over_at=over_at,
        cause=said[-1].cause if said else "",
        opened_at=next((word.opened_at for word in seen if word.opened_at is not None), None),
        incidents=tuple(one.key.number for one in match.meant),
        measures={
            name: one if marks.judges(name) else Measure(verdict="not_judged")
            for name, one in taken.items()
        },
    )


def _detected(
    expected: Expectation, truth: Truth, detected_at: float | None, marks: Marks
) -> Measure:
    limit_s = expected.detect_within_s + marks.detect_more_s
    if detected_at is None:
        return _missing(f"{expected.subject}: no reader got an incident", limit_s)
    value_s = detected_at - truth.true_at
    if value_s < -marks.early_s:
        return _timed(value_s, limit_s, f"{expected.subject}: said before it was true")
    return _timed(value_s, limit_s, _late(expected, "detected", value_s, limit_s))


def _told(
    expected: Expectation,
    truth: Truth,
    detected_at: float | None,
    told_at: float | None,
    marks: Marks,
) -> Measure:
    """Measure the notice from the detection on, or from its limit where there is none."""
    limit_s = marks.told_within_s
    since = truth.true_at + expected.detect_within_s if detected_at is None else detected_at
    if told_at is None:
        return _missing(f"{expected.subject}: no receiver took a notice", limit_s)
    value_s = told_at - since
    return _timed(value_s, limit_s, _late(expected, "told", value_s, limit_s))


def _cause(
    expected: Expectation,
    truth: Truth,
    named_at: float | None,
    notices: Iterable[Word],
    marks: Marks,
) -> Measure:
    limit_s = expected.detect_within_s + marks.cause_more_s
    wrong = [
        word.cause
        for word in notices
        if word.cause not in truth.causes and (named_at is None or word.at <= named_at)
    ]
    right = " or ".join(expected.causes)
    if named_at is None:
        return _missing(f"{expected.subject}: {right} was never said", limit_s)
    value_s = named_at - truth.true_at
    if wrong:
        return _timed(value_s, limit_s, f"{expected.subject}: a notice said {wrong[0]} before")
    return _timed(value_s, limit_s, _late(expected, f"named {right}", value_s, limit_s))


def _scope(expected: Expectation, match: Match) -> Measure:
    if match.strays:
        others = ", ".join(map(str, match.strays))
        return _failed(f"{expected.subject}: told as {others}")
    if not match.exact:
        return Measure(verdict="not_judged")
    children = [word.children for one in match.exact for word in one.seen]
    if expected.children is None or not children or max(children) == expected.children:
        return _PASS
    return _failed(
        f"{expected.subject}: expected {expected.children} hosts behind it, got {max(children)}"
    )


def _once(expected: Expectation, exact: tuple[Told, ...]) -> Measure:
    """Count incident numbers, and for each receiver the *opened* notices, repeats left out."""
    if not exact:
        return Measure(verdict="not_judged")
    opened = {
        (word.receiver, one.key, word.seq)
        for one in exact
        for word in one.notices
        if word.change == "opened"
    }
    receivers = {receiver for receiver, _, _ in opened}
    counts = [sum(one[0] == receiver for one in opened) for receiver in receivers]
    most = max([len(exact), *counts])
    if most <= expected.at_most:
        return _PASS
    return _failed(f"{expected.subject}: told {most} times, at most {expected.at_most} are right")


def _recovery(
    expected: Expectation,
    truth: Truth,
    meant: tuple[Told, ...],
    over_at: float | None,
    marks: Marks,
) -> Measure:
    limit_s = expected.over_within_s + marks.over_more_s
    if not meant:
        return Measure(verdict="not_judged")
    if over_at is not None and truth.mended_from is not None:
        value_s = over_at - truth.mended_from
        if value_s < -marks.early_s:
            return _timed(value_s, limit_s, f"{expected.subject}: over before it was mended")
    if truth.not_mended:
        return Measure(verdict="void", why=truth.not_mended)
    if over_at is None and _ended_early(truth, limit_s):
        return Measure(verdict="void", why=f"{expected.subject}: {_ENDED_EARLY}")
    if over_at is None or truth.mended_at is None:
        return _missing(f"{expected.subject}: never over", limit_s)
    value_s = over_at - truth.mended_at
    if truth.lingers:
        return _timed(value_s, limit_s, f"{expected.subject}: not well after the scenario")
    return _timed(value_s, limit_s, _late(expected, "over", value_s, limit_s))


def _ended_early(truth: Truth, limit_s: float) -> bool:
    """Tell whether nothing is known of the world any more since before an end was due."""
    if truth.watched_until is None or truth.mended_at is None:
        return False
    return truth.watched_until < truth.mended_at + limit_s


def _over_at(meant: Iterable[Told]) -> float | None:
    """Return when the last incident was over; None: one never was, or there is none."""
    ends = [max((word.at for word in one.words if word.is_end), default=None) for one in meant]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _by_time(words: Iterable[Word]) -> list[Word]:
    return sorted(words, key=lambda word: word.at)


def _late(expected: Expectation, what: str, value_s: float, limit_s: float) -> str:
    if value_s <= limit_s:
        return ""
    return f"{expected.subject}: {what} after {value_s:.1f} s, within {limit_s:g} s is right"


def _timed(value_s: float, limit_s: float, why: str) -> Measure:
    return Measure(verdict="fail" if why else "pass", value_s=value_s, limit_s=limit_s, why=why)


def _missing(why: str, limit_s: float) -> Measure:
    return Measure(verdict="fail", limit_s=limit_s, why=why)


def _failed(why: str) -> Measure:
    return Measure(verdict="fail", why=why)
