"""A service of a live host: a program that runs, and does nothing."""

from collections.abc import Sequence

from venuewatch.rehearsal.live.programs import Process, program
from venuewatch.rehearsal.live.watched.thing import Settings, Site, Thing
from venuewatch.rehearsal.stage.machine import Machine

_PROGRAM = "sleep"


class Service(Thing):
    """A program, and the file with its number. The agent finds it by both, and asks of no other."""

    KIND = "process"

    def __init__(self, check: str, site: Site) -> None:
        super().__init__(check, site)
        self._pid_file = site.folder / f"{check}.pid"  # that of a program with a guard
        self.process = Process(site.folder, check, program(_PROGRAM), "infinity").guard()

    @property
    def settings(self) -> Sequence[Settings]:
        """The check."""
        return [
            {
                "kind": self.KIND,
                "name": self.check,
                "program": _PROGRAM,
                "pid_file": str(self._pid_file),
            }
        ]

    def start(self, machine: Machine) -> None:
        """Start it on its host's machine."""
        self.stop()
        self.process.at(machine)
        self.heal()

    def stop(self) -> None:
        """End it at once."""
        if self.process.is_running:
            self.process.kill()

    def heal(self) -> None:
        """Start it again if it does not run."""
        if not self.process.is_running:
            self.process.start()

    def close(self) -> None:
        """End it."""
        self.stop()
