"""Draws the demo's screen: what is not well first, then as much of the rest as fits.

What is not well has a row of its own, the worst first, with its sentence. All other venues are
cells of a code and a count; on a screen with room they are rows, too. If even the cells do not fit,
the last of them says how many are left out.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.incidents.alerts import Severity
from aggregator.core.incidents.record import Incident
from aggregator.core.states import ALIVE, HostState, VenueState
from aggregator.shell.http.api import standing
from aggregator.shell.http.api.standing import Standing
from aggregator.shell.walltime import WallTime
from venuewatch.base.config import one_line

_RANK = {severity: at for at, severity in enumerate(Severity)}
_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}
_MARKS = {Severity.CRITICAL: "!", Severity.WARNING: "~", Severity.INFO: "-"}
_WORST_FIRST = (
    VenueState.UNREACHABLE,
    VenueState.DEGRADED,
    VenueState.UNKNOWN,
    VenueState.UNSEEN,
    VenueState.AWAY,
    VenueState.OK,
)
_CELL_GAP = 2
_NARROW = 60  # columns; below this cells stand closer
_TOWN_WIDTH = 14
_ROW_GAP = 3
_SENTENCE_LEAST = 24  # columns; below this it stands on lines of its own


class Screen(NamedTuple):
    """The size of the terminal, in cells."""

    width: int
    height: int


class Around(NamedTuple):
    """What stands around the venues. ``notes`` are kept before ``events`` where room is short."""

    heading: Sequence[str] = ()
    notes: Sequence[str] = ()
    keys: Sequence[tuple[str, bool]] = ()
    events: Iterable[str] = ()


def up_and_expected(fleet: Fleet) -> tuple[int, int]:
    """Return how many hosts live, and how many are expected."""
    venues = fleet.venues.values()
    up = sum(venue.counts[state] for venue in venues for state in ALIVE)
    return up, len(fleet)


def view(
    fleet: Fleet,
    incidents: Collection[Incident],
    wall: WallTime,
    screen: Screen,
    around: Around,
) -> list[Text]:
    """Return the lines of the screen: at most as many as it has, none wider than it is.

    ``incidents``: the open ones. ``wall`` tells the times of what is told.
    """
    width = screen.width
    up, expected = up_and_expected(fleet)
    count = f"{up} of {expected} hosts up at {len(fleet.venues)} venues"
    top = [*_folded(around.heading, width), Text(count[:width], style="bold")]
    bottom = [*_folded(around.notes, width, style="yellow"), *_key(around.keys, width)]
    room = max(1, screen.height - 1 - len(top) - len(bottom))
    rows, others = _problems(fleet, incidents, wall, width)
    shown = _most(rows, room if not others else max(1, room - 1))
    room -= len(shown)
    shown += _others(others, width, room) if room > 0 else []
    room = screen.height - 1 - len(top) - len(bottom) - len(shown)
    events = [_cut(Text(one_line(line), style="dim"), width) for line in around.events]
    return [*top, *shown, *bottom, *(events[-room:] if room > 0 else [])][: screen.height]


def _problems(
    fleet: Fleet, incidents: Collection[Incident], wall: WallTime, width: int
) -> tuple[list[list[Text]], list[Venue]]:
    """Return the lines of each row, the worst first, and the venues that have none."""
    at: dict[str, list[Incident]] = {}
    for incident in incidents:
        at.setdefault(incident.subject.venue, []).append(incident)
    told = [
        (standing.of_venue(venue, at.get(venue.code, []), wall), venue)
        for venue in fleet.venues.values()
    ]
    with_row = [(its, venue) for its, venue in told if _has_row(its, venue)]
    with_row.sort(key=lambda each: (_urgency(each[0]), each[1].code))
    centre = standing.of_centre("", at.get("", []), None, wall)
    rows = [] if centre.sentence is None else [_row(centre, "centre", "", at.get("", []), width)]
    rows += [
        _row(its, venue.code, _up(venue), at.get(venue.code, []), width) for its, venue in with_row
    ]
    others = [venue for its, venue in told if not _has_row(its, venue)]
    others.sort(key=lambda venue: _WORST_FIRST.index(venue.state))
    return rows, others


def _has_row(told: Standing, venue: Venue) -> bool:
    """Tell whether a venue has a row: one that is only still to be heard is one of many."""
    if told.incident is None and venue.state in {VenueState.UNKNOWN, VenueState.UNSEEN}:
        return False
    return told.severity is not None


def _urgency(told: Standing) -> tuple[int, float]:
    rank = len(_RANK) if told.severity is None else _RANK[told.severity]
    return rank, math.inf if told.since is None else told.since


def _sentence(told: Standing, incidents: Sequence[Incident]) -> str:
    """Return what is told, with its cause before it, if that is known."""
    cause = "".join(f"{one.cause}: " for one in incidents if one.number == told.incident)
    more = f" (and {len(incidents) - 1} more)" if len(incidents) > 1 else ""
    return f"{cause}{told.sentence}{more}"


def _row(
    told: Standing, code: str, up: str, incidents: Sequence[Incident], width: int
) -> list[Text]:
    severity, said = told.severity or Severity.INFO, _sentence(told, incidents)
    head = f"{_MARKS[severity]} {code:<4} {up:>5}  "
    beside = width - len(head)
    style = _STYLES[severity]
    if beside >= _SENTENCE_LEAST:
        first, *more = _wrapped(one_line(said), beside)
        lines = [head + first, *(" " * len(head) + line for line in more)]
    else:
        lines = [head.rstrip(), *("  " + line for line in _wrapped(one_line(said), width - 2))]
    return [_cut(Text(line, style=style), width) for line in lines]


def _most(rows: Sequence[list[Text]], room: int) -> list[Text]:
    """Return the rows that fit; the last line then tells how many do not."""
    shown: list[Text] = []
    for at, row in enumerate(rows):
        is_last = at == len(rows) - 1
        if len(shown) + len(row) + (not is_last) > room:
            shown = shown[: room - 1]
            return [*shown, Text(f"… and {len(rows) - at} more not well", style="bold red")]
        shown += row
    return shown


def _others(venues: Sequence[Venue], width: int, room: int) -> list[Text]:
    """Return the venues without a row, in as much detail as there is room for."""
    full = [_full(venue) for venue in venues]
    columns = max(1, (width + _ROW_GAP) // (_widest(full) + _ROW_GAP))
    if math.ceil(len(full) / columns) <= room:
        return _columns(full, width, _ROW_GAP)
    cells = [_cell(venue) for venue in venues]
    gap = 1 if width < _NARROW else _CELL_GAP
    columns = max(1, (width + gap) // (_widest(cells) + gap))
    if math.ceil(len(cells) / columns) <= room:
        return _columns(cells, width, gap)
    lines = _columns(cells[: columns * (room - 1)], width, gap)
    return [*lines, _cut(Text(_left_out(venues[columns * (room - 1) :]), style="dim"), width)]


def _left_out(venues: Sequence[Venue]) -> str:
    counts: dict[str, int] = {}
    for venue in venues:
        word = venue.state.value
        counts[word] = counts.get(word, 0) + 1
    return "… and " + ", ".join(f"{count} {word}" for word, count in counts.items())


def _full(venue: Venue) -> Text:
    town = set_cell_size(one_line(venue.town), _TOWN_WIDTH)
    said = _word(venue) or _round_trip(venue)
    return Text(f"{venue.code:<4} {town} {_up(venue):>5} {said:>8}", style=_style(venue))


def _cell(venue: Venue) -> Text:
    word = _word(venue)
    return Text(f"{venue.code:<3} {word or _up(venue)}", style=_style(venue))


def _word(venue: Venue) -> str:
    """Return the word for a venue that is not quite well, empty for one that is."""
    state = venue.state
    if state is not VenueState.OK:
        return state.value
    late = venue.counts[HostState.LATE]
    return f"{late} late" if late else ""


def _style(venue: Venue) -> str:
    return "dim" if venue.state is not VenueState.OK else "green"


def _up(venue: Venue) -> str:
    return f"{sum(venue.counts[up] for up in ALIVE)}/{len(venue.hosts)}"


def _round_trip(venue: Venue) -> str:
    """Return the median round trip of the venue's living hosts, in ms."""
    found = sorted(
        host.round_trip_s
        for host in venue.hosts.values()
        if host.state in ALIVE and host.round_trip_s is not None
    )
    return f"{found[len(found) // 2] * 1000:.0f} ms" if found else ""


def _key(keys: Sequence[tuple[str, bool]], width: int) -> list[Text]:
    """Return the key of the keyboard, as words that are not broken; what is on stands out."""
    lines: list[Text] = []
    for word, is_on in keys:
        if not lines or cell_len(lines[-1].plain) + _CELL_GAP + cell_len(word) > width:
            lines.append(Text())
        elif lines[-1].plain:
            lines[-1].append(" " * _CELL_GAP)
        lines[-1].append(word[:width], style="bold reverse" if is_on else "dim")
    return lines


def _widest(texts: Sequence[Text]) -> int:
    return max((cell_len(text.plain) for text in texts), default=1)


def _columns(texts: Sequence[Text], width: int, gap: int) -> list[Text]:
    """Return texts side by side, row by row."""
    widest = _widest(texts)
    columns = max(1, (width + gap) // (widest + gap))
    lines = []
    for at in range(0, len(texts), columns):
        line = Text()
        for place, text in enumerate(texts[at : at + columns]):
            before = place * (widest + gap) - cell_len(line.plain)
            line.append(" " * before).append_text(text)
        line.rstrip()
        lines.append(_cut(line, width))
    return lines


def _folded(lines: Sequence[str], width: int, style: str = "") -> list[Text]:
    return [
        _cut(Text(part, style=style), width)
        for line in lines
        for part in _wrapped(one_line(line), width)
    ]


def _wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of up to ``width`` cells; a longer word has a line of its own."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if cell_len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(text: Text, width: int) -> Text:
    if cell_len(text.plain) > width:
        text.truncate(width, overflow="ellipsis")
    return text
