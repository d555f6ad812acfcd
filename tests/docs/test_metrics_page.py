"""Check of the page of metrics: up to date."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_metrics_page_is_up_to_date() -> None:
    written = (DOCS / "metrics.md").read_text(encoding="utf-8")

    made = runpy.run_path(str(DOCS / "make_metrics.py"))["text"]()

    assert made == written, "run: python docs/make_metrics.py"
