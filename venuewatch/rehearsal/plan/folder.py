"""Writes a run sheet as a folder, and reads it again.

``plan.toml`` is the plan. ``plan.csv`` and the pages are for people: nothing reads them. A folder
is written whole beside its place, and then moved there.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from aggregator.inventory import Inventory
from venuewatch.base.config import ConfigError, one_line, read_toml, unusable
from venuewatch.base.in_toml import in_toml
from venuewatch.base.refusals import convert
from venuewatch.rehearsal.kinds.rules import refuse_no_number
from venuewatch.rehearsal.plan.pages import pages
from venuewatch.rehearsal.plan.sheet import RunSheet, check, check_version
from venuewatch.rehearsal.plan.table import entries, in_csv
from venuewatch.rehearsal.plan.terms import PlanError

PLAN: Final = "plan.toml"
TABLE: Final = "plan.csv"

_HEADING = """\
# The run sheet of a rehearsal, made by `venuewatch rehearse plan`. Moments are seconds from 00:00
# UTC of the first day; those of a scenario are seconds from its begin. docs/rehearsal/planning.md
"""


def read(path: Path) -> RunSheet:
    """Read and check a run sheet: the folder of a plan, or its TOML file.

    Raises:
        ConfigError: one line with the file, the place in it, and what was expected.
    """
    file = path / PLAN if path.is_dir() else path
    content = read_toml(file)
    try:
        check_version(content.get("version"))
        refuse_no_number(content)
        sheet = convert(content, RunSheet)
        check(sheet)
    except (ValueError, RecursionError, PlanError) as error:
        raise ConfigError(f"{one_line(file)}: {one_line(error)}") from None
    return sheet


def write(
    folder: Path,
    sheet: RunSheet,
    inventory: Inventory,
    stories: Mapping[str, str],
    *,
    may_replace: bool = False,
) -> None:
    """Write a run sheet as a folder; one with a plan in it is replaced only where that is wanted.

    Raises:
        ConfigError: there is something already, or it can't be written.
    """
    check_place(folder, may_replace=may_replace)
    try:
        folder = folder.resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            made.chmod(0o755)
            for name, text in _files(sheet, inventory, stories):
                target = made / name
                target.parent.mkdir(exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="")
            _move(made, folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except (OSError, ValueError) as error:
        raise unusable(folder, error) from None


def check_place(folder: Path, *, may_replace: bool) -> None:
    """Check that a plan may be written to a place.

    Raises:
        ConfigError: there is something that it would destroy.
    """
    try:
        if not folder.exists():
            return
        names = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
        if not folder.is_dir():
            why = "expected a folder, or none yet, got another kind of file"
        elif names and PLAN not in names:
            why = f"expected a new folder, or one with {PLAN}, got one with other files"
        elif names and not may_replace:
            why = "there is a plan already: take another folder, or --replace"
        else:
            return
    except (OSError, ValueError) as error:
        raise unusable(folder, error) from None
    raise ConfigError(f"{one_line(folder)}: {why}")


def text_of_plan(sheet: RunSheet) -> str:
    """Return a run sheet as TOML; what is as usual is left out."""
    return _HEADING + "\n".join(_lines(sheet)) + "\n"


def _files(
    sheet: RunSheet, inventory: Inventory, stories: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    rows = entries(sheet, inventory)
    yield PLAN, text_of_plan(sheet)
    yield TABLE, "\ufeff" + in_csv(rows)  # without the mark a spreadsheet takes another encoding
    yield from pages(sheet, inventory, rows, stories)


def _move(made: Path, folder: Path) -> None:
    if not folder.exists():
        made.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    old.rmdir()
    folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        with contextlib.suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _lines(sheet: RunSheet) -> Iterator[str]:
    yield f"version = {sheet.version}"
    yield f"inventory = {in_toml(sheet.inventory)}"
    yield "\n[settings]"
    yield from _pairs(_sparse(sheet.settings))
    for officer in sheet.officers:
        yield "\n[[officers]]"
        yield from _pairs(_sparse(officer))
    for row in sheet.rows:
        said = _sparse(row)
        scenario = said.pop("scenario")
        assert isinstance(scenario, dict)  # noqa: S101 - a struct is sparse as a dict
        yield "\n[[rows]]"
        yield from _pairs(said)
        yield "[rows.scenario]"
        yield from _pairs(scenario)


def _pairs(said: Mapping[str, object]) -> Iterable[str]:
    return (f"{name} = {in_toml(value)}" for name, value in said.items())


def _sparse(struct: msgspec.Struct) -> dict[str, object]:
    """Return the fields of a struct that are not as usual."""
    said = ((name, getattr(struct, name), usual) for name, usual in _usual(type(struct)))
    return {name: _plain(it) for name, it, usual in said if it is not None and it != usual}


@cache
def _usual(kind: type[msgspec.Struct]) -> tuple[tuple[str, object], ...]:
    """Return the fields of a struct, each with what it usually is; a field may have no such."""
    return tuple(
        (
            field.name,
            field.default
            if field.default_factory is msgspec.NODEFAULT
            else field.default_factory(),
        )
        for field in msgspec.structs.fields(kind)
    )


def _plain(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return _sparse(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
