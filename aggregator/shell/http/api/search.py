"""Search: venues, hosts and incidents by what people type.

A search looks through codes, names, towns, roles and addresses, without regard for case and
accents. A number finds its incident. What begins with the text comes before what contains it.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, NamedTuple

import msgspec

from aggregator.core.fleet import Venue
from aggregator.core.host import Host
from aggregator.core.incidents.alerts import description_of
from aggregator.core.incidents.record import Incident
from aggregator.shell.http.api.paging import number_of

FOUND_MAX = 50
"""How many are found at most, the best first."""


class FoundView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found.

    ``name``: its name for people; of an incident its sentence. ``state``: as the venue or the
    host has it; of an incident ``open`` or ``closed``. ``path``: its page.
    """

    kind: Literal["venue", "host", "incident"]
    id: str
    name: str
    venue: str
    state: str
    path: str


class FoundPage(msgspec.Struct, frozen=True):
    """What was found, the best first. ``more``: there is more than that."""

    found: tuple[FoundView, ...]
    more: bool


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``q``: the text to look for."""

    q: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class _Hit(NamedTuple):
    rank: int
    order: int
    id: str
    found: FoundView


def search(
    text: str, venues: Iterable[Venue], hosts: Iterable[Host], incidents: Iterable[Incident]
) -> FoundPage:
    """Return what ``text`` finds."""
    wanted = _plain(text.strip())
    if not wanted:
        return FoundPage((), more=False)
    hits = sorted(
        (
            *_incident_hits(wanted, incidents),
            *_venue_hits(wanted, venues),
            *_host_hits(wanted, hosts),
        ),
        key=lambda hit: hit[:3],
    )
    return FoundPage(tuple(hit.found for hit in hits[:FOUND_MAX]), more=len(hits) > FOUND_MAX)


def _incident_hits(wanted: str, incidents: Iterable[Incident]) -> Iterator[_Hit]:
    number = number_of(wanted.removeprefix("#"))
    for incident in incidents:
        if incident.number == number:
            found = FoundView(
                kind="incident",
                id=str(number),
                name=description_of(incident),
                venue=incident.subject.venue,
                state="open" if incident.closed_at is None else "closed",
                path=f"/incidents/{number}",
            )
            yield _Hit(0, 0, found.id, found)


def _venue_hits(wanted: str, venues: Iterable[Venue]) -> Iterator[_Hit]:
    for venue in venues:
        rank = _rank(wanted, venue.code, venue.name, venue.town)
        if rank is not None:
            found = FoundView(
                kind="venue",
                id=venue.code,
                name=venue.name,
                venue=venue.code,
                state=venue.state,
                path=f"/venues/{venue.code}",
            )
            yield _Hit(rank, 1, venue.code, found)


def _host_hits(wanted: str, hosts: Iterable[Host]) -> Iterator[_Hit]:
    for host in hosts:
        rank = _rank(wanted, host.name, host.role, host.address)
        if rank is not None:
            found = FoundView(
                kind="host",
                id=host.name,
                name=host.role,
                venue=host.venue,
                state=host.state,
                path=f"/hosts/{host.name}",
            )
            yield _Hit(rank, 2, host.name, found)


def _rank(wanted: str, *texts: str) -> int | None:
    """Return how well the first text, the id, or else another one matches; None if none does."""
    ranks = [_rank_in(wanted, _plain(text)) for text in texts if text]
    known = [rank + (2 if place else 0) for place, rank in enumerate(ranks) if rank is not None]
    return min(known, default=None)


def _rank_in(wanted: str, text: str) -> int | None:
    if text == wanted:
        return 0
    if text.startswith(wanted):
        return 1
    return 3 if wanted in text else None


def _plain(text: str) -> str:
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if not unicodedata.combining(each)).casefold()
