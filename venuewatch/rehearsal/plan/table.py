"""Rows of a run sheet for people: times by the venue's clock, and a CSV that is safe to open."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from aggregator.inventory import Inventory
from venuewatch.base.config import one_line
from venuewatch.base.times import offset_s, zone_of
from venuewatch.rehearsal.plan.sheet import Row, RunSheet
from venuewatch.rehearsal.plan.slots import first_at
from venuewatch.rehearsal.plan.terms import clock
from venuewatch.rehearsal.scenario import Scenario

_FORMULA: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_AFTER_SEMICOLON: Final = re.compile(r"(;\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


class Entry(NamedTuple):
    """One row in words; ``date`` is "" where a plan's days are numbers only."""

    number: int
    day: int
    date: str
    starts: str
    ends: str
    zone: str
    starts_utc: str
    venue: str
    venue_name: str
    also_at: str
    officer: str
    kind: str
    title: str
    policy: str
    expects: str
    modes: str
    alone: str


def entries(sheet: RunSheet, inventory: Inventory) -> list[Entry]:
    """Return the rows of a run sheet in words, in their order."""
    venues = {venue.code: venue for venue in inventory.venue}
    begin = first_at(sheet.settings.first_day)
    found = []
    for row in sheet.rows:
        venue = venues[row.scenario.venue]
        ahead_s = offset_s(zone_of(venue.timezone) or dt.UTC, begin + row.starts_at)
        found.append(_entry(row, venue.name, venue.timezone, ahead_s, sheet.settings.first_day))
    return found


def in_csv(rows: list[Entry]) -> str:
    """Return rows as a table for spreadsheets; no cell is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(Entry._fields)
    writer.writerows([safe(str(cell)) for cell in row] for row in rows)
    return text.getvalue()


def safe(text: str) -> str:
    """Return a text as a cell that a spreadsheet shows, and never computes.

    In many countries a spreadsheet takes a semicolon, too, for the end of a cell.
    """
    shown = _AFTER_SEMICOLON.sub(r"\1'", one_line(text))
    return f"'{shown}" if shown.lstrip()[:1] in _FORMULA and shown.strip() else shown


def _entry(row: Row, venue_name: str, zone: str, ahead_s: int, first_day: str) -> Entry:
    scenario = row.scenario
    return Entry(
        number=scenario.number,
        day=row.day,
        date=_date(first_day, row.day),
        starts=clock(row.starts_at + ahead_s),
        ends=clock(row.ends_at + ahead_s),
        zone=zone,
        starts_utc=clock(row.starts_at),
        venue=scenario.venue,
        venue_name=venue_name,
        also_at=" ".join(scenario.venues[1:]),
        officer=row.officer,
        kind=scenario.kind,
        title=scenario.title,
        policy=scenario.policy,
        expects="; ".join(_expectations(scenario)),
        modes=" ".join(scenario.modes),
        alone="yes" if scenario.runs_alone else "",
    )


def _date(first_day: str, day: int) -> str:
    if not first_day:
        return ""
    return (dt.date.fromisoformat(first_day) + dt.timedelta(days=day - 1)).isoformat()


def _expectations(scenario: Scenario) -> Iterator[str]:
    if scenario.expects_nothing:
        yield "no alarm"
    for expected in scenario.expected:
        causes = " or ".join(expected.causes)
        yield f"{causes} of {expected.subject} within {expected.detect_within_s:g} s"
