"""Places of hosts that the inventory does not list: so many a venue, and who gets the next one.

1. A name that no inventory has gets a place with its first live beat, while one is free.
2. Silent for ``FREE_AFTER_S``, and overdue, it is forgotten: its place is free.
3. When all places are taken, a name waits. Once it has beaten for ``PROVED_S`` it takes the place
   of the name that beat for the shortest time: so names that were invented, each for a beat or
   two, keep no genuine new host out. One place a venue changes hands each second.
4. What waits is bounded, too. The name that was silent for longest makes room, if that was long.

Names with a place are watched like other hosts, but have no vote on their venue (``verdicts/
venue.py``). Times are monotonic seconds.
"""

import copy
from collections import Counter, OrderedDict
from typing import Any, NamedTuple

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.host import INF, Host
from aggregator.core.states import HostState
from venuewatch.base.wire.errors import MalformedMessageError, Reason
from venuewatch.base.wire.topics import Address

UNLISTED_MAX = 100
"""How many hosts that the inventory does not list are watched at one venue."""

FREE_AFTER_S = 60.0
PROVED_S = 10.0
WAITING_MAX = 1_024
_NOT_FREED = frozenset({HostState.UP, HostState.UNKNOWN})


class _Beaten(NamedTuple):
    """When (s) a name beat first, and last."""

    first: float
    last: float


class Unlisted:
    """The names without a line in the inventory.

    Attributes:
        refused: beats of names that found no place, by venue.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._began: dict[str, float] = {}
        self._waiting: dict[str, OrderedDict[str, _Beaten]] = {}
        self.refused: Counter[str] = Counter()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Unlisted":
        """Return an independent copy."""
        copied = memo[id(self)] = Unlisted(copy.deepcopy(self._fleet, memo))
        copied._began = self._began.copy()
        copied._waiting = {venue: names.copy() for venue, names in self._waiting.items()}
        copied.refused = self.refused.copy()
        return copied

    def waiting(self, venue: str) -> int:
        """Return how many names wait for a place at a venue."""
        return len(self._waiting.get(venue, ()))

    def admit(self, address: Address, now: float) -> Host:
        """Return the host of a name that beat for the first time since it has no place.

        Raises:
            MalformedMessageError: no place is free.
        """
        venue = self._fleet.venues[address.venue]
        if venue.unlisted < UNLISTED_MAX:
            names = self._waiting.get(venue.code)
            beaten = None if names is None else names.pop(address.host, None)
            return self._place(venue, address.host, now if beaten is None else beaten.first)
        self.refused[venue.code] += 1
        self._note(self._waiting.setdefault(venue.code, OrderedDict()), address.host, now)
        raise MalformedMessageError(
            Reason.TOO_MANY_UNLISTED, f"{venue.code} has {UNLISTED_MAX} unlisted hosts already"
        )

    def settle(self, now: float) -> list[Host]:
        """Free places, and give them to names that wait; return the hosts that lost theirs.

        To be called each second. They are in the fleet no more.
        """
        gone = []
        for name in list(self._began):
            host = self._fleet.find(name)
            if host is None or host.is_listed:
                del self._began[name]
            elif _is_over(host, now):
                gone.append(self._remove(host))
        for code, names in list(self._waiting.items()):
            venue = self._fleet.venues.get(code)
            while names and next(iter(names.values())).last < now - FREE_AFTER_S:
                names.popitem(last=False)
            if venue is None or not names:
                del self._waiting[code]
                continue
            proved = next(
                (name for name, it in names.items() if it.last - it.first >= PROVED_S), ""
            )
            if proved:
                if venue.unlisted >= UNLISTED_MAX:
                    gone.append(self._remove(self._shortest(venue)))
                self._place(venue, proved, names.pop(proved).first)
        return gone

    def _place(self, venue: Venue, name: str, first: float) -> Host:
        venue.unlisted += 1
        host = Host(
            venue.code,
            name,
            margin_s=venue.margin_s,
            stock_margin_s=venue.stock_margin_s,
            is_listed=False,
            state=HostState.UNSEEN,
        )
        host.since = first
        self._fleet.add(host)
        self._began[name] = first
        return host

    def _remove(self, host: Host) -> Host:
        del self._began[host.name]
        host.queued_at = INF
        self._fleet.remove(host)
        return host

    def _shortest(self, venue: Venue) -> Host:
        """Return the unlisted host of a venue that beat for the shortest time, and is silent."""
        return min(
            (host for host in venue.hosts.values() if not host.is_listed),
            key=lambda host: (self._beaten_s(host), host.evidence_at or -INF),
        )

    def _beaten_s(self, host: Host) -> float:
        began = self._began.get(host.name)
        return 0.0 if began is None or host.evidence_at is None else host.evidence_at - began

    @staticmethod
    def _note(names: OrderedDict[str, _Beaten], name: str, now: float) -> None:
        known = names.pop(name, None)
        if known is None and len(names) >= WAITING_MAX:
            oldest = next(iter(names))
            if now - names[oldest].last < PROVED_S:
                return
            del names[oldest]
        is_new = known is None or now - known.last > FREE_AFTER_S
        names[name] = _Beaten(now if is_new or known is None else known.first, now)


def _is_over(host: Host, now: float) -> bool:
    """Tell whether a host has been silent for so long that its place is free."""
    heard_at = host.since if host.evidence_at is None else host.evidence_at
    return host.state not in _NOT_FREED and now >= heard_at + FREE_AFTER_S
