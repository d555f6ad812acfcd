"""Runs ``venuewatch rehearse abort``: heals everything of a run, and forbids that more begins."""

import argparse
import sys
from pathlib import Path

from venuewatch.base import clock
from venuewatch.base.config import USAGE_ERROR
from venuewatch.rehearsal.runfile.database import RunFileError
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.stage.guardian import abort
from venuewatch.rehearsal.stage.leftovers import FAMILY
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import guardian_of

NOT_HEALED = 1

_SUMMARY = """\
Undoes every fault of a run, and lets none begin any more, whoever plays it and in whatever state
that process is: it asks the guardian of the run. The run goes on only by
`venuewatch rehearse run --resume --allow`. An abort takes less than two seconds, and may be said
again.
"""
_EXAMPLES = """\
examples:
  sudo venuewatch rehearse abort run.sqlite
      the button for the case that something real happens
  sudo venuewatch rehearse abort run.sqlite --why "real failure at STA"
      the reason is kept in the run's file

exit code: 0 nothing is broken any more, 1 something may be, or may begin: a line says what, 2 not
the file of a run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("run_file", metavar="RUN", type=Path, help="the file of a run")
    parser.add_argument("--why", metavar="TEXT", default="", help="kept in the run's file")


def run(options: argparse.Namespace) -> int:
    """Heal, forbid, print, and return the exit code."""
    begin = clock.monotonic()
    failed: list[str] = []
    not_written = ""
    count = 0
    try:
        with RunFile.open(options.run_file) as file:
            for stage in stages_of(file):
                try:
                    undone = abort(guardian_of(stage))
                except StageError as error:
                    failed.append(str(error))
                    continue
                if undone is not None:
                    failed += undone.failed
                    count += len(undone.numbers) - len(undone.failed)
            try:
                file.abort(options.why)
            except RunFileError as error:
                not_written = str(error)
    except RunFileError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    for text in failed:
        print(f"not undone: {text}", file=sys.stderr)
    if not_written:
        print(f"not forbidden: {not_written}", file=sys.stderr)
    print(
        f"aborted: {count} faults undone in {clock.monotonic() - begin:.1f} s"
        + ("" if not_written else "; nothing begins until it is allowed again")
    )
    return NOT_HEALED if failed or not_written else 0


def stages_of(file: RunFile) -> list[str]:
    """Return the stages that scenarios of a run are played on, by the names of its worlds."""
    worlds = {played.world for played in file.scenarios() if played.state == "begun"}
    return sorted(world for world in worlds if world.startswith(FAMILY))
