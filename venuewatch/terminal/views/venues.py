"""Lines of all venues, or of one: what is not well first, the worst on top; then the rest, folded.

Sentences, severities and times are the aggregator's own; nothing is derived here.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from aggregator.core.incidents.alerts import Severity
from aggregator.core.states import ALIVE, HostState
from aggregator.shell.http.api.centre import CentreView
from aggregator.shell.http.api.venues import HostLine, VenueLine, VenuesPage, VenueView
from venuewatch.base import times
from venuewatch.base.config import one_line
from venuewatch.terminal import cells
from venuewatch.terminal.style import Line, Screen
from venuewatch.terminal.views.incidents import open_lines

_RANK = {severity: at for at, severity in enumerate(Severity)}
_INDENT = "    "
_ONE_LINE_FROM = 120
_ALIKE_FROM = 4
_TO_BE_HEARD = frozenset({HostState.UNKNOWN, HostState.UNSEEN})


class _Standing(Protocol):
    """A venue or host of which something may be told."""

    @property
    def state(self) -> str: ...
    @property
    def sentence(self) -> str | None: ...
    @property
    def severity(self) -> Severity | None: ...
    @property
    def since(self) -> float | None: ...
    @property
    def incident(self) -> int | None: ...


class _Told(NamedTuple):
    """What is told of many at once."""

    state: str
    sentence: str | None
    severity: Severity | None
    since: float | None
    incident: int | None = None


_T = TypeVar("_T", bound=_Standing)


def urgency(told: _Standing) -> tuple[int, float]:
    """Return the key that sorts things: the most urgent first, of these the oldest."""
    rank = len(_RANK) if told.severity is None else _RANK[told.severity]
    return rank, told.since or 0.0


def is_well(page: VenuesPage) -> bool:
    """Tell whether nothing is wrong with the centre, nor with any venue."""
    return page.centre.severity is None and all(venue.severity is None for venue in page.venues)


def venues_lines(page: VenuesPage, screen: Screen) -> list[Line]:
    """Return the lines of all venues."""
    now = page.centre.at
    told = sorted((venue for venue in page.venues if venue.severity is not None), key=urgency)
    others = [venue for venue in page.venues if venue.severity is None]
    lines = [*_head(_summary(page, len(told)), screen), *_centre(page.centre, screen)]
    for alike in _alike(told):
        if len(alike) >= _ALIKE_FROM:
            lines += _group(alike, [_venue_cell(venue) for venue in alike], "", now, screen)
            continue
        for venue in alike:
            head = f"{one_line(venue.venue):<4} {venue.state:<11} {_up(venue.counts):>6}"
            lines += _row(head, venue, venue.timezone, now, screen)
    if others:
        lines += [Line(""), Line(f"{len(others)} {'well' if told else 'venues, all well'}:", "dim")]
        texts = [_venue_cell(venue) for venue in others]
        lines += [Line(text, "well") for text in cells.side_by_side(texts, screen.width)]
    return _fitted(lines, screen)


def venue_lines(venue: VenueView, screen: Screen, now: float) -> list[Line]:
    """Return the lines of one venue: its hosts, the worst first, and what is open there."""
    where = ", ".join(filter(None, (one_line(venue.name), one_line(venue.town))))
    lines = [
        *_head(f"{one_line(venue.venue)}  {where}".rstrip(), screen),
        *_head(f"{venue.state}, {_up(venue.counts)} hosts up", screen, "bold"),
        *_head(f"now {times.moment(now, now, venue.timezone)}", screen, "dim"),
    ]
    told = sorted((host for host in venue.hosts if host.severity is not None), key=urgency)
    others = [host for host in venue.hosts if host.severity is None]
    lines += open_lines(venue.open, {venue.venue: venue.timezone}, screen, now)
    if told:
        lines += [Line(""), Line("Hosts that are not well", "bold")]
    for alike in _alike(told):
        if len(alike) >= _ALIKE_FROM:
            names = [one_line(host.host) for host in alike]
            lines += _group(alike, names, venue.timezone, now, screen)
            continue
        for host in alike:
            head = f"{one_line(host.host)}  {host.state}"
            lines += _row(head, host, venue.timezone, now, screen)
    if others:
        lines += [Line(""), Line(f"{len(others)} well:", "dim")]
        names = [_host_cell(host) for host in others]
        lines += [Line(text, "well") for text in cells.side_by_side(names, screen.width)]
    return _fitted(lines, screen)


def _summary(page: VenuesPage, unwell: int) -> str:
    centre = page.centre
    up = sum(centre.hosts.get(state, 0) for state in ALIVE)
    hosts = sum(centre.hosts.values())
    counts = [f"{count} {severity}" for severity, count in centre.open.items() if count]
    venues = f"{unwell} of {len(page.venues)} venues not well"
    parts = [venues if unwell else f"{len(page.venues)} venues, all well"]
    parts += [f"open: {', '.join(counts)}"] if counts else []
    parts += [f"{up} of {hosts} hosts up", times.moment(centre.at, centre.at)]
    return "; ".join(parts)


def _centre(centre: CentreView, screen: Screen) -> list[Line]:
    if centre.sentence is None:
        return []
    return _row(f"centre {centre.state}", centre, "", centre.at, screen)


def _row(head: str, told: _Standing, zone: str, now: float, screen: Screen) -> list[Line]:
    """Return what is told of a thing: one line where there is room, else its sentence below."""
    style = str(told.severity or "")
    since = ""
    if told.since is not None:
        since = f"since {times.moment(told.since, now, zone)}, {times.duration(now - told.since)}"
    sentence = one_line(told.sentence or "")
    if screen.width >= _ONE_LINE_FROM:
        whole = "  ".join(filter(None, (head, sentence, since)))
        return [Line(text, style) for text in cells.folded(whole, screen.width, indent=_INDENT)]
    beside = "  ".join(filter(None, (head, since)))
    is_short = cells.width_of(beside) <= screen.width
    below = filter(None, [sentence] if is_short else [since, sentence])
    first = beside if is_short else head
    said = [text for part in below for text in cells.folded(part, screen.width - len(_INDENT))]
    return [*_head(first, screen, style), *(Line(_INDENT + text) for text in said)]


def _alike(told: Sequence[_T]) -> list[Sequence[_T]]:
    """Return things, those together of which the same is told; ``told`` has the worst first.

    That is so of one incident, and of those that are still to be heard.
    """
    groups: dict[object, list[_T]] = {}
    for each in told:
        is_to_be_heard = each.incident is None and each.state in _TO_BE_HEARD
        is_same = is_to_be_heard or each.incident is not None
        groups.setdefault((each.state, each.incident) if is_same else id(each), []).append(each)
    return list(groups.values())


def _group(
    alike: Sequence[_Standing], cells_of: Sequence[str], zone: str, now: float, screen: Screen
) -> list[Line]:
    """Return many of which the same is told: it once, and each of them as a cell."""
    first = alike[0]
    is_one_sentence = all(each.sentence == first.sentence for each in alike)
    head = _Told(
        first.state, first.sentence if is_one_sentence else None, first.severity, first.since
    )
    texts = cells.side_by_side(cells_of, screen.width - len(_INDENT))
    return [
        *_row(f"{len(alike)} {first.state}", head, zone, now, screen),
        *(Line(_INDENT + text) for text in texts),
    ]


def _head(text: str, screen: Screen, style: str = "bold") -> list[Line]:
    return [Line(line, style) for line in cells.folded(text, screen.width, indent=_INDENT)]


def _up(counts: "dict[HostState, int]") -> str:
    return f"{sum(counts.get(state, 0) for state in ALIVE)}/{sum(counts.values())}"


def _venue_cell(venue: VenueLine) -> str:
    late = venue.counts.get(HostState.LATE, 0)
    brief = f"{_up(venue.counts)}{f' {late} late' if late else ''}"
    return f"{one_line(venue.venue):<4}{brief:>8}"


def _host_cell(host: HostLine) -> str:
    return one_line(host.host) + ("" if host.state is HostState.UP else f" {host.state}")


def _fitted(lines: Iterable[Line], screen: Screen) -> list[Line]:
    return [line._replace(text=cells.cut(line.text, screen.width)) for line in lines]


def cut_to_height(lines: Sequence[Line], screen: Screen) -> list[Line]:
    """Return the lines that a screen shows at once; the last one then tells how many it hides."""
    if len(lines) < screen.height:
        return list(lines)
    kept = lines[: screen.height - 2]
    return [*kept, Line(f"… and {len(lines) - len(kept)} lines more", "dim")]
