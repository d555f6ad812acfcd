"""Fleet and venues: plain state of all that is known, no decisions.

Every host of the inventory is here from the start, before it ever speaks, and stays for as long
as it is expected. Times without a suffix are monotonic seconds.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from aggregator.core.host import INF, Host, copied_hosts, copied_lateness
from aggregator.core.margins import Lateness
from aggregator.core.states import HostState, VenueState, venue_state


class Venue:
    """One venue, and how many of its hosts are in which state.

    ``bridge``: when (monotonic s) its broker's bridge last said whether it is connected, and what;
    None without one. ``problems``: the causes of its open incidents, by scope; ``check_problems``:
    of those of a check on most of its hosts. ``check_incidents``: the numbers of all open ones of
    checks and feeds, of its hosts, too. ``group``: with which venues people see it. ``position``:
    its latitude and longitude in degrees.
    """

    __slots__ = (
        "bridge",
        "check_incidents",
        "check_problems",
        "code",
        "counts",
        "group",
        "hosts",
        "lateness",
        "margin_s",
        "name",
        "position",
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
        self.name, self.town, self.timezone = name, town, timezone
        self.group = ""
        self.position: tuple[float, float] | None = None
        self.margin_s = margin_s
        self.stock_margin_s = margin_s if stock_margin_s is None else stock_margin_s
        self.hosts: dict[str, Host] = {}
        self.counts: dict[HostState, int] = dict.fromkeys(HostState, 0)
        self.unlisted = 0
        self.lateness = Lateness()
        self.problems: dict[str, str] = {}
        self.check_problems: dict[tuple[str, str], str] = {}
        self.check_incidents: set[int] = set()
        self.bridge: tuple[float, bool] | None = None

    def describe_as(self, other: "Venue") -> None:
        """Take over what the inventory says of ``other``."""
        self.name, self.town, self.timezone = other.name, other.town, other.timezone
        self.group, self.position = other.group, other.position
        self.stock_margin_s = other.stock_margin_s
        self.margin_s = other.margin_s if self.bridge is None else other.stock_margin_s

    @property
    def state(self) -> VenueState:
        """How it stands: by its hosts, and by open incidents of checks and feeds."""
        return venue_state(self.counts, has_failed_check=bool(self.check_incidents))

    def __deepcopy__(self, memo: dict[int, Any]) -> "Venue":
        """Return an independent copy."""
        copied = object.__new__(Venue)
        memo[id(self)] = copied
        for name in Venue.__slots__:
            setattr(copied, name, getattr(self, name))
        copied.lateness = copied_lateness(self.lateness, memo)
        for name in ("counts", "problems", "check_problems", "check_incidents"):
            setattr(copied, name, getattr(self, name).copy())
        copied.hosts = copied_hosts(self.hosts, memo)
        return copied


class Fleet:
    """Every venue by code and every host by name; host names are unique in the whole fleet.

    ``heard_at``: when (monotonic s) the latest beat of any host came; -INF before the first.
    """

    def __init__(self, venues: Iterable[Venue] = ()) -> None:
        self.venues = {venue.code: venue for venue in venues}
        self._hosts: dict[str, Host] = {}
        self.heard_at = -INF
        for venue in self.venues.values():
            for host in venue.hosts.values():
                self._take_name(host)

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    def __len__(self) -> int:
        return len(self._hosts)

    def named(self, name: str) -> Host:
        """Return the host of that name, which is there.

        Raises:
            KeyError: it is not.
        """
        return self._hosts[name]

    def find(self, name: str) -> Host | None:
        """Return the host of that name, at whichever venue."""
        return self._hosts.get(name)

    def has(self, venue: str, host: str = "") -> bool:
        """Tell whether a host is watched at that venue, or the venue itself; "" is always."""
        if not host:
            return not venue or venue in self.venues
        known = self._hosts.get(host)
        return known is not None and known.venue == venue

    def add(self, host: Host) -> None:
        """Take in a host of a known venue.

        Raises:
            ValueError: the name is taken; names are unique in the whole fleet.
        """
        self._take_name(host)
        self.venues[host.venue].hosts[host.name] = host

    def remove(self, host: Host) -> None:
        """Forget a host; of its venue, too."""
        venue = self.venues[host.venue]
        venue.counts[host.state] -= 1
        venue.unlisted -= not host.is_listed
        del venue.hosts[host.name], self._hosts[host.name]

    def pieces(self, hosts: int = 1_000) -> Iterator[Sequence[object]]:
        """Yield the parts of a copy: each is small once those before it are copied."""
        everyone = list(self)
        for first in range(0, len(everyone), hosts):
            yield everyone[first : first + hosts]
        yield list(self.venues.values())
        yield (self,)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Fleet":
        """Return an independent copy."""
        copied = object.__new__(Fleet)
        memo[id(self)] = copied
        copied.venues = {code: copy.deepcopy(venue, memo) for code, venue in self.venues.items()}
        copied._hosts = copied_hosts(self._hosts, memo)
        copied.heard_at = self.heard_at
        return copied

    def _take_name(self, host: Host) -> None:
        if self._hosts.setdefault(host.name, host) is not host:
            raise ValueError(f"two hosts are called {host.name}")
        venue = self.venues[host.venue]
        venue.counts[host.state] += 1
        host.lateness = venue.lateness
