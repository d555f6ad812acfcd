"""A report with hostile names in a real browser: it asks nobody for anything and runs nothing."""

from pathlib import Path

import pytest

from tests.kit.browser import browser, profile
from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.reporting.test_command import hostile_run
from venuewatch.rehearsal.reporting.files import in_html

pytestmark = [pytest.mark.asyncio, pytest.mark.real]

# Every chart has a name, and a table in the page with the same heading as its own numbers.
_CHARTS = """() => [...document.querySelectorAll("svg[role=img]")].map((chart) => {
  let next = chart.nextElementSibling;
  return [
    document.getElementById(chart.getAttribute("aria-labelledby")).textContent,
    (next.matches("table") ? next : next.querySelector("table")).caption.textContent,
  ];
})"""


async def test_a_report_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    hostile_run(tmp_path / "run.sqlite")
    page_file = tmp_path / "report.html"
    page_file.write_text(in_html(report_of(tmp_path / "run.sqlite")), encoding="utf-8")
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
    assert "<script>fetch(" in text
    assert len(charts) >= 6
    for title, caption in charts:
        assert title.split(";")[0].split(" ")[-1] in caption
