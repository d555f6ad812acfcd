"""Measures how long Python's cyclic collector stops the aggregator, with a big fleet at work.

There is no network and no clock. Hosts beat each second and send vitals each ten; a page is made
each five, in pieces as for a scraper. ``automatic`` is the collector as Python starts it, ``ours``
as ``aggregator/shell/garbage.py`` runs it. A stop is what the collector's own callbacks measure.
"""

import argparse
import gc
import random
from collections.abc import Iterator
from time import process_time
from typing import Any

import psutil

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host
from aggregator.core.margins import THIN_MARGINS_S
from aggregator.core.outputs import Publish
from aggregator.shell.exposition import pieces
from aggregator.shell.garbage import Garbage
from bench.kit.centre import Message
from bench.kit.filling import cpu_modes, numbers
from bench.kit.members import place
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base.options import whole
from venuewatch.base.wire import topics
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.messages import Beat, Birth, CheckReading, Checks, Tick, Vitals, encode
from venuewatch.base.wire.topics import Stream

SUMMARY = "How long the cyclic collector stops the aggregator at 15,000 hosts"
GOALS = (Goal("longest_stop_ms", 50.0),)

_VITALS_EVERY_S = 10
_CHECKS_EVERY_S = 30
_PAGE_EVERY_S = 5
_UP_AFTER_S = 31  # by then all checks have been heard
_WALL = 1_800_000_000.0
_NAME = "bench"
_MIB = 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--hosts", type=whole(1, 10_000_000), default=15_000, help="of the fleet (%(default)s)"
    )
    parser.add_argument(
        "--values", type=whole(1, 10_000_000), default=100, help="vitals of each (%(default)s)"
    )
    parser.add_argument(
        "--checks", type=whole(1, 10_000_000), default=4, help="of each, every 30 s (%(default)s)"
    )
    parser.add_argument(
        "--seconds", type=whole(1, 10_000_000), default=70, help="of the fleet (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure both ways, one after the other."""
    rows = [_row("automatic", None, options), _row("ours", Garbage(), options)]
    conditions = {name: getattr(options, name) for name in ("hosts", "values", "checks", "seconds")}
    return Result(rows, conditions, GOALS)


def _row(side: str, garbage: Garbage | None, options: argparse.Namespace) -> Row:
    world = _World(options.hosts, options.values, options.checks)
    stops = _Stops()
    if garbage is not None:
        garbage.begin()
    gc.callbacks.append(stops.note)
    began, coming_up_s, sizes = process_time(), 0.0, []
    try:
        world.open()
        for second in range(options.seconds):
            if second == _UP_AFTER_S:
                coming_up_s, stops.longest_s = stops.longest_s, 0.0
            world.second()
            if garbage is not None:
                garbage.look()
            sizes.append(psutil.Process().memory_info().rss / _MIB)
    finally:
        gc.callbacks.remove(stops.note)
        if garbage is not None:
            garbage.end()
    progress(f"{side}: longest {stops.longest_s * 1e3:.1f} ms")
    half = options.seconds // 2
    return {
        "side": side,
        "longest_stop_ms": round(stops.longest_s * 1e3, 2),
        "longest_stop_coming_up_ms": round(coming_up_s * 1e3, 2),
        "stops": stops.count,
        "stopped_share": round(stops.total_s / (process_time() - began), 4),
        "found": stops.found,
        "rss_half_way_mib": round(sizes[half], 1),
        "rss_end_mib": round(sizes[-1], 1),
    }


class _Stops:
    """The collector's runs, in s of CPU. ``found``: how many objects were garbage."""

    def __init__(self) -> None:
        self.count = self.found = 0
        self.longest_s = self.total_s = 0.0
        self._began = 0.0

    def note(self, phase: str, details: dict[str, Any]) -> None:
        if phase == "start":
            self._began = process_time()
            return
        spent_s = process_time() - self._began
        self.count += 1
        self.found += details["collected"]
        self.total_s += spent_s
        self.longest_s = max(self.longest_s, spent_s)


class _World:
    """A core whose hosts are all up and have sent vitals, on a virtual clock."""

    def __init__(self, hosts: int, values: int, checks: int) -> None:
        self._rng = random.Random(hosts)
        self._places = [place(index) for index in range(hosts)]
        margin_s = THIN_MARGINS_S["wired"]
        venues = {code: Venue(code, margin_s=margin_s) for code, _ in self._places}
        for code, name in self._places:
            venues[code].hosts[name] = Host(code, name, margin_s=margin_s)
        self._centre = Centre(Fleet(venues.values()), name=_NAME)
        self._catalogue = Catalogue([("node_cpu_seconds_total", cpu_modes(values))])
        self._key = self._catalogue.key
        self._values, self._checks = values, checks
        self._now, self._seq = 0.0, 0

    def open(self) -> None:
        """Let the fleet come up."""
        self._centre.opened(0.0)
        self._receive(self._births())

    def second(self) -> None:
        """Let a second pass: every host beats, a tenth of them send vitals."""
        self._seq += 1
        for tenth in range(10):
            self._now += 0.1
            self._wake()
            self._receive(self._said(tenth))
        if self._seq % _PAGE_EVERY_S == 0:
            for _ in pieces(list(self._centre.fleet.venues.values()), self._now):
                pass

    def _births(self) -> Iterator[Message]:
        birth = Birth(
            boot="boot",
            session=1,
            wall_ms=0,
            interval_s=1.0,
            vitals_every_s=_VITALS_EVERY_S,
            agent_version="bench",
            own_ticks=True,
        )
        for code, name in self._places:
            yield self._message(code, name, Stream.BIRTH, birth)
            yield self._message(code, name, Stream.CATALOGUE, self._catalogue)

    def _said(self, tenth: int) -> Iterator[Message]:
        seq, wall_ms = self._seq, int((_WALL + self._now) * 1000)
        for index in range(tenth, len(self._places), 10):
            code, name = self._places[index]
            beat = Beat("boot", 1, seq, int(self._now * 1000), wall_ms)
            yield self._message(code, name, Stream.BEAT, beat)
            if (index + seq) % _VITALS_EVERY_S == 0:
                values: list[float | None] = [*numbers(self._rng, self._values)]
                said = Vitals("boot", 1, seq, wall_ms, catalogue=self._key, values=values)
                yield self._message(code, name, Stream.VITALS, said)
            if self._checks and (index + seq) % _CHECKS_EVERY_S == 0:
                readings = [self._reading(number, wall_ms) for number in range(self._checks)]
                checks = Checks("boot", 1, seq, wall_ms, readings)
                yield self._message(code, name, Stream.CHECKS, checks)

    def _reading(self, number: int, wall_ms: int) -> CheckReading:
        return CheckReading(
            check=f"check{number}",
            kind="http",
            state="ok",
            every_s=_CHECKS_EVERY_S,
            wall_ms=wall_ms,
            duration_s=0.01,
        )

    def _message(self, code: str, name: str, stream: Stream, content: object) -> Message:
        return Message(topics.topic(code, name, stream), encode(content), retain=False)

    def _receive(self, messages: Iterator[Message]) -> None:
        self._centre.receive(self._now, list(messages), _WALL + self._now)
        self._centre.take()

    def _wake(self) -> None:
        while self._centre.due() <= self._now:
            self._centre.woke(self._now)
            for output in self._centre.take():
                if isinstance(output, Publish) and isinstance(output.message, Tick):
                    back = Message(output.topic, encode(output.message), retain=False)
                    self._receive(iter([back]))
