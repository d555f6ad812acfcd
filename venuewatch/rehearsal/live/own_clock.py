"""A wall clock that is set from outside, for one of our programs: not the machine's own.

``python own_clock.py FILE MODULE ARGUMENTS…`` runs a module by it: FILE has how far (s) its clock
is ahead of this machine's, also while it runs. The clock of the machine is never touched. This file
imports little, since every agent of a stage runs by it.
"""

import math
import runpy
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from venuewatch.base import clock

_READ_EVERY_S: Final = 0.02


class Clock:
    """A clock in the file ``path``: how far (s) it is ahead of the machine's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0.0)

    @property
    def words(self) -> tuple[str, ...]:
        """The words by which Python runs a module by this clock: for ``Process.run_through``."""
        return ("-I", __file__, str(self.path))

    @property
    def undo(self) -> tuple[str, ...]:
        """The command that sets it right."""
        path = shlex.quote(str(self.path))
        return ("sh", "-c", f"[ ! -e {path} ] || printf 0 > {path}")

    def set(self, ahead_s: float) -> None:
        """Let it be so far (s) ahead from now on."""
        other = self.path.with_suffix(".new")
        other.write_text(str(ahead_s))
        other.replace(self.path)


def shifted_by(path: Path) -> Callable[[], float]:
    """Return the machine's wall clock, ahead of it as the file says."""
    read_at, ahead_s = -math.inf, 0.0

    def wall() -> float:
        nonlocal read_at, ahead_s
        now = clock.monotonic()
        if now - read_at >= _READ_EVERY_S:
            read_at, ahead_s = now, float(path.read_text() or 0)
        return time.time() + ahead_s  # noqa: TID251 - it shifts it

    return wall


def main() -> None:
    """Replace the one place that asks for the time, and run the module."""
    ahead, module, *arguments = sys.argv[1:]
    clock.wall = shifted_by(Path(ahead))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
