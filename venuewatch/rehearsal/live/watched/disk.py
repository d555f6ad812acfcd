"""A small disk of a live host: a file system in memory, which a log may fill."""

import errno
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from venuewatch.rehearsal.live.disk import mount
from venuewatch.rehearsal.live.watched.spoiling import Spoiling
from venuewatch.rehearsal.live.watched.thing import Settings, Site, Thing
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import StageError

_OPTIONS: Final = "size=1m,nr_inodes=64"
_BLOCK: Final = bytes(65_536)


class Disk(Thing):
    """A disk; one that can't be had is a part of another, and never full.

    Attributes:
        folder: where it is.
    """

    KIND = "disk"

    def __init__(self, check: str, site: Site) -> None:
        super().__init__(check, site)
        self.folder = site.folder / check
        self._log = self.folder / "log"
        self._why_not = "it is not mounted"

    @property
    def settings(self) -> Sequence[Settings]:
        """The check, with its usual limits."""
        return [{"kind": self.KIND, "name": self.check, "path": str(self.folder)}]

    def make(self, guardian: Guardian) -> None:
        """Mount it, until the run ends. Where that is refused, :meth:`filling` is, too."""
        self._why_not = mount(guardian, self.folder, _OPTIONS)

    def filling(self) -> Spoiling:
        """Return how a log takes all that is free.

        Raises:
            StageError: it is no disk of its own.
        """
        if self._why_not:
            raise StageError(f"{self.site.host.name} has no disk of its own: {self._why_not}")
        return Spoiling(partial(_fill, self._log), ("rm", "-f", str(self._log)))


def _fill(log: Path) -> None:
    """Write until there is no more room. Raises OSError for anything else."""
    with log.open("wb", buffering=0) as file:
        try:
            while file.write(_BLOCK):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
