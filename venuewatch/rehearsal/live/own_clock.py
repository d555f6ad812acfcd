"""A wall clock that is set from outside, for one of our programs: not the machine's own.

``python own_clock.py FILE MODULE ARGUMENTS…`` runs a module by it: FILE has how far (s) its clock
is ahead of this machine's, also while it runs. The clock of the machine is never touched.
"""

import runpy
import sys
import time
from pathlib import Path

from venuewatch.base import clock
from venuewatch.rehearsal.live.programs import Process


class Clock:
    """A clock in the file ``path``: how far (s) it is ahead of the machine's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0.0)

    def set(self, ahead_s: float) -> None:
        """Let it be so far (s) ahead from now on."""
        other = self.path.with_suffix(".new")
        other.write_text(str(ahead_s))
        other.replace(self.path)

    def wear(self, process: Process) -> None:
        """Have one of our programs run by this clock, from its next start on.

        Raises:
            ValueError: it is none of ours, or runs by a clock of its own already.
        """
        process.run_through("-I", __file__, str(self.path))


def main() -> None:
    """Replace the one place that asks for the time, and run the module."""
    ahead, module, *arguments = sys.argv[1:]
    path = Path(ahead)
    clock.wall = lambda: time.time() + float(path.read_text() or 0)  # noqa: TID251 - it shifts it
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
