"""Checks of the page of findings: each has a row, and tests that are there and run."""

import pytest

from tests.docs.findings import ROOT, rows_of, wrong_in

PAGE = (ROOT / "docs" / "results-findings.md").read_text(encoding="utf-8")
COUNTS = {"A": 6, "B": 3, "C": 2, "D": 7, "E": 6, "F": 8, "G": 6, "H": 3}
FINDINGS = [f"{kind}{number}" for kind, most in COUNTS.items() for number in range(1, most + 1)]


def wrong(page: str) -> list[str]:
    """Return what is wrong with a page of these findings."""
    rows = rows_of(page, "[A-H][0-9]")
    named = [row.finding for row in rows]
    missing = [f"{name}: no row" for name in FINDINGS if name not in named]
    twice = [f"{name}: a second row" for name in set(named) if named.count(name) > 1]
    return missing + twice + wrong_in(page, rows)


def test_every_finding_has_tests_that_are_there_and_run() -> None:
    assert wrong(PAGE) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
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
def test_page_of_findings_that_is_wrong_is_told(before: str, after: str, told: str) -> None:
    assert before in PAGE

    assert [line for line in wrong(PAGE.replace(before, after)) if told in line]
