"""Contract of a thing that a check of a live host looks at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import Machine
from venuewatch.rehearsal.stage.network import Lan

Settings = Mapping[str, object]


class Site(NamedTuple):
    """Where a check looks from: its host, the ``number`` of that, and a folder for its things."""

    venue: VenueEntry
    host: HostEntry
    lan: Lan
    number: int
    folder: Path

    @property
    def machine(self) -> Machine:
        """The machine that stands in the place of the host now."""
        return self.lan.hosts[self.number]


class Thing:
    """What a check of the kind ``KIND`` looks at; most have nothing that runs."""

    KIND: ClassVar[str]

    def __init__(self, check: str, site: Site) -> None:
        self.check = check
        self.site = site

    @property
    def settings(self) -> Sequence[Settings]:
        """The check as ``agent.toml`` has it, and others that it needs; but for ``every_s``."""
        raise NotImplementedError

    def make(self, guardian: Guardian) -> None:
        """Make what has to be there before the hosts start; their folder is there.

        A guardian removes it at the end of the run.

        Raises:
            StageError: it can't be made.
            OSError: likewise.
        """

    def start(self, machine: Machine) -> None:
        """Start what runs on a host's machine, which is a fresh one. Raises StageError."""

    def heal(self) -> None:
        """Undo what a fault did to it, but for what the guardian holds. Raises StageError."""

    def close(self) -> None:
        """End what was started."""
