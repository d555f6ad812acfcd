"""Draws the venues as one table that updates in place on a terminal."""

import math
from collections.abc import Iterable, Sequence

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.states import ALIVE, HostState, VenueState

_STYLES = {
    VenueState.OK: "green",
    VenueState.DEGRADED: "bold red",
    VenueState.UNREACHABLE: "bold red",
    VenueState.UNKNOWN: "dim",
    VenueState.UNSEEN: "dim",
    VenueState.AWAY: "blue",
}
_MARKS = {
    HostState.DOWN: "down",
    HostState.UNREACHABLE: "unreachable",
    HostState.LATE: "late",
    HostState.AWAY: "away",
    HostState.UNSEEN: "unseen",
    HostState.UNKNOWN: "unknown",
}
_AROUND = 9  # lines that headings, addresses and events take
_COLUMN_WIDTH = 58


def up_and_expected(fleet: Fleet) -> tuple[int, int]:
    """Return how many hosts live, and how many are expected."""
    venues = fleet.venues.values()
    up = sum(venue.counts[state] for venue in venues for state in ALIVE)
    return up, len(fleet)


def view(
    fleet: Fleet, console: Console, *, heading: Sequence[str], events: Iterable[str]
) -> RenderableType:
    """Return the whole screen: what it is, the venues in as many columns as fit, the last news."""
    venues = list(fleet.venues.values())
    rows = max(5, console.height - _AROUND)
    columns = min(math.ceil(len(venues) / rows), max(1, console.width // _COLUMN_WIDTH))
    size = math.ceil(len(venues) / columns)
    tables = [_table(venues[at : at + size]) for at in range(0, len(venues), size)]
    up, expected = up_and_expected(fleet)
    return Group(
        *(Text(line) for line in heading),
        Text(f"{up} of {expected} hosts up at {len(venues)} venues", style="bold"),
        Columns(tables, padding=(0, 2)),
        *(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in events),
    )


def _table(venues: Sequence[Venue]) -> Table:
    table = Table(box=None, padding=(0, 1), show_edge=False, header_style="bold")
    table.add_column("venue", no_wrap=True)
    table.add_column("town", no_wrap=True, max_width=17, overflow="ellipsis")
    table.add_column("state", no_wrap=True)
    table.add_column("up", justify="right", no_wrap=True)
    table.add_column("rtt", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, max_width=14, overflow="ellipsis")
    for venue in venues:
        state = venue.state
        alive = sum(venue.counts[up] for up in ALIVE)
        table.add_row(
            venue.code,
            venue.town,
            Text(state, style=_STYLES[state]),
            f"{alive}/{len(venue.hosts)}",
            _round_trip(venue),
            ", ".join(f"{venue.counts[s]} {word}" for s, word in _MARKS.items() if venue.counts[s]),
        )
    return table


def _round_trip(venue: Venue) -> str:
    """Return the median round trip of the venue's living hosts, in ms."""
    found = sorted(
        host.round_trip_s
        for host in venue.hosts.values()
        if host.state in ALIVE and host.round_trip_s is not None
    )
    return f"{found[len(found) // 2] * 1000:.0f} ms" if found else ""
