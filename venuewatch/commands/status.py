"""Runs ``venuewatch status``: the venues, one venue or one host, as an aggregator has them now."""

import argparse
import sys
import threading
from typing import NamedTuple

from aggregator.shell.http.api.hosts import HostView
from aggregator.shell.http.api.venues import VenuesPage, VenueView
from venuewatch.base import clock, times
from venuewatch.base.config import ConfigError, one_line
from venuewatch.terminal import ask, cells, output, style
from venuewatch.terminal.ask import Aggregator, AskError
from venuewatch.terminal.style import Line, Screen
from venuewatch.terminal.views.host import host_lines
from venuewatch.terminal.views.venues import cut_to_height, is_well, venue_lines, venues_lines

NOT_WELL = 1
USAGE_ERROR = 2

_WATCH_EVERY_S = 1.0
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_EPILOG = """\
examples:
  venuewatch status               all venues, the worst first
  venuewatch status STA           one venue: its hosts, and what is open there
  venuewatch status STA/STA-1     everything that is known of one host
  venuewatch status --watch       the same again each second, until Ctrl-C

exit code: 0 all of it is well, 1 some is not, 2 no answer, 130 interrupted.
"""


class _Shown(NamedTuple):
    """An answer: as it came, as lines, and whether all in it is well; and of which exercise."""

    answer: bytes
    lines: list[Line]
    is_well: bool
    exercise: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "where", nargs="?", metavar="VENUE[/HOST]", help="one venue, or one host of it; else all"
    )
    parser.add_argument(
        "--watch", action="store_true", help="draw it again each second, on a terminal"
    )
    ask.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print how it stands; return 0 if all of it is well, 1 if not, 2 without an answer."""
    try:
        aggregator = Aggregator(options)
        if options.watch:
            return _watch(aggregator, options)
        screen = style.screen()
        shown = _shown(aggregator, options.where, screen)
    except (AskError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    if options.json:
        output.show([shown.answer.decode()])
    else:
        lines = style.told(shown.lines, shown.exercise)
        output.show(style.painted(lines, has_colours=screen.has_colours))
    return 0 if shown.is_well else NOT_WELL


def _shown(aggregator: Aggregator, where: str | None, screen: Screen) -> _Shown:
    """Ask for all venues, one, or a host.

    Raises:
        AskError: there is no such one, or no answer.
    """
    now = clock.wall()
    if where is None:
        answer = aggregator.ask("venues")
        page = aggregator.read(answer, VenuesPage)
        screen = style.within(screen, aggregator.exercise)
        return _Shown(answer, venues_lines(page, screen), is_well(page), aggregator.exercise)
    code, _, name = where.partition("/")
    if not name:
        answer = aggregator.ask("venues", code)
        venue = aggregator.read(answer, VenueView)
        screen = style.within(screen, aggregator.exercise)
        lines = venue_lines(venue, screen, now)
        return _Shown(answer, lines, venue.severity is None, aggregator.exercise)
    answer = aggregator.ask("hosts", name)
    host = aggregator.read(answer, HostView)
    if host.venue != code:
        raise AskError(f"{one_line(name)} is a host of {host.venue}: expected {host.venue}/{name}")
    zone = aggregator.read(aggregator.ask("venues", code), VenueView).timezone
    lines = host_lines(host, zone, style.within(screen, aggregator.exercise), now)
    return _Shown(answer, lines, host.severity is None, aggregator.exercise)


def _watch(aggregator: Aggregator, options: argparse.Namespace) -> int:
    """Draw it each second until interrupted; an answer that is missed is told, and waited for.

    Raises:
        AskError: there is nothing to draw on, or the first question has no answer.
    """
    if options.json or not style.is_terminal():
        raise AskError("expected a terminal for --watch, and no --json")
    screen = style.screen()
    shown, answered_at = _shown(aggregator, options.where, screen), clock.wall()
    pause, lost = threading.Event(), ""
    output.show([_HOME + _CLEAR_BELOW])
    while True:
        screen = style.screen()
        try:
            shown, answered_at, lost = _shown(aggregator, options.where, screen), clock.wall(), ""
        except AskError as error:
            lost = str(error)
        room = style.within(screen, shown.exercise)
        lines = cut_to_height(_with_banner(shown.lines, lost, answered_at, room), room)
        if not _draw(style.told(lines, shown.exercise), screen):
            return 0
        pause.wait(_WATCH_EVERY_S)


def _with_banner(lines: list[Line], lost: str, answered_at: float, screen: Screen) -> list[Line]:
    """Return what is drawn: without an answer that is said on top, and the rest is greyed."""
    if not lost:
        return lines
    now = clock.wall()
    since = f"{times.moment(answered_at, now)}, {times.duration(now - answered_at)} ago"
    text = f"LOST: what you see is how it was at {since}. {lost}"
    banner = [Line(part, "critical") for part in cells.folded(text, screen.width)]
    return [*banner, *(line._replace(style="dim") for line in lines)]


def _draw(lines: list[Line], screen: Screen) -> bool:
    """Draw over what is there; return whether the terminal still takes it."""
    shown = style.painted(lines, has_colours=screen.has_colours)
    drawn = "\n".join(f"{text}{_CLEAR_LINE}" for text in shown)
    return output.show([_HOME + drawn + _CLEAR_BELOW])
