"""A wall clock that is set from outside, for one of our programs: not the machine's own."""

from pathlib import Path

from venuewatch.rehearsal.live import clocked
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
        process.run_through("-I", clocked.__file__, str(self.path))
