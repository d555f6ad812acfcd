"""Files of a report: a page that asks for nothing, and a table in which no cell is a formula.

Names of others are text in both.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from venuewatch.rehearsal.plan.table import safe
from venuewatch.rehearsal.reporting.entries import MOMENTS
from venuewatch.rehearsal.reporting.model import MEANING, VERDICT, Entry, Report, plain, seconds
from venuewatch.rehearsal.score.marks import MEASURES

ENTRIES_MAX: Final = 1_500
"""Scenarios of one verdict that a page shows: with their timelines they take 4 MB at most."""


def in_html(report: Report) -> str:
    """Return a report as a page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "seconds": seconds}
    return environment.get_template("report.html").render(
        report=report,
        groupings=(report.measures, *report.groupings),
        meaning=MEANING,
        moments=MOMENTS,
        entries_max=ENTRIES_MAX,
    )


def in_csv(report: Report) -> str:
    """Return all scenarios of a report as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_heading())
    for one in report.entries:
        writer.writerow(_cells(one))
    return "\ufeff" + text.getvalue()  # without the mark a spreadsheet takes another encoding


def _heading() -> Iterator[str]:
    yield from ("number", "day", "hour", "officer", "venue", "kind", "title", "policy", "causes")
    yield from ("verdict", "why", "accused")
    for name in MEASURES:
        yield from (name, f"{name}_s", f"{name}_limit_s")


def _cells(one: Entry) -> Iterator[str | int | float | None]:
    yield from (one.number, one.day)
    for text in (one.at, one.officer, one.venue, one.kind, one.title, one.policy, one.causes):
        yield safe(plain(text))
    yield VERDICT[one.verdict]
    yield safe(plain("; ".join(one.whys)))
    yield safe(plain("; ".join(one.accused)))
    for name in MEASURES:
        verdict, value_s, limit_s = one.measures[name]
        yield VERDICT[verdict]
        yield from (None if each is None else round(each, 3) for each in (value_s, limit_s))
