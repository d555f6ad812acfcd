"""The process of all results sources of a live world, as its controller sees it.

It is one for all venues: a process for each feed would take more memory than the agents do. It runs
on the centre's machine, and so ends with the stage.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

import msgspec

from venuewatch.rehearsal.live.programs import Process
from venuewatch.rehearsal.live.sources import program
from venuewatch.rehearsal.live.sources.program import Plan
from venuewatch.rehearsal.live.watched.certificate import Certificate
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.watched.page import Page
from venuewatch.rehearsal.live.watched.thing import Thing

_PLAN: Final = "sources.json"


class Sources(Process):
    """Plays the sources of these things; there is no process where they have none."""

    def __init__(self, folder: Path, things: Iterable[Thing]) -> None:
        every = tuple(things)
        self._plan = Plan(
            feeds=tuple(thing.plan for thing in every if isinstance(thing, Feed)),
            pages=tuple(thing.plan for thing in every if isinstance(thing, Page)),
            doors=tuple(thing.plan for thing in every if isinstance(thing, Certificate)),
        )
        self._path = folder / _PLAN
        command = (sys.executable, "-I", "-m", program.__name__, str(self._path))
        super().__init__(folder, "sources", *command)

    def start(self) -> Self:
        """Start it, if there is anything to play."""
        if self._plan == Plan():
            return self
        self._path.write_bytes(msgspec.json.encode(self._plan))
        return super().start()
