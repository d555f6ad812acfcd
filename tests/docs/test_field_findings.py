"""Checks of the page of field findings: each is held by tests that are there, or is open."""

import re

import pytest

from tests.docs.findings import ROOT, rows_of, wrong_in

PAGE = (ROOT / "docs" / "field-findings.md").read_text(encoding="utf-8")
COUNTS = {"A": 11, "G": 4, "M": 5, "P": 4, "W": 5}
FINDINGS = [f"{kind}{number}" for kind, most in COUNTS.items() for number in range(1, most + 1)]
OPEN = re.compile(r"^\| ([AGMPSW][0-9]*) \| [^|]+ \|$", re.MULTILINE)
WITHOUT_A_ROW = re.compile(r"\(([AGMPSW][0-9]+)\)")


def wrong(page: str) -> list[str]:
    """Return what is wrong with a page of these findings."""
    rows = rows_of(page, r"[AGMPSW][0-9]*(?:, [a-z ]+)?")
    held = [row.finding.partition(",")[0] for row in rows]
    told = {*held, *OPEN.findall(page), *WITHOUT_A_ROW.findall(page)}
    missing = [f"{name}: no row" for name in [*FINDINGS, "S"] if name not in told]
    both = [f"{name}: held and open" for name in OPEN.findall(page) if name in held]
    return missing + both + wrong_in(page, rows)


def test_every_field_finding_is_held_or_open() -> None:
    assert wrong(PAGE) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("| G2 |", "| G9 |", "G2: no row"),
        ("## Without a row", "| M5 | a word more |\n\n## Without a row", "M5: held and open"),
        ("(A4)", "", "A4: no row"),
        ("test_odd_machines.py", "test_odd.py", "not there"),
        ('"warm", "nan"', '"warm"', "A6: too few siblings"),
        ('"warm", "nan"', '"warm", "tepid"', "A6: no case tepid"),
    ],
)
def test_page_of_field_findings_that_is_wrong_is_told(before: str, after: str, told: str) -> None:
    assert before in PAGE

    assert [line for line in wrong(PAGE.replace(before, after)) if told in line]
