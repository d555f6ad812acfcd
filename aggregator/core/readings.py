"""Readings of hosts: each taken once, the newest kept, the late ones to be stored.

A live reading never reaches the journal, only its number does: Prometheus has scraped it. A late
one, from a backlog, is stored, and can accuse no host. Vitals wait for their
catalogue, the newest few of them.

When a reading was taken is decided once, at its arrival: its samples have to carry the same time in
each scrape.
"""

from collections.abc import Iterable
from math import isnan
from typing import NamedTuple

from msgspec.structs import replace

from aggregator.core.budget import CHECKS_MAX, SERIES, SERIES_MAX, Budget
from aggregator.core.catalogues import (
    HELD_MAX,
    PER_HOST,
    Catalogues,
    Held,
    KnownCatalogue,
    KnownCheck,
    KnownVitals,
)
from aggregator.core.dedup import Dedup, HeardRanges
from aggregator.core.fleet import Fleet
from aggregator.core.host import Host
from aggregator.core.outputs import LateReading
from aggregator.core.places import has_room, labelled_of, rows_once
from venuewatch.base.wire.catalogue import Catalogue
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.messages import Backlog, Checks, Vitals
from venuewatch.base.wire.topics import Stream

TRUSTED_S = 2.0
DISTRUSTED_FROM_S = 2.5
TRUSTED_AGAIN_S = 1.5
"""How far (s) a host's clock may be off: at first, while it is trusted, and to be trusted again."""
_LIMIT_S = {None: TRUSTED_S, True: DISTRUSTED_FROM_S, False: TRUSTED_AGAIN_S}

WAITED_S = 5.0
"""From which age (s) on a live reading waited on its way; agents let it wait for 2 s at most."""

KEEP_S = 300.0
"""How long (s) a scraper's wish for more readings holds: longer than any scrape interval."""

_VITALS, _CHECKS = _NUMBERED = (Stream.VITALS.value, Stream.CHECKS.value)


class Taken(NamedTuple):
    """When (monotonic s) a reading was taken, and in which boot of its agent."""

    at: float
    boot: str


class LateReadings(NamedTuple):
    """The new readings of one backlog: to be stored, and when each was taken.

    ``refused``: why vitals were left out that could not be read.
    """

    to_store: tuple[LateReading, ...]
    taken: tuple[Taken, ...]
    refused: tuple[MalformedMessageError, ...]


class LatestReadings:
    """The latest vitals and checks of a fleet.

    Attributes:
        dedup: which readings came, once each.
        repeating: how many messages said a series of theirs again.
    """

    def __init__(self, fleet: Fleet, budget: Budget) -> None:
        self._fleet = fleet
        self._budget = budget
        self._catalogues = Catalogues()
        self.dedup = Dedup()
        self.repeating = 0
        self._asked: dict[int, float] = {}

    def keep(self, count: int, now: float) -> None:
        """Keep so many of each host's latest vitals, until ``KEEP_S`` after this was said last."""
        self._asked[count] = now

    def _kept(self, now: float) -> int:
        if not self._asked:
            return 1
        return max((count for count, at in self._asked.items() if now - at < KEEP_S), default=1)

    def restore(self, known: Iterable[HeardRanges]) -> None:
        """Remember which readings an earlier process had received."""
        self.dedup.restore(known)
        for host in self._fleet:
            host.readings_heard = sum(
                self.dedup.heard(host.name, numbered) for numbered in _NUMBERED
            )
            self._count_missing(host)

    def forget(self, host: Host) -> None:
        """Know nothing of the readings of a host that is watched no more."""
        self.dedup.forget(host.name, _NUMBERED)

    def learn(self, host: Host, catalogue: Catalogue) -> tuple[Held, ...]:
        """Take in a catalogue; return the vitals that waited for it, in the order of arrival."""
        known = self._catalogues.learn(catalogue)
        _keep(host, known)
        readable = tuple(held for held in host.held if held.vitals.catalogue == known.key)
        host.held = tuple(held for held in host.held if held.vitals.catalogue != known.key)
        return readable

    def hold(self, host: Host, vitals: Vitals, now: float, wall: float) -> bool:
        """Let vitals wait whose catalogue is not known; return whether all found a place.

        The oldest loses its place: the newest says how things are.
        """
        held = (*host.held, Held(vitals, now, wall))
        host.held = held[-HELD_MAX:]
        return len(held) <= HELD_MAX

    def rows_once(self, message: Checks) -> Checks:
        """Return a message of checks that says each series once: its first number counts."""
        once = rows_once(message)
        self.repeating += once is not message
        return once

    def is_readable(self, vitals: Vitals) -> bool:
        """Tell whether the catalogue of vitals is known."""
        return vitals.catalogue is None or self._catalogues.has(vitals.catalogue)

    def take(
        self,
        host: Host,
        message: Vitals | Checks,
        now: float,
        wall: float,
        *,
        is_late: bool = False,
    ) -> bool:
        """Make a message the last known, unless a newer one is; return whether it is new.

        Raises:
            MalformedMessageError: vitals that are not readable.
        """
        read = self._catalogues.read(message) if isinstance(message, Vitals) else None
        stream = _CHECKS if read is None else _VITALS
        if read is not None and read[0].size + labelled_of(host) > SERIES_MAX:
            self._budget.refuse(host, SERIES)
            raise MalformedMessageError(
                Reason.OVER_BUDGET, f"expected at most {SERIES_MAX} series of a host"
            )
        if not self.dedup.add(host.name, message.boot, stream, message.seq):
            return False
        host.readings_heard += 1
        if self.dedup.is_out_of_order:
            self._count_missing(host)
        self.repeating += read is not None and read[0].is_repeating
        if isinstance(message, Checks):
            self._take_checks(host, message, now, wall, is_late=is_late)
        elif read is not None:
            _keep(host, read[0])
            at, said_ms = _times(host, message.wall_ms, now, wall, is_late=is_late)
            last = host.vitals
            if last is None or at >= last.at:
                if last is not None and last.boot == message.boot and not is_late:
                    said_ms = _risen_ms(said_ms, last, wall)
                earlier = _earlier(last, said_ms, self._kept(now) - 1)
                host.vitals = KnownVitals(*read, at, said_ms, message.boot, earlier)
        return True

    def waited(
        self, host: Host, message: Vitals | Checks, now: float, wall: float
    ) -> LateReading | None:
        """Return a live reading, just taken, if it waited on its way.

        None also while nothing is known of the host's clock: its age cannot be told.
        """
        offset_s = host.clock_offset_s
        if offset_s is None or now - taken_at(message.wall_ms, offset_s, now, wall) < WAITED_S:
            return None
        return self._late(host, message, now, wall)

    def take_late(self, host: Host, backlog: Backlog, now: float, wall: float) -> LateReadings:
        """Take readings that came too late to be live."""
        alive = [self._catalogues.learn(catalogue) for catalogue in backlog.catalogues]
        to_store: list[LateReading] = []
        taken: list[Taken] = []
        refused: list[MalformedMessageError] = []
        checks = map(self.rows_once, backlog.checks)
        messages: list[Vitals | Checks] = [*backlog.vitals, *checks]
        for said in messages:
            message = _restamped(host, said, wall)
            try:
                if not self.take(host, message, now, wall, is_late=True):
                    continue
                to_store.append(self._late(host, message, now, wall))
            except MalformedMessageError as error:
                refused.append(error)
                continue
            at, _ = _times(host, message.wall_ms, now, wall, is_late=True)
            taken.append(Taken(at, message.boot))
        del alive  # only now: they may be more than a host keeps
        return LateReadings(tuple(to_store), tuple(taken), tuple(refused))

    def _late(self, host: Host, message: Vitals | Checks, now: float, wall: float) -> LateReading:
        """Return a late reading as it is stored, and as it is sent on."""
        boot, seq, wall_ms = message.boot, message.seq, message.wall_ms
        if isinstance(message, Checks):
            checks = tuple(
                KnownCheck(reading, *_times(host, reading.wall_ms, now, wall, is_late=True), boot)
                for reading in message.readings
            )
            return LateReading(host.name, boot, Stream.CHECKS, seq, wall_ms, message, checks)
        catalogue, packed = self._catalogues.read(message)
        times = _times(host, wall_ms, now, wall, is_late=True)
        vitals = KnownVitals(catalogue, packed, *times, boot)
        if message.catalogue is None or catalogue.places is not None:
            numbers = [None if isnan(value) else value for value in vitals.values]
            key = catalogue.kept_key
            message = replace(message, readings=None, catalogue=key, values=numbers)
        return LateReading(host.name, boot, Stream.VITALS, seq, wall_ms, message, (vitals,))

    def _take_checks(
        self, host: Host, message: Checks, now: float, wall: float, *, is_late: bool
    ) -> None:
        for reading in message.readings:
            last = host.checks.get(reading.check)
            if last is None and len(host.checks) >= CHECKS_MAX:
                continue
            if is_late and not has_room(host, reading):
                continue
            at, said_ms = _times(host, reading.wall_ms, now, wall, is_late=is_late)
            if last is None or at >= last.at:
                if last is not None and last.boot == message.boot and not is_late:
                    said_ms = _risen_ms(said_ms, last, wall)
                host.checks[reading.check] = KnownCheck(reading, at, said_ms, message.boot)

    def _count_missing(self, host: Host) -> None:
        host.readings_missing = self.dedup.missing(host.name, _NUMBERED)


def _keep(host: Host, catalogue: KnownCatalogue) -> None:
    """Keep a catalogue alive, as the one that the host used last."""
    if catalogue not in host.catalogues[-1:]:
        others = [known for known in host.catalogues if known is not catalogue]
        host.catalogues = (*others[1 - PER_HOST :], catalogue)


def _times(
    host: Host, wall_ms: int, now: float, wall: float, *, is_late: bool
) -> tuple[float, int]:
    """Return when a reading was taken (our monotonic s), and the time for its samples (ms)."""
    at = taken_at(wall_ms, host.clock_offset_s or 0.0, now, wall)
    return at, timestamp_ms(host, wall_ms, wall, is_late=is_late)


def _restamped(host: Host, message: Vitals | Checks, wall: float) -> Vitals | Checks:
    """Return a late message with the times at which the host's clock of now would put it.

    Its clock was set while the message waited if that is not when it says: by its age since.
    """
    if message.age_ms is None:
        return message
    now_ms = round((wall + (host.clock_offset_s or 0.0)) * 1000)
    by_ms = now_ms - message.age_ms - message.wall_ms
    message = replace(message, age_ms=None)
    if abs(by_ms) <= DISTRUSTED_FROM_S * 1000:
        return message
    message = replace(message, wall_ms=max(0, message.wall_ms + by_ms))
    if isinstance(message, Vitals):
        return message
    moved = [replace(one, wall_ms=max(0, one.wall_ms + by_ms)) for one in message.readings]
    return replace(message, readings=moved)


def taken_at(wall_ms: int, offset_s: float, now: float, wall: float) -> float:
    """Return when (our monotonic s) a host took a reading at ``wall_ms`` of its own clock.

    Never in the future: a host's clock that has stepped must not make an old reading the newest.
    """
    return min(now, now - (wall - (wall_ms / 1000 - offset_s)))


def timestamp_ms(host: Host, wall_ms: int, wall: float, *, is_late: bool = False) -> int:
    """Return the time (ms since 1970) of a reading that came at ``wall`` (s), for its samples.

    By the host's clock while that is right: there is no jitter of the network in it, and two
    aggregators say the same. Else by ours, less the age that the host's clock says. While nothing
    is known of that clock, a live reading is of now, and a late one of when the host says.
    """
    offset_s = host.clock_offset_s
    if offset_s is None:
        return wall_ms if is_late else round(wall * 1000)
    host.is_clock_right = abs(offset_s) <= _LIMIT_S[host.is_clock_right]
    if not host.is_clock_right:
        return min(round(wall * 1000), wall_ms - round(offset_s * 1000))
    was_set_since = not is_late and wall_ms > _latest_ms(wall)
    return round(wall * 1000) if was_set_since else wall_ms


def _earlier(last: KnownVitals | None, before_ms: int, count: int) -> tuple[KnownVitals, ...]:
    """Return up to ``count`` readings to be kept behind a new one, oldest first."""
    if last is None or not count:
        return ()
    known = (*last.earlier, replace(last, earlier=()))
    return tuple(one for one in known if one.timestamp_ms < before_ms)[-count:]


def _risen_ms(said_ms: int, last: KnownVitals | KnownCheck, wall: float) -> int:
    """Return the time (ms) of a live reading behind the last one of its boot.

    A last one of the future is no limit: one of the two clocks was wrong, and has been set back.
    """
    behind_ms = last.timestamp_ms + 1
    return said_ms if behind_ms > _latest_ms(wall) else max(said_ms, behind_ms)


def _latest_ms(wall: float) -> float:
    """Return the latest time (ms) that a clock which is right may show at ``wall`` (s)."""
    return (wall + DISTRUSTED_FROM_S) * 1000
