"""Sights of changes on open pages: how long each change took to be seen, and which was never."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_TILE: Final = re.compile(
    rb'<li id="v-([^"]+)" class="t l-(\w+)".*?aria-label="Hosts: ([^"]*)"', re.DOTALL
)
_AWAY: Final = re.compile(r"(\d+) away")


class Sight(NamedTuple):
    """What a page showed of a venue from ``at`` on (s since 1970).

    ``text``: how loud its tile is, and its hosts: ``ok: 1 away, 38 up``.
    """

    venue: str
    text: str
    at: float

    @property
    def away(self) -> int:
        """How many hosts have left in order."""
        found = _AWAY.search(self.text)
        return int(found[1]) if found else 0


class Change(NamedTuple):
    """A change ``at`` a moment (s since 1970), after which so many hosts of a venue are away."""

    venue: str
    away: int
    is_leaving: bool
    at: float

    def is_shown_by(self, sight: Sight) -> bool:
        """Tell whether a page that shows this has seen the change; more may have come since."""
        if sight.at < self.at:
            return False
        return sight.away >= self.away if self.is_leaving else sight.away <= self.away


class Turn(NamedTuple):
    """A venue's incident that opened or closed ``at`` a moment: then it is loud, or well."""

    venue: str
    is_loud: bool
    at: float

    def is_shown_by(self, sight: Sight) -> bool:
        """Tell whether a page that shows this has seen it."""
        return sight.at >= self.at and sight.text.startswith("critical") is self.is_loud


class Delays(NamedTuple):
    """How long (s) changes took to be seen, sorted; ``missed``: how many never were."""

    delays_s: Sequence[float]
    missed: int

    def at(self, share: float) -> float | None:
        """Return a percentile, as 0.99; None without any."""
        if not self.delays_s:
            return None
        return self.delays_s[min(len(self.delays_s) - 1, int(share * len(self.delays_s)))]


def delays_of(changes: Iterable[Change | Turn], sights: Iterable[Sight]) -> Delays:
    """Return how long one page took to show each change."""
    by_venue: dict[str, list[Sight]] = defaultdict(list)
    for sight in sights:
        by_venue[sight.venue].append(sight)
    found: list[float] = []
    missed = 0
    for change in changes:
        shown = next((each for each in by_venue[change.venue] if change.is_shown_by(each)), None)
        if shown is None:
            missed += 1
        else:
            found.append(shown.at - change.at)
    return Delays(sorted(found), missed)


def together(found: Sequence[Delays]) -> Delays:
    """Return the delays of several pages as one."""
    delays_s = sorted(delay for each in found for delay in each.delays_s)
    return Delays(delays_s, sum(each.missed for each in found))


def tiles_of(html: bytes) -> list[tuple[str, str]]:
    """Return the code and the text of each venue's tile."""
    return [
        (venue.decode(), f"{level.decode()}: {hosts.decode()}")
        for venue, level, hosts in _TILE.findall(html)
    ]
