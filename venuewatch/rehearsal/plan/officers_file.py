"""Reads the officers of a rehearsal from a file: TOML, or CSV of a spreadsheet."""

import csv
import re
from pathlib import Path
from typing import Annotated

import msgspec

from venuewatch.base.config import ConfigError, load, one_line, unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.refusals import convert, unknown
from venuewatch.rehearsal.plan.officers import Officer, OfficerName
from venuewatch.rehearsal.plan.terms import Hours, span

OFFICERS_MAX = 1_000

_COLUMNS = ("name", "role", "venues", "zone", "hours")


class OfficerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One officer as a file has it: a name, a role, or both."""

    name: OfficerName | None = None
    role: OfficerName | None = None
    venues: tuple[str, ...] = ()
    zone: str = ""
    hours: Hours | None = None

    def __post_init__(self) -> None:
        if self.name is None and self.role is None:
            raise ValueError("Expected `name` or `role`")
        if self.hours is not None:
            span(self.hours)


class _OfficersFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    officer: Annotated[
        tuple[OfficerEntry, ...], msgspec.Meta(min_length=1, max_length=OFFICERS_MAX)
    ]


def read_officers(path: Path) -> tuple[Officer, ...]:
    """Return the officers of a file; one that ends with ``.csv`` is CSV, any other TOML.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    if path.suffix.lower() == ".csv":
        return tuple(map(_officer, _of_csv(path)))
    return tuple(map(_officer, load(path, _OfficersFile).officer))


def _officer(entry: OfficerEntry) -> Officer:
    name = entry.name or entry.role or ""
    if entry.name and entry.role:
        name = f"{entry.name} ({entry.role})"
    return Officer(name=name, venues=entry.venues, zone=entry.zone, hours=entry.hours)


def _of_csv(path: Path) -> list[OfficerEntry]:
    """Read rows below a row of names; a comma or a semicolon stands between them."""
    try:
        text = read_regular(path, CONFIG_MAX).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8, got another byte at {error.start}") from None
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    heading = text.partition("\n")[0]
    delimiter = ";" if ";" in heading and "," not in heading else ","
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    entries: list[OfficerEntry] = []
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        _check_names(names)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            entries.append(_entry(names, row, rows.line_num))
    except (ValueError, csv.Error) as error:
        raise ConfigError(f"{one_line(path)}: {one_line(error)}") from None
    if not 1 <= len(entries) <= OFFICERS_MAX:
        raise ConfigError(
            f"{one_line(path)}: expected 1 to {OFFICERS_MAX} officers, got {len(entries)}"
        )
    return entries


def _check_names(names: list[str]) -> None:
    for name in names:
        if name not in _COLUMNS:
            raise ValueError(unknown("column", name, _COLUMNS, at="line 1"))
        if names.count(name) > 1:
            raise ValueError(f"expected each column once, got {name} twice at line 1")
    if not {"name", "role"} & set(names):
        raise ValueError("expected a column name or role at line 1")


def _entry(names: list[str], row: list[str], line: int) -> OfficerEntry:
    at = f"line {line}"
    if len(row) > len(names):
        raise ValueError(f"expected {len(names)} cells, got {len(row)} at {at}")
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip()}
    said: dict[str, object] = dict(cells)
    if "venues" in cells:
        said["venues"] = [code for code in re.split(r"[\s;,]+", cells["venues"]) if code]
    return convert(said, OfficerEntry, at=at)
