"""Runs ``venuewatch rehearse list``: the kinds of scenarios, or the rows of a run sheet."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from aggregator.inventory import Inventory
from venuewatch.base.config import USAGE_ERROR, ConfigError, one_line
from venuewatch.base.refusals import unknown
from venuewatch.rehearsal.kinds.choosing import CannotPlay
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.resolve import resolve
from venuewatch.rehearsal.plan import catalogue, folder
from venuewatch.rehearsal.plan.sheet import Row, RunSheet, check_fleet
from venuewatch.rehearsal.plan.table import entries
from venuewatch.rehearsal.plan.terms import PlanError
from venuewatch.rehearsal.scenario import MODES, Scenario
from venuewatch.terminal import cells, output, style
from venuewatch.terminal.style import Line

_SUMMARY = """\
Without PLAN: every kind of scenario, in which modes it can be played, what the monitor has to say
of it and within how many seconds at a venue of the fleet, and which policy it tests. A kind that
can't be played here has its reason.

With PLAN, a folder of `venuewatch rehearse plan` or its plan.toml: the rows of the run sheet.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse list
      all kinds
  venuewatch rehearse list --mode live
      kinds that can be played with real agents
  venuewatch rehearse list plan --venue STA
      what is planned for one venue; --officer and --kind narrow it, too
  venuewatch rehearse list plan --json
      every row with all that is ordered and expected, for a program

exit code: 0 listed, 2 a file is of no use: one line says where and what was expected.
"""


_TABLE_FROM = 140  # cells
_INDENT = "    "


class _KindRow(NamedTuple):
    """A kind for people; ``reason``: why it can't be played here, "" if it can."""

    kind: Kind
    causes: tuple[str, ...]
    detect_within_s: float | None
    reason: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add("plan", nargs="?", type=Path, metavar="PLAN", help="a run sheet; without it, the kinds")
    add("--kind", metavar="NAME", help="only this kind")
    add("--mode", choices=MODES, help="only what can be played so")
    add("--venue", metavar="CODE", help="of a plan: only this venue")
    add("--officer", metavar="NAME", help="of a plan: only this officer")
    catalogue.add_arguments(parser)
    add("--json", action="store_true", help="for a program")


def run(options: argparse.Namespace) -> int:
    """Print what is asked for; return the exit code."""
    try:
        inventory = catalogue.read_fleet(options)
        if options.plan is None:
            _list_kinds(options, inventory)
        else:
            _list_rows(options, inventory)
    except (ConfigError, PlanError) as error:
        print(error, file=sys.stderr)
        return error.exit_code if isinstance(error, ConfigError) else USAGE_ERROR
    return 0


# Kinds


def _list_kinds(options: argparse.Namespace, inventory: Inventory) -> None:
    if options.venue is not None or options.officer is not None:
        raise PlanError("list", "expected PLAN, 1 run sheet, with --venue or --officer")
    kinds = catalogue.read_catalogue(options, inventory)
    if options.kind is not None:
        _refuse_unknown("kind", options.kind, kinds)
        kinds = {options.kind: kinds[options.kind]}
    chosen = [each for each in kinds.values() if options.mode in {None, *each.modes}]
    left_out = catalogue.select(chosen, inventory, mode=options.mode, has_waiting=False).left_out
    rows = [_kind_row(kind, inventory, left_out.get(kind.name, "")) for kind in chosen]
    if options.json:
        output.show([json.dumps([_kind_data(row) for row in rows], indent=1)])
        return
    heading = ("KIND", "MODE", "CAUSE", "WITHIN", "POLICY", "TITLE")
    _print(heading, [_kind_cells(row) for row in rows], [bool(row.reason) for row in rows])


def _kind_row(kind: Kind, inventory: Inventory, reason: str) -> _KindRow:
    causes = tuple(dict.fromkeys(cause for one in kind.file.expected for cause in one.causes))
    if reason or kind.file.nothing:
        return _KindRow(kind, causes, None, reason)
    scenario = _anywhere(kind, inventory)
    bounds = [one.detect_within_s for one in scenario.expected] if scenario else []
    return _KindRow(kind, causes, max(bounds, default=None), reason)


def _anywhere(kind: Kind, inventory: Inventory) -> Scenario | None:
    """Return a scenario of a kind at the first venue that can play it."""
    for venue in inventory.venue:
        try:
            return resolve(kind, inventory, number=1, venue=venue.code, seed=1)
        except CannotPlay:
            continue
    return None


def _kind_cells(row: _KindRow) -> tuple[str, ...]:
    causes = ", ".join(row.causes) or "no alarm"
    within = "" if row.detect_within_s is None else f"{row.detect_within_s:g} s"
    title = f"{row.kind.file.title} ({row.reason})" if row.reason else row.kind.file.title
    modes = " ".join(row.kind.modes) or "none"
    return row.kind.name, modes, causes, within, row.kind.file.policy, title


def _kind_data(row: _KindRow) -> dict[str, object]:
    file = row.kind.file
    return {
        "kind": row.kind.name,
        "title": file.title,
        "modes": row.kind.modes,
        "causes": row.causes,
        "detect_within_s": row.detect_within_s,
        "policy": file.policy,
        "expects_nothing": file.nothing,
        "nothing_done": not file.step,
        "runs_alone": row.kind.runs_alone,
        "reason": row.reason,
        "source": file.source,
    }


# Rows of a run sheet


def _list_rows(options: argparse.Namespace, inventory: Inventory) -> None:
    sheet = folder.read(options.plan)
    check_fleet(sheet, inventory)
    _refuse_unknown("venue", options.venue, {venue.code for venue in inventory.venue})
    _refuse_unknown("officer", options.officer, {officer.name for officer in sheet.officers})
    _refuse_unknown("kind", options.kind, {row.scenario.kind for row in sheet.rows})
    chosen = [row for row in sheet.rows if _is_asked_for(row, options)]
    if options.json:
        output.show([json.dumps(msgspec.to_builtins(chosen), indent=1)])
        return
    shown = msgspec.structs.replace(sheet, rows=tuple(chosen))
    heading = ("NO", "DAY", "TIME", "VENUE", "OFFICER", "KIND", "EXPECTED")
    _print(heading, _row_cells(shown, inventory), [row.scenario.runs_alone for row in chosen])


def _is_asked_for(row: Row, options: argparse.Namespace) -> bool:
    scenario = row.scenario
    return (
        options.venue in {None, *scenario.venues}
        and options.officer in {None, row.officer}
        and options.kind in {None, scenario.kind}
        and options.mode in {None, *scenario.modes}
    )


def _row_cells(sheet: RunSheet, inventory: Inventory) -> list[tuple[str, ...]]:
    return [
        (
            str(row.number),
            row.date or str(row.day),
            f"{row.starts}-{row.ends}",
            f"{row.venue} +{len(others)}" if (others := row.also_at.split()) else row.venue,
            row.officer,
            row.kind,
            row.expects,
        )
        for row in entries(sheet, inventory)
    ]


def _refuse_unknown(what: str, word: str | None, known: Iterable[str]) -> None:
    if word is not None and word not in set(known):
        raise PlanError(what, unknown(what, word, known))


def _print(heading: tuple[str, ...], rows: list[tuple[str, ...]], is_quiet: list[bool]) -> None:
    """Print a table, or blocks where it is narrow; ``is_quiet``: a row is printed dim."""
    screen = style.screen()
    shown = [tuple(map(one_line, row)) for row in rows]
    lines: list[Line] = []
    if screen.width >= _TABLE_FROM:
        first, *texts = cells.table([heading, *shown], screen.width)
        lines += [Line(text, "bold") for text in first]
    else:
        texts = [_block(row, screen.width) for row in shown]
    for row, is_dim in zip(texts, is_quiet, strict=True):
        lines += [Line(text, "dim" if is_dim else "") for text in row]
    output.show(style.painted(lines, has_colours=screen.has_colours))


def _block(row: tuple[str, ...], width: int) -> list[str]:
    *first, last = row
    return [
        *cells.folded("  ".join(filter(None, first)), width, indent=_INDENT),
        *(_INDENT + text for text in cells.folded(last, width - len(_INDENT))),
    ]
