"""Runs one of our programs with a wall clock that a file sets.

``python clocked.py FILE MODULE ARGUMENTS…``: FILE has how far (s) its clock is ahead of this
machine's, also while it runs. The clock of the machine itself is never touched.
"""

import runpy
import sys
import time
from pathlib import Path

from venuewatch.base import clock


def main() -> None:
    """Replace the one place that asks for the time, and run the module."""
    ahead, module, *arguments = sys.argv[1:]
    path = Path(ahead)
    clock.wall = lambda: time.time() + float(path.read_text() or 0)  # noqa: TID251 - it shifts it
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
