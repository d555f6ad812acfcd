"""Readings of hosts: each taken once, the newest kept, the late ones to be stored.

A live reading never reaches the journal, only its number does: Prometheus has scraped it. A late
one, from a backlog, is stored, and can accuse no host.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.dedup import Dedup, HeardRanges
from aggregator.core.fleet import Fleet, Host, KnownCheck
from aggregator.core.outputs import LateReading
from venuewatch.base.wire.messages import Backlog, Checks, Vitals
from venuewatch.base.wire.topics import Stream

CHECKS_MAX = 500
"""How many checks of one host are known at a time."""

_NUMBERED = (Stream.VITALS.value, Stream.CHECKS.value)


class Taken(NamedTuple):
    """When (monotonic s) a reading was taken, and in which boot of its agent."""

    at: float
    boot: str


class LateReadings(NamedTuple):
    """The new readings of one backlog: to be stored, and when each was taken."""

    to_store: tuple[LateReading, ...]
    taken: tuple[Taken, ...]


class LatestReadings:
    """The latest vitals and checks of a fleet. ``dedup``: which readings came, once each."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.dedup = Dedup()

    def restore(self, known: Iterable[HeardRanges]) -> None:
        """Remember which readings an earlier process had received."""
        self.dedup.restore(known)
        for host in self._fleet:
            host.readings_heard = sum(
                self.dedup.heard(host.name, numbered) for numbered in _NUMBERED
            )
            self._count_missing(host)

    def take(
        self, host: Host, stream: Stream, message: Vitals | Checks, now: float, wall: float
    ) -> bool:
        """Make a message the last known, unless a newer one is; return whether it is new."""
        if not self.dedup.add(host.name, message.boot, stream.value, message.seq):
            return False
        host.readings_heard += 1
        self._count_missing(host)
        offset_s = host.clock_offset_s or 0.0
        if isinstance(message, Vitals):
            at = taken_at(message.wall_ms, offset_s, now, wall)
            if at >= host.readings_at:
                host.readings = message.readings
                host.readings_at = at
            return True
        for reading in message.readings:
            at = taken_at(reading.wall_ms, offset_s, now, wall)
            known = host.checks.get(reading.check)
            if known is None and len(host.checks) >= CHECKS_MAX:
                continue
            if known is None or at >= known.at:
                host.checks[reading.check] = KnownCheck(reading, at)
        return True

    def take_late(self, host: Host, backlog: Backlog, now: float, wall: float) -> LateReadings:
        """Take readings that came too late to be live."""
        late: list[tuple[Stream, Vitals | Checks]] = [
            *((Stream.VITALS, vitals) for vitals in backlog.vitals),
            *((Stream.CHECKS, checks) for checks in backlog.checks),
        ]
        to_store: list[LateReading] = []
        taken: list[Taken] = []
        for stream, message in late:
            if self.take(host, stream, message, now, wall):
                at = taken_at(message.wall_ms, host.clock_offset_s or 0.0, now, wall)
                taken.append(Taken(at, message.boot))
                to_store.append(
                    LateReading(
                        host.name, message.boot, stream, message.seq, message.wall_ms, message
                    )
                )
        return LateReadings(tuple(to_store), tuple(taken))

    def _count_missing(self, host: Host) -> None:
        host.readings_missing = sum(
            self.dedup.missing(host.name, numbered) for numbered in _NUMBERED
        )


def taken_at(wall_ms: int, offset_s: float, now: float, wall: float) -> float:
    """Return when (our monotonic s) a host took a reading at ``wall_ms`` of its own clock.

    Never in the future: a host's clock that has stepped must not make an old reading the newest.
    """
    return min(now, now - (wall - (wall_ms / 1000 - offset_s)))
