"""A results feed of a live host: a folder, into which a source of the stage writes."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from venuewatch.base import clock
from venuewatch.rehearsal.fleet import DATA_LIMIT_S, LIMIT_S
from venuewatch.rehearsal.live.sources.instructions import Instruction
from venuewatch.rehearsal.live.sources.program import FeedPlan
from venuewatch.rehearsal.live.watched.spoiling import Spoiling, of_file
from venuewatch.rehearsal.live.watched.thing import Settings, Site, Thing
from venuewatch.rehearsal.stage.guardian import Guardian


class Feed(Thing):
    """A feed.

    Attributes:
        folder: where its messages are.
        zone: of the times in them.
    """

    KIND = "feed"

    def __init__(self, check: str, site: Site) -> None:
        super().__init__(check, site)
        self.folder = site.folder / check
        self.zone = site.venue.timezone
        self._told = site.folder / f"{check}.told"

    @property
    def settings(self) -> Sequence[Settings]:
        """The check, with the limits of the stage."""
        return [
            {
                "kind": self.KIND,
                "name": self.check,
                "zone": self.zone,
                "folder": str(self.folder),
                "keep_alive_limit_s": LIMIT_S,
                "latency_limit_s": DATA_LIMIT_S,
                "data_limit_s": DATA_LIMIT_S,
            }
        ]

    @property
    def plan(self) -> FeedPlan:
        """What the program of the sources has to know of it."""
        return FeedPlan(self.site.host.name, self.zone, str(self.folder), str(self._told))

    def make(self, guardian: Guardian) -> None:
        """Make its folder."""
        del guardian
        self.folder.mkdir()

    def telling(self, instruction: Instruction) -> Spoiling:
        """Return how its source is told to do something else."""
        given = replace(instruction, given_at=clock.wall())
        return of_file(self._told, msgspec.json.encode(given))

    def taking_away(self) -> Spoiling:
        """Return how its folder gets another name. What is written goes on there."""
        away = self.folder.with_name(f"{self.folder.name}.gone")
        here, there = shlex.quote(str(self.folder)), shlex.quote(str(away))
        back = f"[ ! -d {there} ] || mv {there} {here}"
        return Spoiling(partial(self.folder.rename, away), ("sh", "-c", back))

    def is_of_after(self, at_s: float) -> bool:
        """Tell whether it has messages, and none from before ``at_s`` (unixtime)."""
        times = [_written_s(path) for path in self.folder.glob("*.xml")]
        return bool(times) and min(times) >= at_s


def _written_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # it is being written anew
        return 0.0
