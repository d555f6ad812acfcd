"""The program of all results sources of a stage: ``… program PLAN`` plays them by a plan.

1. A source (`source.py`) decides second by second what it says. It is pure.
2. An instruction (`instructions.py`) has it do something else. It is a file, and holds as long as
   the file is there: so a guardian ends it by removing the file.
3. A ring (`ring.py`) is the folder of a feed: a bounded number of files, written anew in turn.
4. Pages are written anew each second, too. A thread of its own serves certificates (`doors.py`).

What it can't write it says on its standard error, and goes on.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from venuewatch.base import clock
from venuewatch.rehearsal.live.sources import instructions
from venuewatch.rehearsal.live.sources.doors import DoorPlan, serve
from venuewatch.rehearsal.live.sources.ring import Ring
from venuewatch.rehearsal.live.sources.source import Source

EVERY_S: Final = 1.0


class FeedPlan(msgspec.Struct, frozen=True):
    """A feed: the name and the zone of its source, its folder, and the file with an instruction."""

    source: str
    zone: str
    folder: str
    told: str


class PagePlan(msgspec.Struct, frozen=True):
    """A page: its file, and the one that is there while the job that writes it hangs."""

    path: str
    hangs: str


class Plan(msgspec.Struct, frozen=True):
    """All that the program plays."""

    feeds: tuple[FeedPlan, ...] = ()
    pages: tuple[PagePlan, ...] = ()
    doors: tuple[DoorPlan, ...] = ()


class _Played:
    """One feed."""

    def __init__(self, plan: FeedPlan, ring: Ring) -> None:
        self._told = Path(plan.told)
        self._source = Source(plan.source, ZoneInfo(plan.zone))
        self._ring = ring

    def play(self) -> None:
        """Write what it says now. Raises OSError or ValueError."""
        told = instructions.read(self._told)
        now = clock.wall()  # not before: what ends an instruction waits for later times
        step = self._source.advance(now, told)
        if step.begins_anew:
            self._ring.clear()
        for said in step.said:
            self._ring.write(said, now)


def renew(page: PagePlan) -> None:
    """Write a page anew, unless its job hangs. Raises OSError."""
    if Path(page.hangs).exists():
        return
    new = Path(f"{page.path}.new")
    new.write_text(f"<p>{clock.wall():.0f}</p>\n", encoding="ascii")
    new.replace(page.path)


def play(plan: Plan, is_over: threading.Event) -> None:
    """Play all of a plan until it is over. Raises OSError where a folder is not there."""
    with ExitStack() as stack:
        played = [
            _Played(feed, stack.enter_context(Ring(Path(feed.folder)))) for feed in plan.feeds
        ]
        jobs: list[Callable[[], None]] = [one.play for one in played]
        jobs += [partial(renew, page) for page in plan.pages]
        due_at = clock.monotonic()
        while not is_over.is_set():
            for job in jobs:
                try:
                    job()
                except (OSError, ValueError) as error:
                    print(error, file=sys.stderr, flush=True)
            due_at = max(due_at + EVERY_S, clock.monotonic())
            is_over.wait(due_at - clock.monotonic())


def main() -> None:
    """Play until this process is ended."""
    (path,) = sys.argv[1:]
    plan = msgspec.json.decode(Path(path).read_bytes(), type=Plan)
    if plan.doors:
        threading.Thread(target=serve, args=(plan.doors,), name="doors", daemon=True).start()
    play(plan, threading.Event())


if __name__ == "__main__":
    main()
