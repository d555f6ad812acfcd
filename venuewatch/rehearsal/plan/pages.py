"""Printable pages of a run sheet: one for each officer, one for each venue, and an index."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aggregator.inventory import Inventory
from venuewatch.base.config import one_line
from venuewatch.rehearsal.plan.sheet import RunSheet
from venuewatch.rehearsal.plan.table import Entry

_TEMPLATES = Path(__file__).parent / "templates"


class _Link(NamedTuple):
    path: str
    name: str
    rows: int


class _Day(NamedTuple):
    number: int
    date: str
    rows: list[Entry]


def pages(
    sheet: RunSheet, inventory: Inventory, rows: list[Entry], stories: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield each page: its path in the folder of the plan, and its text.

    ``stories`` are the officer's words of each kind, by name.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = one_line
    page = environment.get_template("page.html")
    known = {row.kind: stories.get(row.kind, "") for row in rows}
    links: dict[str, list[_Link]] = {"Officers": [], "Venues": []}
    for heading, path, name, theirs in _sheets(sheet, inventory, rows):
        links[heading].append(_Link(path, name, len(theirs)))
        yield (
            path,
            page.render(
                title=one_line(name),
                summary=f"{_counted(len(theirs), 'scenario')}; times are those of the venue.",
                is_officers=heading == "Officers",
                days=_days(theirs),
                stories=known,
            ),
        )
    index = environment.get_template("index.html")
    summary = (
        f"{_counted(len(rows), 'scenario')} on {_counted(sheet.settings.days, 'day')}, "
        f"seed {sheet.settings.seed}."
    )
    yield (
        "index.html",
        index.render(title="Run sheet of the rehearsal", summary=summary, lists=links.items()),
    )


def _sheets(
    sheet: RunSheet, inventory: Inventory, rows: list[Entry]
) -> Iterator[tuple[str, str, str, list[Entry]]]:
    by_officer = _grouped((row.officer, row) for row in rows)
    width = max(2, len(str(len(sheet.officers))))
    for number, officer in enumerate(sheet.officers, start=1):
        path = f"officers/{number:0{width}}.html"  # a name may be anything, a number never
        yield "Officers", path, officer.name, by_officer.get(officer.name, [])
    by_venue = _grouped((code, row) for row in rows for code in _venues_of(row))
    twins = Counter(venue.code.casefold() for venue in inventory.venue)
    for number, venue in enumerate(inventory.venue, start=1):
        is_unique = twins[venue.code.casefold()] == 1  # also where a file system ignores case
        stem = venue.code if is_unique else f"{venue.code}-{number}"
        yield (
            "Venues",
            f"venues/{stem}.html",
            f"{venue.code} {venue.name}".strip(),
            by_venue.get(venue.code, []),
        )


def _venues_of(row: Entry) -> list[str]:
    return [row.venue, *row.also_at.split()]


def _grouped(pairs: Iterable[tuple[str, Entry]]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for name, row in pairs:
        groups.setdefault(name, []).append(row)
    return groups


def _days(rows: list[Entry]) -> list[_Day]:
    ordered = sorted(rows, key=lambda row: row.day)
    return [
        _Day(number, theirs[0].date, theirs)
        for number, group in groupby(ordered, key=lambda row: row.day)
        if (theirs := list(group))
    ]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
