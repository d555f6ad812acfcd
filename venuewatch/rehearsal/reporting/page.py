"""HTML page of a report: one file that asks for nothing; names of others are text."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from venuewatch.rehearsal.reporting.entries import MOMENTS
from venuewatch.rehearsal.reporting.model import Report
from venuewatch.rehearsal.reporting.words import MEANING, plain, seconds

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
