"""Plays the results day at all its hosts, by orders, in the process of the demo's fleet.

An order is ``day UNIXTIME SECONDS``: let the day go on to a time, within so many seconds.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Self

import msgspec

from agent.checks import Reading
from venuewatch.base import clock
from venuewatch.base.wire.checks import CheckValues
from venuewatch.demo.results_day import day
from venuewatch.demo.results_day.moments import Script
from venuewatch.demo.results_day.watched import Seen, Watched
from venuewatch.demo.scenes import HostCheck, World

ORDER = "day"

_READ_BEFORE_S = 360.0  # of the day: what is calm is passed over
_SAID_EVERY_S = 1.0
_STEP_S = 0.25
_STAMPS = ("results_last_message_timestamp_seconds", "results_last_data_timestamp_seconds")


class Player:
    """All systems of the day, and their checks.

    ``folder`` is for the files of the systems, ``port`` for the pushes of the one that pushes.
    ``world`` is told what the checks read.
    """

    def __init__(self, folder: Path, port: int, world: World) -> None:
        self._world = world
        self._at_s = day.begin_s()
        self._watched: list[tuple[Script, Watched]] = []
        for script in day.SCRIPTS:
            place = folder / script.host
            place.mkdir()
            its_port = port if script.by_push else 0
            self._watched.append((script, Watched(script, day.DAY, self._at_s, place, its_port)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _, watched in self._watched:
            watched.close()

    async def obey(self, order: str, stop: asyncio.Event) -> None:
        """Let the day go on as it is ordered; any other order changes nothing."""
        name, _, rest = order.strip().partition(" ")
        if name != ORDER:
            return
        to_s, within_s = map(float, rest.split())
        begin, from_s = clock.monotonic(), max(self._at_s, to_s - _READ_BEFORE_S)
        for _, watched in self._watched:
            watched.skip_to(from_s)
        steps = max(1, round(within_s / _STEP_S))
        for step in range(1, steps + 1):
            await asyncio.to_thread(self._go_to, from_s + (to_s - from_s) * step / steps)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(begin + within_s * step / steps):
                    await stop.wait()
            if stop.is_set():
                return

    def _go_to(self, at_s: float) -> None:
        self._at_s = at_s
        for script, watched in self._watched:
            for seen in watched.go_to(at_s):
                self._world.note(script.host, _check(script, seen))


def _check(script: Script, seen: Seen) -> HostCheck:
    """Return a reading as the host says it: its detail begins with the time of the day."""
    detail = f"{day.local_time(script, seen.at_s)}: {seen.reading.detail}"
    values = _of_now(seen.reading, clock.wall() - seen.at_s)
    return HostCheck(day.CHECK, "feed", seen.reading.state, detail, values, _SAID_EVERY_S)


def _of_now(reading: Reading, later_s: float) -> CheckValues:
    """Return the values with times ``later_s`` later: as old now as they were then."""
    found = {name: getattr(reading.values, name) for name in _STAMPS}
    moved = {name: at_s + later_s for name, at_s in found.items() if at_s is not None}
    return msgspec.structs.replace(reading.values, **moved)
