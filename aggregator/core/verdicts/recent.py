"""Hang-ups of the last second: of how many venues they are. Times are monotonic seconds."""

from collections import deque

from aggregator.core.host import Host

PAIR = 2


class RecentHangUps:
    """The hang-ups of the last second.

    Attributes:
        by_venue: of which hosts; ``waiting``: those of no case since.
        least_of_fleet: how many hosts make a case of several venues.
    """

    __slots__ = ("_at", "_counted", "_order", "_votes", "by_venue", "least_of_fleet", "waiting")

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._order: deque[tuple[float, Host]] = deque()
        self.by_venue: dict[str, dict[str, Host]] = {}
        self.waiting: dict[str, dict[str, Host]] = {}
        self._votes: dict[str, int] = {}
        self._counted = 0
        self.least_of_fleet = 0

    def __contains__(self, name: str) -> bool:
        return name in self._at

    def __bool__(self) -> bool:
        return bool(self._at)

    def add(self, host: Host, now: float) -> None:
        """Note a hang-up; of two of one host within the second the first counts."""
        if host.name in self._at:
            return
        self._at[host.name] = now
        self._order.append((now, host))
        self.by_venue.setdefault(host.venue, {})[host.name] = host
        self.waiting.setdefault(host.venue, {})[host.name] = host
        self._count(host, 1)

    def take_waiting(self, venue: str | None) -> list[Host]:
        """Hand over, once, the hosts that are of no case since, of one venue or of all."""
        if venue is not None:
            return list(self.waiting.pop(venue, {}).values())
        taken = [host for of_venue in self.waiting.values() for host in of_venue.values()]
        self.waiting.clear()
        return taken

    def forget_until(self, at: float) -> None:
        """Forget all that came before ``at``."""
        while self._order and self._order[0][0] < at:
            when, host = self._order.popleft()
            if self._at.get(host.name) == when:
                self.drop(host)

    def drop(self, host: Host) -> None:
        """Forget one that is known."""
        del self._at[host.name]
        for hosts in (self.by_venue, self.waiting):
            of_venue = hosts.get(host.venue, {})
            of_venue.pop(host.name, None)
            if not of_venue:
                hosts.pop(host.venue, None)
        self._count(host, -1)

    def is_of_many_venues(self) -> bool:
        """Tell whether these are a case of several venues: it takes two outside any one of them."""
        votes = self._votes
        if len(votes) < PAIR or self._counted < self.least_of_fleet:
            return False
        return len(votes) > PAIR or min(votes.values()) >= PAIR

    def _count(self, host: Host, by: int) -> None:
        if not host.is_listed:
            return
        self._counted += by
        votes = self._votes.get(host.venue, 0) + by
        if votes:
            self._votes[host.venue] = votes
        else:
            self._votes.pop(host.venue, None)
