"""The expected fleet and what is known of every host: plain state, no decisions.

Every host of the inventory is here from the start, before it ever speaks, and stays for as long
as it is expected. Times without a suffix are monotonic seconds; ``INF`` means never.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aggregator.core.lateness import Lateness
from aggregator.core.states import HostState
from venuewatch.base.wire.messages import Birth, CheckReading, Death
from venuewatch.base.wire.readings import Readings

INF = math.inf

UNANNOUNCED_INTERVAL_S = 60.0
"""The beat interval assumed of a boot whose birth is not known: slow enough to accuse nobody."""


class KnownCheck(NamedTuple):
    """The last that one check said, and when it was taken (monotonic s, by our estimate)."""

    reading: CheckReading
    at: float


class Place(NamedTuple):
    """Where the inventory says that a machine is; without ``address`` nobody can be asked of it."""

    address: str = ""
    probe_port: int | None = None
    is_gateway: bool = False


class Presence:
    """What is odd about a host that beats, as counts of what has to hold for a few beats.

    Attributes:
        unechoed: beats in a row, none of them in a burst, that echoed no tick.
        mute_since, unechoed_at: when the first and the last of them were heard.
        tick_mark: how many of our ticks had come back to us at the first.
        echoed: echoes in a row.
        skewed, in_time: echoes in a row whose clock offset was off, and was not.
    """

    __slots__ = (
        "echoed",
        "in_time",
        "mute_since",
        "skewed",
        "tick_mark",
        "unechoed",
        "unechoed_at",
    )

    def __init__(self) -> None:
        self.unechoed = 0
        self.unechoed_at = -INF
        self.mute_since = -INF
        self.tick_mark = 0
        self.echoed = 0
        self.skewed = 0
        self.in_time = 0


class Host:
    """One host: who it is, how alive it is, and the last that it said."""

    __slots__ = (
        "address",
        "allowance_s",
        "beat_seq",
        "birth",
        "birth_asked_at",
        "boot",
        "boot_heard_at",
        "cause",
        "checks",
        "clock_offset_s",
        "closed_at",
        "deadline",
        "death",
        "evidence_at",
        "evidence_wall",
        "excused_until",
        "former_boots",
        "held_until",
        "is_gateway",
        "is_listed",
        "is_replaced",
        "lateness",
        "margin_s",
        "missed",
        "name",
        "presence",
        "probe_port",
        "problems",
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
        "stock_margin_s",
        "thin_margin_s",
        "venue",
        "was_up",
        "will_due",
    )

    def __init__(  # noqa: PLR0913 - what the inventory says, each with its name
        self,
        venue: str,
        name: str,
        *,
        margin_s: float,
        stock_margin_s: float | None = None,
        role: str = "",
        place: Place | None = None,
        is_listed: bool = True,
        state: HostState = HostState.UNKNOWN,
    ) -> None:
        self.venue = venue
        self.name = name
        self.role = role
        self.address, self.probe_port, self.is_gateway = place or Place()
        self.is_listed = is_listed
        self.margin_s = margin_s
        self.thin_margin_s = margin_s
        self.stock_margin_s = margin_s if stock_margin_s is None else stock_margin_s
        self.lateness = Lateness()

        self.boot = ""
        self.boot_heard_at = -INF
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
        self.held_until = -INF
        self.excused_until = -INF
        self.closed_at: float | None = None
        self.steady = 0
        self.former_boots: tuple[str, ...] = ()
        self.presence = Presence()
        self.problems: dict[str, str] = {}

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
    def interval_s(self) -> float:
        """How often (s) it beats, as far as we know."""
        return self.allowance_s - self.margin_s

    @property
    def expected_at(self) -> float:
        """When the evidence was expected whose lack passes ``deadline``; credits included."""
        return self.deadline - self.margin_s

    @property
    def announced_allowance_s(self) -> float:
        """The announced interval and the margin; 0 as long as no birth is known."""
        return 0.0 if self.birth is None else self.birth.interval_s + self.margin_s

    def margin_announced_by(self, birth: Birth) -> float:
        """Return by how much (s) a beat may be late, over the connection that a birth tells of."""
        return self.stock_margin_s if birth.stock_tcp else self.thin_margin_s

    @property
    def counts_as_up(self) -> bool:
        """Whether the host is up or late, or was when we last could tell."""
        return (
            self.state is HostState.UP
            or self.state is HostState.LATE
            or (self.state is HostState.UNKNOWN and self.was_up)
        )


class Venue:
    """One venue, and how many of its hosts are in which state.

    ``bridge``: when (monotonic s) its broker's bridge last said whether it is connected, and what;
    None without one. ``problems``: the causes of its open incidents, by scope.
    """

    __slots__ = (
        "bridge",
        "code",
        "counts",
        "hosts",
        "lateness",
        "margin_s",
        "name",
        "problems",
        "stock_margin_s",
        "timezone",
        "town",
        "unlisted",
    )

    def __init__(
        self,
        code: str,
        *,
        margin_s: float,
        stock_margin_s: float | None = None,
        name: str = "",
        town: str = "",
        timezone: str = "",
    ) -> None:
        self.code = code
        self.name = name
        self.town = town
        self.timezone = timezone
        self.margin_s = margin_s
        self.stock_margin_s = margin_s if stock_margin_s is None else stock_margin_s
        self.hosts: dict[str, Host] = {}
        self.counts: dict[HostState, int] = dict.fromkeys(HostState, 0)
        self.unlisted = 0
        self.lateness = Lateness()
        self.problems: dict[str, str] = {}
        self.bridge: tuple[float, bool] | None = None


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
        venue = self.venues[host.venue]
        venue.counts[host.state] += 1
        host.lateness = venue.lateness
