"""Runs ``venuewatch rehearse replay``: plays one scenario of a run again, by itself."""

import argparse
import json
import sys
from pathlib import Path

from aggregator.inventory import Inventory
from venuewatch.base.config import USAGE_ERROR, ConfigError, one_line
from venuewatch.base.options import whole
from venuewatch.rehearsal.plan import catalogue
from venuewatch.rehearsal.playing.simulated import PlayedWorld, play_world
from venuewatch.rehearsal.playing.worlds import world_of
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.runfile.rows import Notice, Seen, Step, Witness
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.terminal import output

_NUMBER_MAX = 10**6
_SUMMARY = """\
Plays one scenario of a run again in a small simulated world, by its own seed: the same comes of it
each time. It prints what was done, what the witness saw and what the monitor said, by time (s)
since the scenario began. Nothing is written.
"""
_EXAMPLES = """\
examples:
  venuewatch rehearse replay plan/run.sqlite 217
      scenario 217, on its own

exit code: 0 played, 2 a file or a number can not be used
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("run_file", metavar="RUN", type=Path, help="the file of a run")
    parser.add_argument("number", metavar="N", type=whole(1, _NUMBER_MAX), help="of a scenario")
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="the one that the plan was made for; without it the standard fleet",
    )
    parser.add_argument("--json", action="store_true", help="for a program")


def run(options: argparse.Namespace) -> int:
    """Play, print, and return the exit code."""
    try:
        inventory = catalogue.read_fleet(options)
        scenario = _scenario(options.run_file, options.number, inventory)
    except (ConfigError, RunFileError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    played = play_world(world_of(scenario, inventory), inventory)
    with output.reader_may_leave():
        if options.json:
            print(json.dumps(_as_data(scenario, played)))
        else:
            print(f"{scenario.kind} at {', '.join(scenario.venues)}: {played.endings[0].state}")
            for at, what in _lines(played):
                print(f"{at:8.2f}  {what}")
    return 0


def _scenario(path: Path, number: int, inventory: Inventory) -> Scenario:
    """Return a scenario of a run.

    Raises:
        ConfigError: the run has no such number, or it is at a venue that the inventory has not.
        RunFileError: the file can not be read.
    """
    with RunFile.read(path) as file:
        numbered = {each.scenario.number: each.scenario for each in file.scenarios()}
    scenario = numbered.get(number)
    if scenario is None:
        raise ConfigError(
            f"{one_line(path)}: expected the number of one of its {len(numbered)} scenarios, got "
            f"{number}"
        )
    unknown = set(scenario.venues) - {venue.code for venue in inventory.venue}
    if unknown:
        raise ConfigError(
            f"{one_line(path)}: scenario {number} is at {min(unknown)!r}, which the inventory does "
            f"not have"
        )
    return scenario


def _as_data(scenario: Scenario, played: PlayedWorld) -> dict[str, object]:
    return {
        "number": scenario.number,
        "kind": scenario.kind,
        "state": played.endings[0].state,
        "lines": [{"at": round(at, 3), "what": what} for at, what in _lines(played)],
    }


def _lines(played: PlayedWorld) -> list[tuple[float, str]]:
    """Return what happened by time (s) since the scenario began."""
    began_at = played.endings[0].began_at
    found: list[tuple[float, str]] = []
    last: dict[str, str] = {}
    for row in played.rows:
        match row:
            case Step():
                found.append((row.at, f"step {row.step}: {row.what}"))
            case Witness():
                if last.get(row.step) != row.sees:
                    found.append((row.at, f"witness of {row.step}: {row.sees}"))
                last[row.step] = row.sees
            case Seen():
                found.append(
                    (row.at, f"incident {row.incident} {row.change}: {row.subject} {row.cause}")
                )
            case Notice():
                found.append(
                    (row.at, f"notice of incident {row.incident}: {row.change} {row.cause}")
                )
    found.sort(key=lambda one: one[0])
    return [(at - began_at, what) for at, what in found]
