"""Runbooks: a page for every alert, an alert for every page, each with its four parts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
OF_ALERTS = [page for page in PAGES if page.stem != "README"]
HEADINGS = ["Look at", "Do first", "It is over when"]
LONGEST = 45


def alerts() -> dict[str, str]:
    """Return the severity of each alert, by name."""
    files = sorted((ROOT / "deploy" / "prometheus").glob("rules*.yml"))
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    return dict(re.findall(r"- alert: (\w+)\n(?:.*\n)*?.*labels: {severity: (\w+)}", text))


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert sorted(page.stem for page in OF_ALERTS) == sorted(alerts())


@pytest.mark.parametrize("page", OF_ALERTS, ids=lambda page: page.stem)
def test_runbook_says_meaning_look_first_and_end(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()

    assert lines[0] == f"# {page.stem}"
    assert not lines[2].startswith("#"), "the meaning comes first"
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS
    assert len(lines) <= LONGEST


def test_index_lists_every_alert_with_its_severity() -> None:
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")

    listed = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (\w+) \|", index, re.MULTILINE)

    assert dict(listed) == alerts()
    assert len(listed) == len(alerts())
