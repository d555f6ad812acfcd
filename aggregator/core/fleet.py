"""The expected fleet and what is known of every host: plain state, no decisions.

Every host of the inventory is here from the start, before it ever speaks, and stays for as long
as it is expected. Times without a suffix are monotonic seconds; ``INF`` means never.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aggregator.core.states import HostState
from venuewatch.wire.messages import Birth, CheckReading, Death
from venuewatch.wire.readings import Readings

INF = math.inf

UNANNOUNCED_INTERVAL_S = 60.0
"""The beat interval assumed of a boot whose birth is not known: slow enough to accuse nobody."""


class KnownCheck(NamedTuple):
    """The last that one check said, and when it was taken (monotonic s, by our estimate)."""

    reading: CheckReading
    at: float


class Host:
    """One host: who it is, how alive it is, and the last that it said."""

    __slots__ = (
        "allowance_s",
        "beat_seq",
        "birth",
        "birth_asked_at",
        "boot",
        "cause",
        "checks",
        "clock_offset_s",
        "deadline",
        "death",
        "evidence_at",
        "evidence_wall",
        "is_listed",
        "is_replaced",
        "margin_s",
        "missed",
        "name",
        "queued_at",
        "readings",
        "readings_at",
        "readings_heard",
        "readings_missing",
        "restarts",
        "role",
        "round_trip_s",
        "session",
        "since",
        "state",
        "steady",
        "venue",
        "was_up",
        "will_due",
    )

    def __init__(
        self,
        venue: str,
        name: str,
        *,
        margin_s: float,
        role: str = "",
        is_listed: bool = True,
        state: HostState = HostState.UNKNOWN,
    ) -> None:
        self.venue = venue
        self.name = name
        self.role = role
        self.is_listed = is_listed
        self.margin_s = margin_s

        self.boot = ""
        self.session = 0
        self.is_replaced = False
        self.birth: Birth | None = None
        self.birth_asked_at = -INF
        self.death: Death | None = None
        self.allowance_s = UNANNOUNCED_INTERVAL_S + margin_s

        self.state = state
        self.since = -INF
        self.was_up = False
        self.cause: str | None = None
        self.evidence_at: float | None = None
        self.deadline = INF
        self.will_due = INF
        self.queued_at = INF
        self.steady = 0

        self.beat_seq = -1
        self.evidence_wall: float | None = None
        self.round_trip_s: float | None = None
        self.clock_offset_s: float | None = None
        self.missed = 0
        self.restarts = 0
        self.readings: Readings | None = None
        self.readings_at = -INF
        self.checks: dict[str, KnownCheck] = {}
        self.readings_heard = 0
        self.readings_missing = 0

    @property
    def announced_allowance_s(self) -> float:
        """The announced interval and the margin; 0 as long as no birth is known."""
        return 0.0 if self.birth is None else self.birth.interval_s + self.margin_s

    @property
    def counts_as_up(self) -> bool:
        """Whether the host is up or late, or was when we last could tell."""
        return (
            self.state is HostState.UP
            or self.state is HostState.LATE
            or (self.state is HostState.UNKNOWN and self.was_up)
        )


class Venue:
    """One venue, and how many of its hosts are in which state."""

    __slots__ = ("code", "counts", "hosts", "margin_s", "name", "timezone", "town", "unlisted")

    def __init__(
        self, code: str, *, margin_s: float, name: str = "", town: str = "", timezone: str = ""
    ) -> None:
        self.code = code
        self.name = name
        self.town = town
        self.timezone = timezone
        self.margin_s = margin_s
        self.hosts: dict[str, Host] = {}
        self.counts: dict[HostState, int] = dict.fromkeys(HostState, 0)
        self.unlisted = 0


class Fleet:
    """Every venue by code and every host by name; host names are unique in the whole fleet."""

    def __init__(self, venues: Iterable[Venue] = ()) -> None:
        self.venues = {venue.code: venue for venue in venues}
        self._hosts: dict[str, Host] = {}
        for venue in self.venues.values():
            for host in venue.hosts.values():
                self._take_name(host)

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    def __len__(self) -> int:
        return len(self._hosts)

    def find(self, name: str) -> Host | None:
        """Return the host of that name, at whichever venue."""
        return self._hosts.get(name)

    def add(self, host: Host) -> None:
        """Take in a host of a known venue.

        Raises:
            ValueError: the name is taken; names are unique in the whole fleet.
        """
        self._take_name(host)
        self.venues[host.venue].hosts[host.name] = host

    def _take_name(self, host: Host) -> None:
        if self._hosts.setdefault(host.name, host) is not host:
            raise ValueError(f"two hosts are called {host.name}")
        self.venues[host.venue].counts[host.state] += 1
