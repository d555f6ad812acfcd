"""A wall clock that the test sets, for one of our programs; the machine's own is not touched."""

from pathlib import Path

from tests.integration.real import Process
from tests.kit import clocked


class Clock:
    """A clock that the test sets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0.0)

    def set(self, ahead_s: float) -> None:
        other = self.path.with_suffix(".new")
        other.write_text(str(ahead_s))
        other.replace(self.path)

    def wear(self, process: Process) -> None:
        """Have one of our programs run by this clock, from its next start on."""
        python, isolated, dash_m, module, *arguments = process._command  # noqa: SLF001
        assert (isolated, dash_m) == ("-I", "-m")
        process._command = (  # noqa: SLF001
            *(python, "-I", clocked.__file__, str(self.path)),
            *(module, *arguments),
        )
