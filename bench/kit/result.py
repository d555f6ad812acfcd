"""Shows the result of a bench: a table for people, JSON for programs.

Units are in the keys. A row is one side of the comparison. A value that was not measured is None.
A side that could not be measured at all has its reason under ``skipped``.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

Value: TypeAlias = str | int | float | None
Row: TypeAlias = dict[str, Value]

_ABREAST = 6  # rows beside each other


class Goal(NamedTuple):
    """A limit for a row of ours: ``key`` of ``side`` at most ``at_most``."""

    key: str
    at_most: float
    side: str = "ours"

    @property
    def name(self) -> str:
        """Its key, with the side where that is not plainly ours."""
        return self.key if self.side == "ours" else f"{self.side}: {self.key}"


class Result(NamedTuple):
    """Measured rows, their conditions, and the goals for them."""

    rows: Sequence[Row]
    conditions: Mapping[str, Value]
    goals: Sequence[Goal] = ()


def skipped(side: str, why: str) -> Row:
    """Return the row of a side that could not be measured."""
    return {"side": side, "skipped": why}


def progress(text: str) -> None:
    """Print the progress to standard error."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def document(bench: str, machine: Mapping[str, object], result: Result) -> dict[str, object]:
    """Return the result as what is written as JSON."""
    return {
        "bench": bench,
        "machine": dict(machine),
        "conditions": dict(result.conditions),
        "goals": {goal.name: {"at_most": goal.at_most} for goal in result.goals},
        "rows": list(result.rows),
    }


def as_json(content: Mapping[str, object]) -> str:
    """Return the document as JSON text."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def save(path: Path, content: Mapping[str, object]) -> None:
    """Write the document to ``path``, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(as_json(content), encoding="utf-8")
    draft.replace(path)


def as_table(bench: str, machine: Mapping[str, object], result: Result) -> str:
    """Return the result as text: what it ran on, one column a side, and the goals."""
    lines = [f"{bench}"]
    lines += _facts("machine", machine)
    lines += _facts("conditions", result.conditions)
    for first in range(0, len(result.rows), _ABREAST):
        lines += ["", *_columns(result.rows[first : first + _ABREAST])]
    rows = {row["side"]: row for row in result.rows}
    lines += [""] if result.goals else []
    lines += [_verdict(goal, rows.get(goal.side, {}).get(goal.key)) for goal in result.goals]
    return "\n".join(lines) + "\n"


def _verdict(goal: Goal, value: Value) -> str:
    if not isinstance(value, int | float):
        return f"goal: {goal.name} at most {goal.at_most:g}: not measured"
    word = "met" if value <= goal.at_most else "MISSED"
    return f"goal: {goal.name} at most {goal.at_most:g}: {word} ({_shown(value)})"


def _facts(title: str, facts: Mapping[str, object]) -> list[str]:
    width = max((len(name) for name in facts), default=0)
    return [f"  {title}:"] + [f"    {name:{width}}  {value}" for name, value in facts.items()]


def _columns(rows: Sequence[Row]) -> list[str]:
    """Lay the rows out with the keys downward: there are more keys than sides."""
    keys = list(dict.fromkeys(key for row in rows for key in row if key != "side"))
    table = [["", *(str(row["side"]) for row in rows)]]
    table += [[key, *(_shown(row.get(key, "")) for row in rows)] for key in keys]
    widths = [max(len(line[at]) for line in table) for at in range(len(rows) + 1)]
    lines = [_line(line, widths) for line in table]
    return [lines[0], "  " + "-" * (len(lines[0]) - 2), *lines[1:]]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = f"{cells[0]:{widths[0]}}"
    rest = (f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  " + "  ".join([first, *rest])


def _shown(value: Value) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - digits
    return f"{value:,}" if isinstance(value, int) else value
