"""What hosts report: each reading once, the newest kept, the late ones to be stored."""

from collections.abc import Iterable
from typing import NamedTuple

from aggregator.core.events import BacklogHeard, ReadingHeard
from aggregator.core.fleet import Fleet, Host, KnownCheck
from aggregator.core.ledger import Ledger, Page
from venuewatch.base.wire.messages import Backlog, Checks, Vitals
from venuewatch.base.wire.topics import Stream

CHECKS_MAX = 500
"""How many checks of one host are known at a time."""

_NUMBERED = (Stream.VITALS.value, Stream.CHECKS.value)


class Taken(NamedTuple):
    """When (monotonic s) a reading was taken, and in which boot of its agent."""

    at: float
    boot: str


class Reported:
    """Vitals and checks of a fleet.

    Attributes:
        ledger: which readings were heard, once each.
        stored, backlogs: what the last messages brought to be stored, and to be acknowledged
            once it is; whoever stores takes them out.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.ledger = Ledger()
        self.stored: list[ReadingHeard] = []
        self.backlogs: list[BacklogHeard] = []

    def restore(self, pages: Iterable[Page]) -> None:
        """Remember which readings an earlier process had heard."""
        self.ledger.restore(pages)
        for host in self._fleet:
            host.readings_heard = sum(
                self.ledger.heard(host.name, numbered) for numbered in _NUMBERED
            )
            self._count_missing(host)

    def take(
        self, host: Host, stream: Stream, message: Vitals | Checks, now: float, wall: float
    ) -> bool:
        """Make a message the last known, unless a newer one is; return whether it is the first."""
        if not self.ledger.add(host.name, message.boot, stream.value, message.seq):
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

    def take_late(self, host: Host, backlog: Backlog, now: float, wall: float) -> list[Taken]:
        """Take what was said too late to be live: it is stored, and can accuse nobody.

        Return when the readings that are news were taken.
        """
        late: list[tuple[Stream, Vitals | Checks]] = [
            *((Stream.VITALS, vitals) for vitals in backlog.vitals),
            *((Stream.CHECKS, checks) for checks in backlog.checks),
        ]
        times: list[Taken] = []
        for stream, message in late:
            if self.take(host, stream, message, now, wall):
                at = taken_at(message.wall_ms, host.clock_offset_s or 0.0, now, wall)
                times.append(Taken(at, message.boot))
                self.stored.append(
                    ReadingHeard(
                        host.name, message.boot, stream, message.seq, message.wall_ms, message
                    )
                )
        self.backlogs.append(BacklogHeard(now, host.venue, host.name, backlog.boot, backlog.number))
        return times

    def _count_missing(self, host: Host) -> None:
        host.readings_missing = sum(
            self.ledger.missing(host.name, numbered) for numbered in _NUMBERED
        )


def taken_at(wall_ms: int, offset_s: float, now: float, wall: float) -> float:
    """Return when (our monotonic s) a host took a reading at ``wall_ms`` of its own clock.

    Never in the future: a host's clock that has stepped must not make its old word the newest.
    """
    return min(now, now - (wall - (wall_ms / 1000 - offset_s)))
