"""A public page of a live host: a file that a program of the stage writes anew, as a job would."""

from collections.abc import Sequence
from pathlib import Path

from venuewatch.rehearsal.fleet import LIMIT_S
from venuewatch.rehearsal.live.sources.program import PagePlan
from venuewatch.rehearsal.live.watched.spoiling import Spoiling, of_file
from venuewatch.rehearsal.live.watched.thing import Settings, Site, Thing


class Page(Thing):
    """A page.

    Attributes:
        path: its file.
    """

    KIND = "file"

    def __init__(self, check: str, site: Site) -> None:
        super().__init__(check, site)
        self.path = site.folder / f"{check}.html"
        self._hangs = Path(f"{self.path}.hangs")

    @property
    def settings(self) -> Sequence[Settings]:
        """The check, with the limit of the stage."""
        return [
            {
                "kind": self.KIND,
                "name": self.check,
                "pattern": str(self.path),
                "max_age_s": LIMIT_S,
            }
        ]

    @property
    def plan(self) -> PagePlan:
        """What the program that writes it has to know of it."""
        return PagePlan(str(self.path), str(self._hangs))

    def hanging(self) -> Spoiling:
        """Return how the job that writes it hangs."""
        return of_file(self._hangs, b"")
