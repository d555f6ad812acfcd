"""Checks of the page of findings: each has a row, and tests that are there and run."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.test_promises import NAMED, found_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "results-findings.md").read_text(encoding="utf-8")
COUNTS = {"A": 6, "B": 3, "C": 2, "D": 7, "E": 6, "F": 8, "G": 6, "H": 3}
FINDINGS = [f"{kind}{number}" for kind, most in COUNTS.items() for number in range(1, most + 1)]
SIBLINGS = 2
QUOTED = re.compile(r'"([^"]+)"')


class Row(NamedTuple):
    """A finding, its tests, and the siblings: further tests, and quoted cases of the first."""

    finding: str
    held_by: str
    tests: list[tuple[str, str]]
    siblings: int
    quoted: list[str]


def rows_of(page: str) -> list[Row]:
    """Return the rows of the table of findings."""
    lines = [line for line in page.splitlines() if re.match(r"\| [A-H][0-9] \|", line)]
    rows = []
    for line in lines:
        finding, _, held_by, siblings = [cell.strip() for cell in line.strip("|").split("|")]
        quoted = QUOTED.findall(siblings)
        more = NAMED.findall(siblings)
        tests = [*NAMED.findall(held_by), *more]
        rows.append(Row(finding, held_by, tests, len(quoted) + len(more), quoted))
    return rows


def wrong_in(page: str) -> list[str]:
    """Return what is wrong with a page of findings."""
    rows = rows_of(page)
    named = [row.finding for row in rows]
    wrong = [f"{name}: no row" for name in FINDINGS if name not in named]
    wrong += [f"{name}: a second row" for name in set(named) if named.count(name) > 1]
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


def test_every_finding_has_tests_that_are_there_and_run() -> None:
    assert wrong_in(PAGE) == []


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("| D3 |", "| D9 |", "D3: no row"),
        ("| D3 |", "| D4 |", "D4: a second row"),
        ("test_rewritten.py", "test_written.py", "not there"),
        ("::test_folders_of_a_day_are_read", "::test_folders", "test_folders: not there"),
        ("POOL_STANDING", "POOLS", "A5: no case POOLS"),
        ('"POOL_STANDING", ', "", "A5: too few siblings"),
        ("::test_identities_are_bounded", "::test_identities", "not there"),
    ],
)
def test_page_of_findings_that_is_wrong_is_told(before: str, after: str, wrong: str) -> None:
    assert before in PAGE

    assert [line for line in wrong_in(PAGE.replace(before, after)) if wrong in line]
