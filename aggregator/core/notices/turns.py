"""Turns: venues take turns, then the hosts of a venue, then the incidents of a host.

So a venue with a thousand incidents holds up none with a single one.
"""

from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Owner(NamedTuple):
    """Whose notice it is: a host, a venue (no host), or the centre (neither)."""

    venue: str = ""
    host: str = ""


def _always(_: object) -> bool:
    return True


class Turns(Generic[Item]):
    """Items that wait for their turn, as the numbers of incidents."""

    def __init__(self) -> None:
        self._venues: dict[str, dict[str, dict[Item, None]]] = {}

    def __bool__(self) -> bool:
        return bool(self._venues)

    def add(self, owner: Owner, item: Item) -> None:
        """Put an item behind all others of its owner."""
        hosts = self._venues.setdefault(owner.venue, {})
        hosts.setdefault(owner.host, {})[item] = None

    def discard(self, owner: Owner, item: Item) -> None:
        """Take an item out, if it waits here."""
        hosts = self._venues.get(owner.venue, {})
        items = hosts.get(owner.host, {})
        if item in items:
            del items[item]
            if not items:
                del hosts[owner.host]
            if not hosts:
                del self._venues[owner.venue]

    def take(
        self,
        *,
        is_venue_free: Callable[[str], bool] = _always,
        is_free: Callable[[Owner], bool] = _always,
        is_ready: Callable[[Item], bool] = _always,
    ) -> Item | None:
        """Return the item whose turn it is, and take it out; None if none may go now.

        Its venue and host are last from now on.
        """
        for venue, hosts in self._venues.items():
            if not is_venue_free(venue):
                continue
            for host, items in hosts.items():
                if not is_free(Owner(venue, host)):
                    continue
                item = next(filter(is_ready, items), None)
                if item is not None:
                    self._take(venue, host, item)
                    return item
        return None

    def _take(self, venue: str, host: str, item: Item) -> None:
        hosts = self._venues.pop(venue)
        items = hosts.pop(host)
        del items[item]
        if items:
            hosts[host] = items
        if hosts:
            self._venues[venue] = hosts
