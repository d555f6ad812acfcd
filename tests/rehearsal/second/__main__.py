"""Checks the report of a run that is there: ``python -m tests.rehearsal.second RUN``.

Every figure is made again from the run's file, and that is compared with each journal beside it.
What differs is a line; the exit code is 1 where anything does.
"""

import sys
from pathlib import Path

from tests.rehearsal.reporting.runs import report_of
from tests.rehearsal.second import figures, journal


def main() -> int:
    """Check, print, and return the exit code."""
    run = Path(sys.argv[1])
    found = figures.differences(report_of(run), run)
    beside = sorted(run.parent.glob(f"{run.name}.journal-*.db"))
    for kept in beside:
        offset_s = journal.offset_of(run, kept)
        found += [
            f"{kept.name}: {each}" for each in journal.differences(run, kept, offset_s=offset_s)
        ]
    for line in found:
        print(line)
    print(f"{len(found)} differences, {len(beside)} journals")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
