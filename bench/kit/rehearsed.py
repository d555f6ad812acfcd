"""Figures of a live rehearsal, from the file of its run: what was played, and what came of it."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from bench.kit.result import Row
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Played
from venuewatch.rehearsal.score import marks
from venuewatch.rehearsal.score.result import Scored
from venuewatch.rehearsal.score.run import score_run

_S_PER_HOUR = 3600.0


class Rehearsed(NamedTuple):
    """The row of a run, and a line for each scenario that is no pass."""

    row: Row
    not_passed: tuple[str, ...]


def rehearsed(side: str, path: Path) -> Rehearsed:
    """Return the figures of the run in the file ``path``, by the marks that are default.

    ``at_once``: how many were played at once at most; ``hours``: from the first begin of each
    sitting to its last end. ``wrong_accusations``: scenarios in which somebody else was accused,
    and false alarms between scenarios.
    """
    with RunFile.read(path) as file:
        all_of = file.scenarios()
    played = [each for each in all_of if each.is_finished]
    score = score_run(path, marks.load())
    numbers = {each.scenario.number for each in played}
    scored = [each for each in score.scored if each.number in numbers]
    counts = Counter(each.verdict for each in scored)
    accused = sum(each.measures["others"].verdict == "fail" for each in scored)
    worlds = _spans(path)
    row: Row = {
        "side": side,
        "planned": len(all_of),
        "played": len(played),
        "kinds_not_played": len(_kinds(all_of) - _kinds(played)),
        "passed": counts["pass"],
        "failed": counts["fail"],
        "void": counts["void"],
        "void_share": round(counts["void"] / len(played), 4) if played else None,
        "not_judged": len(all_of) - sum(counts[each] for each in ("pass", "fail", "void")),
        "wrong_accusations": accused + len(score.between),
        "at_once": max((_at_once(spans) for spans in worlds), default=0),
        "hours": round(sum(_length_s(spans) for spans in worlds) / _S_PER_HOUR, 2),
        "sittings": len(worlds),
    }
    return Rehearsed(row, tuple(_line(each) for each in scored if each.verdict != "pass"))


def done_of(path: Path) -> tuple[int, int]:
    """Return how many scenarios of a run are played, and of how many; it may be made just now."""
    query = """
        SELECT (SELECT count(*) FROM played WHERE state IN ('ended', 'given_up')),
            (SELECT count(*) FROM scenario)
    """
    try:
        ((done, of),) = _fetch(path, query)
    except sqlite3.OperationalError:
        return 0, 0
    return done, of


def _kinds(of: Iterable[Played]) -> set[str]:
    return {each.scenario.kind for each in of}


def _line(scored: Scored) -> str:
    why = scored.why or "; ".join(
        f"{name}: {one.why or one.value_s}"
        for name, one in scored.measures.items()
        if one.verdict == scored.verdict
    )
    return f"{scored.verdict} {scored.number} {scored.kind} at {scored.venue}: {why}"


def _spans(path: Path) -> list[list[tuple[float, float]]]:
    """Return since when and until when (s) each scenario was played, world by world.

    One counts from its first step on: before that it may wait until it may begin.
    """
    query = """
        SELECT world, coalesce(min(step.at), began_at), ended_at
        FROM attempt LEFT JOIN step USING (number, attempt)
        WHERE state IN ('ended', 'given_up') GROUP BY number, attempt
    """
    worlds: dict[str, list[tuple[float, float]]] = {}
    for world, since, until in _fetch(path, query):
        worlds.setdefault(world, []).append((since, until))
    return list(worlds.values())


def _fetch(path: Path, query: str) -> list[tuple[Any, ...]]:
    where = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(where, uri=True)) as database:
        return database.execute(query).fetchall()


def _at_once(spans: list[tuple[float, float]]) -> int:
    return max(sum(since <= at < until for since, until in spans) for at, _ in spans)


def _length_s(spans: list[tuple[float, float]]) -> float:
    return max(until for _, until in spans) - min(since for since, _ in spans)
