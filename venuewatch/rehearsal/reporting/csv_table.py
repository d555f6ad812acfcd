"""CSV of a report: a line for each scenario; no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterator

from venuewatch.rehearsal.plan.table import safe
from venuewatch.rehearsal.reporting.model import Entry, Report
from venuewatch.rehearsal.reporting.words import VERDICT, plain
from venuewatch.rehearsal.score.marks import MEASURES


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
