"""Measures the core's cost per beat and per look, as the fleet grows, beside a scan of all hosts.

There is no network and no clock. Beats are encoded before. The real core receives them on a virtual
clock as a busy socket delivers them, a batch every 10 ms. The peer finds overdue hosts in the usual
way: at each look it compares every host's last beat with the time.
"""

import argparse
from collections.abc import Iterator, Sequence
from statistics import median
from time import process_time
from typing import NamedTuple

from aggregator.core.centre import Centre
from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import Host
from aggregator.core.margins import THIN_MARGINS_S
from aggregator.core.outputs import Publish
from bench.kit.centre import Message
from bench.kit.members import VENUES
from bench.kit.result import Goal, Result, Row, progress
from venuewatch.base.options import whole
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Beat, Birth, Echo, Tick, Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

SUMMARY = "CPU of the core per beat and per look at 1,500, 15,000 and 35,000 hosts"
GOALS = (Goal("beat_cost_against_smallest", 1.5, "ours_35000"),)

FLEETS = {1_500: 1.0, 15_000: 1.0, 35_000: 5.0}
"""Hosts, and how often (s) each beats: the fleets that the design names."""

BATCH_S = 0.010
_NAME = "bench"
_CANARY = topics.centre_tick(_NAME)
_WALL = 1_800_000_000.0
_IDLE_LOOKS = 2_000


class Lap(NamedTuple):
    """One measurement, in microseconds of CPU."""

    beat_us: float
    look_us: float
    idle_look_us: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the bench's options."""
    parser.add_argument(
        "--rounds", type=whole(1, 10_000_000), default=5, help="laps of each side (%(default)s)"
    )
    parser.add_argument(
        "--beats", type=whole(1, 10_000_000), default=60_000, help="in each lap (%(default)s)"
    )


def run(options: argparse.Namespace) -> Result:
    """Measure each size of fleet, round by round, so that all suffer from the same machine."""
    sides = {f"ours_{hosts}": Ours(hosts, interval_s) for hosts, interval_s in FLEETS.items()}
    laps: dict[str, list[Lap]] = {side: [] for side in sides}
    scans: dict[str, list[float]] = {f"scan_{hosts}": [] for hosts in FLEETS}
    for number in range(options.rounds):
        for (side, ours), scan in zip(sides.items(), scans.values(), strict=True):
            lap = ours.lap(options.beats)
            laps[side].append(lap)
            scan.append(ours.scan_us())
            progress(f"round {number + 1}: {side}: {lap.beat_us:.2f} us a beat")
    smallest = median(lap.beat_us for lap in next(iter(laps.values())))
    rows: list[Row] = [_row(side, found, smallest) for side, found in laps.items()]
    rows += [
        {"side": side, "idle_look_us_median": round(median(found), 2)}
        for side, found in scans.items()
    ]
    conditions = {"rounds": options.rounds, "beats_per_round": options.beats, "batch_s": BATCH_S}
    return Result(rows, conditions, GOALS)


def _row(side: str, laps: Sequence[Lap], smallest_us: float) -> Row:
    beat_us = median(lap.beat_us for lap in laps)
    return {
        "side": side,
        "beat_us_median": round(beat_us, 2),
        "beat_us_min": round(min(lap.beat_us for lap in laps), 2),
        "beat_us_max": round(max(lap.beat_us for lap in laps), 2),
        "of_which_looking_us_median": round(median(lap.look_us for lap in laps), 2),
        "idle_look_us_median": round(median(lap.idle_look_us for lap in laps), 2),
        "beat_cost_against_smallest": round(beat_us / smallest_us, 2),
    }


class Ours:
    """The core with a fleet of that size, all up, and beats for ever. ``centre`` is the core."""

    def __init__(self, hosts: int, interval_s: float, *, with_readings: bool = False) -> None:
        self._interval_s = interval_s
        self._names = [(f"V{number % VENUES:02d}", f"host-{number}") for number in range(hosts)]
        venues = {code: Venue(code, margin_s=THIN_MARGINS_S["wired"]) for code, _ in self._names}
        for code, name in self._names:
            venues[code].hosts[name] = Host(code, name, margin_s=THIN_MARGINS_S["wired"])
        self.centre = Centre(Fleet(venues.values()), name=_NAME)
        self._now = 0.0
        self._round = 0
        self._next = 0
        self._ticked = 0
        self.centre.opened(0.0)
        birth = Birth(
            boot="boot",
            session=1,
            wall_ms=0,
            interval_s=interval_s,
            vitals_every_s=10.0,
            agent_version="bench",
            own_ticks=True,
        )
        for code, name in self._names:
            self._receive(topics.topic(code, name, Stream.BIRTH), encode(birth))
        for batch in self._batches(2 * hosts):
            self._wake()
            self._receive_batch(batch)
        if with_readings:
            for code, name in self._names:
                vitals = Vitals("boot", 1, 1, self._wall_ms(), Readings(node_load1=0.5))
                self._receive(topics.topic(code, name, Stream.VITALS), encode(vitals))

    def lap(self, beats: int) -> Lap:
        """Receive so many beats, and wake before each batch as the shell does."""
        centre, looking_s, heard_s, heard = self.centre, 0.0, 0.0, 0
        for batch in self._batches(beats):
            began = process_time()
            self._wake()
            looked = process_time()
            self._receive_batch(batch)
            ended = process_time()
            looking_s += looked - began
            heard_s += ended - looked
            heard += len(batch)
        began = process_time()
        for number in range(_IDLE_LOOKS):
            centre.woke(self._now + number * 1e-9)
        idle_s = process_time() - began
        assert not centre.decisions.incidents.open  # noqa: S101 - or it measures accusations
        total_us = (looking_s + heard_s) / heard * 1e6
        return Lap(total_us, looking_s / heard * 1e6, idle_s / _IDLE_LOOKS * 1e6)

    def scan_us(self) -> float:
        """Return what one look costs that compares every host's last beat with the time."""
        hosts, now, looks = list(self.centre.fleet), self._now, 20
        began = process_time()
        for _ in range(looks):
            overdue = [
                host
                for host in hosts
                if host.evidence_at is None or now - host.evidence_at > host.allowance_s
            ]
        assert not overdue  # noqa: S101 - likewise
        return (process_time() - began) / looks * 1e6

    def _batches(self, beats: int) -> Iterator[list[Message]]:
        """Yield the beats that each 10 ms bring."""
        per_batch = max(1, round(len(self._names) / self._interval_s * BATCH_S))
        for _ in range(0, beats, per_batch):
            self._now += per_batch * self._interval_s / len(self._names)
            yield [self._next_beat() for _ in range(per_batch)]

    def _wake(self) -> None:
        """Wake the centre if it is due; its tick comes back to it, and is echoed from now on."""
        if self._now < self.centre.due():
            return
        self.centre.woke(self._now)
        for output in self.centre.take():
            if isinstance(output, Publish) and output.topic == _CANARY:
                assert isinstance(output.message, Tick)  # noqa: S101 - of that topic
                self._ticked = output.message.number
                self._receive(_CANARY, encode(output.message))

    def _next_beat(self) -> Message:
        code, name = self._names[self._next]
        said = Beat(
            "boot", 1, self._round, int(self._now * 1000), self._wall_ms(), Echo(self._ticked, 0)
        )
        self._next = (self._next + 1) % len(self._names)
        self._round += not self._next
        return Message(topics.topic(code, name, Stream.BEAT), encode(said), retain=False)

    def _receive_batch(self, batch: Sequence[Message]) -> None:
        """Have the core read a batch up: of many at once it leaves the rest for its next wake."""
        self.centre.receive(self._now, batch, _WALL + self._now)
        self.centre.finish(self._now)
        self.centre.take()

    def _receive(self, topic: str, payload: bytes) -> None:
        self._receive_batch([Message(topic, payload, retain=False)])

    def _wall_ms(self) -> int:
        return int((_WALL + self._now) * 1000)
