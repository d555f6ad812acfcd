"""Pages of findings: what was wrong, the tests that hold each mend, and their siblings.

A page has tables whose rows begin with a finding. What is wrong with one is told line by line.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.docs.test_promises import NAMED, found_in

ROOT = Path(__file__).parents[2]
SIBLINGS = 2
CELLS = 4
QUOTED = re.compile(r'"([^"]+)"')


class Row(NamedTuple):
    """A finding, its tests, and the siblings: further tests, and quoted cases of the first."""

    finding: str
    held_by: str
    tests: list[tuple[str, str]]
    siblings: int
    quoted: list[str]


def rows_of(page: str, begins: str) -> list[Row]:
    """Return the rows of four cells; ``begins`` is the pattern of a finding."""
    rows = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != CELLS or not re.fullmatch(begins, cells[0]):
            continue
        finding, _, held_by, siblings = cells
        quoted = QUOTED.findall(siblings)
        more = NAMED.findall(siblings)
        tests = [*NAMED.findall(held_by), *more]
        rows.append(Row(finding, held_by, tests, len(quoted) + len(more), quoted))
    return rows


def wrong_in(page: str, rows: Sequence[Row]) -> list[str]:
    """Return what is wrong with the rows of a page, and with the tests that it names anywhere."""
    wrong: list[str] = []
    for row in rows:
        wrong += [f"{row.finding}: no test"] if not NAMED.findall(row.held_by) else []
        wrong += [f"{row.finding}: too few siblings"] if row.siblings < SIBLINGS else []
        texts = [
            (ROOT / file).read_text("utf-8") for file, _ in row.tests if (ROOT / file).exists()
        ]
        wrong += [
            f"{row.finding}: no case {case}"
            for case in row.quoted
            if not any(case in text for text in texts)
        ]
    for file, name in NAMED.findall(page):
        can_run = found_in(ROOT / file).get(name)
        if not can_run:
            wrong.append(f"{file}::{name}: {'not there' if can_run is None else 'never runs'}")
    return wrong
