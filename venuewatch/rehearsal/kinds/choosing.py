"""Chooses the venues and hosts that a kind's targets are in a fleet, by seed.

1. A target is in the scenario's venue, in ``venues`` of which that is the first, or in others.
2. In each venue it takes so many hosts of its roles. No two targets take the same host, unless one
   is ``on`` the other.
3. Where a venue lacks what a target needs, the scenario can't be played there.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aggregator.core.verdicts.venue import QUORUM
from aggregator.inventory import HostEntry, Inventory, VenueEntry
from venuewatch.rehearsal.fleet import checks_of
from venuewatch.rehearsal.kinds.model import Target


class CannotPlay(Exception):  # noqa: N818 - it is no fault of anybody's
    """A venue or fleet lacks what a kind needs; its text is the reason."""


class Hit(NamedTuple):
    """One thing that is hit; no ``host``: the whole venue."""

    venue: VenueEntry
    host: str = ""
    check: str = ""


def choose(
    targets: Mapping[str, Target], inventory: Inventory, venue: str, rng: random.Random
) -> dict[str, tuple[Hit, ...]]:
    """Return what each target is.

    Raises:
        CannotPlay: the venue, or the fleet, lacks something.
    """
    here = next((entry for entry in inventory.venue if entry.code == venue), None)
    if here is None:
        raise CannotPlay(f"the inventory has no venue {venue}")
    chosen: dict[str, tuple[Hit, ...]] = {}
    taken: set[str] = set()
    for name, target in targets.items():
        where = _venues_of(target, inventory, here, rng)
        if target.on:
            chosen[name] = _on(target, chosen.get(target.on, ()), here)
            continue
        hits = [hit for entry in where for hit in _hits(target, entry, taken, rng)]
        chosen[name] = tuple(hits)
        taken |= {hit.host for hit in hits if hit.host}
    return chosen


def _venues_of(
    target: Target, inventory: Inventory, here: VenueEntry, rng: random.Random
) -> Sequence[VenueEntry]:
    """Return the venues of a target, the scenario's own first where it is one of them."""
    count = target.venues
    if target.venues_share is not None:
        count = max(1, math.floor(target.venues_share * len(inventory.venue)))
    reason = None if target.is_elsewhere else lacks(target, here)
    if reason is not None:
        raise CannotPlay(reason)
    if count == 1 and not target.is_elsewhere:
        return [here]
    others = [
        entry for entry in inventory.venue if entry is not here and lacks(target, entry) is None
    ]
    if target.is_elsewhere:
        return _sample(others, count, rng)
    return [here, *_sample(others, count - 1, rng)]


def _sample(venues: Sequence[VenueEntry], count: int, rng: random.Random) -> Sequence[VenueEntry]:
    if len(venues) < count:
        raise CannotPlay(
            f"{count} other venues that will do are needed, and there are {len(venues)}"
        )
    return rng.sample(venues, count)


def lacks(target: Target, venue: VenueEntry) -> str | None:
    """Return what a venue lacks to be, or to have, a target; None if nothing."""
    if target.links and venue.link not in target.links:
        return f"its link is {venue.link}, not {' or '.join(target.links)}"
    if len(venue.host) < target.least_hosts:
        return f"it has {len(venue.host)} hosts, and needs {target.least_hosts}"
    if target.scope == "venue" or target.on:
        return None
    found, needed = len(_candidates(target, venue)), count_of(target, venue)
    if found < needed or not found:
        return f"it has {found} hosts {_described(target)}, and needs {max(1, needed)}"
    if target.is_minority and needed >= QUORUM * len(venue.host):
        return f"{needed} of its {len(venue.host)} hosts would be most of it"
    return None


def _described(target: Target) -> str:
    if target.roles:
        return f"of {' or '.join(target.roles)}"
    return f"with the check {target.check}" if target.check else "beside its gateway"


def count_of(target: Target, venue: VenueEntry) -> int:
    """Return how many hosts of a venue a target takes."""
    if target.share is not None:
        return max(1, math.floor(target.share * len(venue.host)))
    if target.hosts == "all":
        return len(_candidates(target, venue))
    return target.hosts


def _candidates(target: Target, venue: VenueEntry) -> list[HostEntry]:
    found: Iterable[HostEntry] = venue.host
    if target.roles:
        found = (host for host in found if host.role in target.roles)
    elif target.check:
        found = (
            host
            for host in found
            if any(check.name == target.check for check in checks_of(host, venue))
        )
    elif target.share is None and target.hosts != "all":
        found = (host for host in found if not host.gateway)
    return list(found)


def _hits(target: Target, venue: VenueEntry, taken: set[str], rng: random.Random) -> Iterable[Hit]:
    if target.scope == "venue":
        return [Hit(venue)]
    free = [host for host in _candidates(target, venue) if host.name not in taken]
    count = count_of(target, venue)
    if len(free) < count or not free:
        raise CannotPlay(f"{venue.code} has {len(free)} hosts left, and needs {max(1, count)}")
    picked = free if count == len(free) else rng.sample(free, count)
    return [Hit(venue, host.name, target.check) for host in picked]


def _on(target: Target, hits: Iterable[Hit], here: VenueEntry) -> tuple[Hit, ...]:
    """Return the checks on the hosts of another target.

    Raises:
        CannotPlay: one of these hosts has no such check.
    """
    found = []
    for hit in hits:
        host = next(host for host in hit.venue.host if host.name == hit.host)
        if all(check.name != target.check for check in checks_of(host, hit.venue)):
            raise CannotPlay(f"{hit.host} has no check {target.check}")
        found.append(Hit(hit.venue, hit.host, target.check))
    if not found:
        raise CannotPlay(f"{here.code} has no host with the check {target.check}")
    return tuple(found)
