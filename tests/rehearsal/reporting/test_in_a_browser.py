"""A report with hostile names in a real browser: it asks nobody for anything and runs nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.kit.browser import browser, profile
from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.reporting.test_command import HOSTILE, hostile_run
from tests.rehearsal.runfile.scenarios import fetch
from venuewatch.rehearsal.reporting.files import in_html
from venuewatch.rehearsal.reporting.gather import gather
from venuewatch.rehearsal.reporting.improvements import Assigned
from venuewatch.rehearsal.reporting.model import Grouping, Report, Tally
from venuewatch.rehearsal.score.marks import Marks

pytestmark = [pytest.mark.asyncio, pytest.mark.real]

OF_A_NAME = 34
"""Letters of a name that a chart has room for."""

# Every chart has a name, and a table in the page with the same heading and the same numbers.
_CHARTS = """() => [...document.querySelectorAll("svg[role=img]")].map((chart) => {
  const next = chart.nextElementSibling;
  const table = next.matches("table") ? next : next.querySelector("table");
  const words = (element) => element.textContent.trim();
  return {
    title: words(document.getElementById(chart.getAttribute("aria-labelledby"))),
    caption: words(table.caption),
    said: [...chart.querySelectorAll("text")].map(words),
    bars: chart.querySelectorAll("rect").length,
    rows: [...table.tBodies[0].rows].map((row) => [...row.cells].map(words)),
  };
})"""


def hostile_report(folder: Path) -> Report:
    """Return a report that has hostile names wherever one can be."""
    run, other = folder / "run.sqlite", folder / "<img src=x onerror=alert(1)>.sqlite"
    for path in (run, other):
        hostile_run(path)
    fetch(other, "UPDATE seen SET at = at - 4 WHERE change = 'opened'")
    elsewhere = "'<b>', 1e6, 7, 'opened', 'host:<img src=x>/<svg>', '<i>', 0, 1, ''"
    fetch(run, f"INSERT INTO seen VALUES ({elsewhere})")  # noqa: S608 - ours
    fetch(run, "INSERT INTO well VALUES ('<script>', 1e6, 'monitor', 0, NULL, '<script>')")
    known = Assigned(kind=HOSTILE, measure="told", owner=HOSTILE, note=HOSTILE)
    report = report_of(run, against=gather(other, Marks()), assigned=[known])
    by_officer = Grouping("officer", (Tally(HOSTILE, passed=1, void=1),))
    return report._replace(
        entries=tuple(one._replace(officer=HOSTILE, at=HOSTILE) for one in report.entries),
        groupings=(*report.groupings, by_officer),
    )


def check_chart(chart: dict[str, Any]) -> None:
    """Check that a table has the heading of its chart, and all of its numbers."""
    assert chart["title"].split(";")[0].split(" ")[-1] in chart["caption"]
    rows: list[list[str]] = chart["rows"]
    if chart["title"].startswith("Times"):
        assert chart["said"] == [cell for row in rows for cell in row]
        assert chart["bars"] == len(rows)
    else:
        assert len(chart["said"]) == len(rows)
        for said, (name, *_) in zip(chart["said"], rows, strict=True):
            assert name.startswith(said.removesuffix("…"))
            assert len(said) <= OF_A_NAME
        verdicts = [cell for _, _, *cells in rows for cell in cells]  # without the judged
        assert chart["bars"] == sum(cell != "0" for cell in verdicts)


async def test_a_report_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    page_file = tmp_path / "report.html"
    page_file.write_text(in_html(hostile_report(tmp_path)), encoding="utf-8")
    asked: list[str] = []

    async with browser() as started, profile(started) as context:
        page = await context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        await page.goto(page_file.as_uri(), wait_until="networkidle")
        scripts = await page.locator("script, img, iframe, link, [onload], [onerror]").count()
        charts = await page.evaluate(_CHARTS)
        headers = await page.locator("table:not(:has(caption)), thead th:not([scope])").count()
        text = await page.locator("body").inner_text()

    assert asked == [page_file.as_uri()]
    assert (scripts, headers) == (0, 0)
    for said in ("<script>fetch(", "<img src=x onerror=", "host:<img src=x>"):
        assert said in text
    assert "The monitor was not well between scenarios (1)" in text
    assert len(charts) >= 7
    for chart in charts:
        check_chart(chart)
