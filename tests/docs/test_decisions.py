"""Checks of the decisions' pages: one format, and an index of all."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
HEADINGS = ["What was decided", "Why", "Costs", "What would change it"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_decision_page_has_its_four_parts(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()

    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS


def test_the_index_lists_every_decision_once_in_order() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")

    listed = re.findall(r"^\| \d+ \| \[[^]]+\]\(([^)]+)\)", index, re.MULTILINE)

    assert listed == [page.name for page in PAGES]
