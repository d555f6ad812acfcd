"""Runs ``venuewatch rehearse clean``: finds and removes what live rehearsals have left."""

import argparse
import sys

from venuewatch.base.config import USAGE_ERROR
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import require
from venuewatch.terminal import output

LEFT = 1

_SUMMARY = """\
What a live rehearsal has left on this machine: processes, mounts, folders of temporary files and
network namespaces that bear the name of a run whose process is gone. A rehearsal that ends,
however it ends, leaves nothing, unless it was killed together with its guardian. Nothing else is
touched, and nothing of a rehearsal that runs.
"""
_EXAMPLES = """\
examples:
  sudo venuewatch rehearse clean
      remove what is left, and say what that was
  sudo venuewatch rehearse clean --dry-run
      only say it

exit code: 0 nothing is left, 1 something is, 2 this can't be asked here: one line says why
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("--dry-run", action="store_true", help="remove nothing")


def run(options: argparse.Namespace) -> int:
    """Find, remove, print, and return the exit code."""
    try:
        require()
        found = leftovers.find()
    except StageError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    failed = [] if options.dry_run else leftovers.remove(found)
    still = found if options.dry_run else leftovers.find()
    with output.reader_may_leave():
        for left in found:
            print(f"{'left' if left in still else 'removed'}: {left}")
        if not found:
            print("nothing is left of any rehearsal")
    for text in failed:
        print(f"not removed: {text}", file=sys.stderr)
    return LEFT if still else 0
