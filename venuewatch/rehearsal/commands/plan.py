"""Runs ``venuewatch rehearse plan``: makes the run sheet of a rehearsal, and writes it."""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aggregator.inventory import Inventory
from venuewatch.base.config import USAGE_ERROR, ConfigError
from venuewatch.base.options import whole
from venuewatch.rehearsal.plan import catalogue, folder
from venuewatch.rehearsal.plan.officers import Officer, made
from venuewatch.rehearsal.plan.officers_file import OFFICERS_MAX, read_officers
from venuewatch.rehearsal.plan.planner import plan
from venuewatch.rehearsal.plan.sheet import (
    DAYS_MAX,
    SCENARIOS_MAX,
    RunSheet,
    Settings,
    digest_of_sheet,
)
from venuewatch.rehearsal.plan.slots import first_at
from venuewatch.rehearsal.plan.terms import PlanError, length_s, span
from venuewatch.rehearsal.scenario import MODES
from venuewatch.terminal import output

T = TypeVar("T")

_SEED_MAX = 2**53
_SUMMARY = """\
The run sheet of a rehearsal: which scenario, at which venue, when, and begun by which officer.
A venue plays one scenario at a time. An officer is in one place, within the working hours of the
venue's time zone. A scenario that hits the centre runs alone. Every kind that can be played and
every venue is there, and about a fifth (18 to 24 %) expects no alarm.

It is written as a folder: plan.toml for the rehearsal, plan.csv for a spreadsheet, and pages to
print: index.html, one page an officer, one page a venue. Teams that rehearse must not read them.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse plan --seed 2024
      1,400 scenarios of the standard fleet (39 venues, 7 hosts each), 83 officers, 5 days
  venuewatch rehearse plan --inventory inventory.toml --officers officers.csv --out june
      your venues and your officers; a row has a name or a role, venues, zone and hours
  venuewatch rehearse plan --scenarios 120 --days 1 --officers 12 --first-day 2027-05-31
      one day; with a date on every page, and the clocks as they are set on it
  venuewatch rehearse list plan
      what is in it

exit code: 0 written, 2 the plan can't be made: the line says which constraint is not met, and the
number that could meet it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        default=Path("plan"),
        metavar="FOLDER",
        help="where it is written (plan); a new folder",
    )
    add("--replace", action="store_true", help="write over a plan that is there already")
    catalogue.add_arguments(parser)
    add(
        "--officers",
        default="83",
        metavar="N|FILE",
        help="how many (83), named by number and spread over the time zones as venues are; or a "
        "file, .toml or .csv",
    )
    add(
        "--scenarios",
        type=whole(1, SCENARIOS_MAX),
        default=1400,
        metavar="N",
        help="exactly so many (1400)",
    )
    add("--days", type=whole(1, DAYS_MAX), default=5, metavar="N", help="days in a row (5)")
    add(
        "--slot",
        type=_as_option(length_s),
        default=1_200,
        metavar="LENGTH",
        help="the time that one scenario has (20m)",
    )
    add(
        "--hours",
        type=_as_option(_hours),
        default="08:00-20:00",
        metavar="FROM-TO",
        help="working hours by the clock of each venue (08:00-20:00)",
    )
    add(
        "--first-day",
        type=_as_option(_first_day),
        default="",
        metavar="DATE",
        help="as 2027-05-31; without it days are numbers, and clocks as they are in May",
    )
    add(
        "--seed",
        type=whole(0, _SEED_MAX),
        metavar="N",
        help="make the same plan again; without it, any, and printed",
    )
    add("--mode", choices=MODES, help="only kinds that can be played so; without it, in any mode")
    add(
        "--waiting",
        action="store_true",
        help="also plan kinds that wait for something that is not there yet",
    )
    add("--json", action="store_true", help="the summary for a program")


def run(options: argparse.Namespace) -> int:
    """Make the plan and write it; return the exit code."""
    try:
        sheet, left_out = _write(options)
    except (ConfigError, PlanError) as error:
        print(error, file=sys.stderr)
        return error.exit_code if isinstance(error, ConfigError) else USAGE_ERROR
    summary = _summary(sheet, left_out, options.out)
    output.show([json.dumps(summary, indent=1)] if options.json else _lines(summary))
    return 0


def _write(options: argparse.Namespace) -> tuple[RunSheet, dict[str, str]]:
    folder.check_place(options.out, may_replace=options.replace)
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    inventory = catalogue.read_fleet(options)
    kinds = catalogue.read_catalogue(options, inventory)
    selection = catalogue.select(
        kinds.values(), inventory, mode=options.mode, has_waiting=options.waiting
    )
    settings = Settings(
        scenarios=options.scenarios,
        days=options.days,
        slot_s=options.slot,
        hours=options.hours,
        seed=seed,
        first_day=options.first_day,
    )
    sheet = plan(
        settings,
        inventory,
        _officers(options.officers, inventory, seed),
        selection.candidates,
        catalogue.resolver(kinds, inventory),
    )
    stories = {name: kind.file.story for name, kind in kinds.items()}
    folder.write(options.out, sheet, inventory, stories, may_replace=options.replace)
    return sheet, selection.left_out


def _officers(said: str, inventory: Inventory, seed: int) -> tuple[Officer, ...]:
    if not said.isascii() or not said.isdigit():
        return read_officers(Path(said))
    if len(said) > len(str(OFFICERS_MAX)) or not 1 <= int(said) <= OFFICERS_MAX:
        raise PlanError("officers", f"expected 1 to {OFFICERS_MAX} or a file, got {said[:40]}")
    return made(int(said), inventory.venue, random.Random(seed))


def _summary(sheet: RunSheet, left_out: dict[str, str], out: Path) -> dict[str, object]:
    scenarios = [row.scenario for row in sheet.rows]
    loads = Counter({officer.name: 0 for officer in sheet.officers})
    loads.update(row.officer for row in sheet.rows)
    quiet = [each for each in scenarios if each.expects_nothing]
    return {
        "folder": str(out),
        "plan": digest_of_sheet(sheet),
        "seed": sheet.seed,
        "scenarios": len(scenarios),
        "days": sheet.settings.days,
        "venues": len({each.venue for each in scenarios}),
        "kinds": len({each.kind for each in scenarios}),
        "officers": len(sheet.officers),
        "fewest": min(loads.values()),
        "most": max(loads.values()),
        "expect_no_alarm": len(quiet),
        "nothing_done": sum(not each.orders for each in quiet),
        "alone": sum(each.runs_alone for each in scenarios),
        "left_out": left_out,
    }


def _lines(said: dict[str, object]) -> list[str]:
    lines = [
        "{scenarios:,} scenarios of {kinds} kinds on {days} days, seed {seed}",
        "{venues} venues, {officers} officers with {fewest} to {most} scenarios each",
        "{expect_no_alarm:,} expect no alarm, and in {nothing_done:,} of them nothing is done",
        "{alone:,} hit the centre and run alone",
    ]
    if said["left_out"]:
        lines.append("some kinds are left out: `venuewatch rehearse list` says why")
    lines.append("written to {folder}: plan.toml, plan.csv, and index.html to print")
    return [line.format_map(said) for line in lines]


def _as_option(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Return a type of option that is refused in the words of ``parse``."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except (ValueError, PlanError) as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parsed


def _hours(text: str) -> str:
    span(text)
    return text


def _first_day(text: str) -> str:
    first_at(text)
    return text
