"""Runs ``venuewatch incidents``: asks an aggregator, and prints its incidents, or one of them."""

import argparse
import sys

from aggregator.shell.http.api.incidents import IncidentsPage, IncidentWhole
from aggregator.shell.http.api.venues import VenuesPage
from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.base.options import whole
from venuewatch.terminal import ask, output, style
from venuewatch.terminal.ask import Aggregator, AskError
from venuewatch.terminal.style import Line
from venuewatch.terminal.views.incidents import excuse_lines, incident_lines, incidents_lines

NOT_WELL = 1
USAGE_ERROR = 2

_SHOWN = 100
_SHOWN_MAX = 1000
_NUMBER_MAX = 2**53


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "number",
        type=whole(1, _NUMBER_MAX, what="an incident's number"),
        nargs="?",
        metavar="N",
        help="one incident, with its timeline",
    )
    parser.add_argument("--venue", metavar="CODE", help="only those of one venue")
    parser.add_argument("--open", action="store_true", help="only what is not over")
    parser.add_argument(
        "--limit",
        type=whole(1, _SHOWN_MAX),
        default=_SHOWN,
        metavar="N",
        help=f"how many at most, the newest ({_SHOWN})",
    )
    ask.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print what is asked for; return 1 if any of it is open, 0 if none is, 2 without an answer."""
    try:
        aggregator = Aggregator(options)
        if options.number is not None:
            return _show_one(aggregator, options)
        return _show_list(aggregator, options)
    except (AskError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR


def _show_list(aggregator: Aggregator, options: argparse.Namespace) -> int:
    query = {"open": "1"} if options.open else {}
    query |= {} if options.venue is None else {"venue": options.venue}
    query |= {} if options.limit == _SHOWN else {"limit": str(options.limit)}
    answer = aggregator.ask("incidents", query=query)
    page = aggregator.read(answer, IncidentsPage)
    shown = {one.number: one for one in page.incidents}
    if page.next is not None and not options.open:  # an old one that is not over is never left out
        asked = aggregator.ask("incidents", query={**query, "limit": str(_SHOWN_MAX), "open": "1"})
        shown |= {one.number: one for one in aggregator.read(asked, IncidentsPage).incidents}
    incidents = list(shown.values())
    if options.json:
        output.show([answer.decode()])
    else:
        zones = _zones(aggregator) if incidents else {}
        screen, now = style.within(style.screen(), aggregator.exercise), clock.wall()
        lines = [
            *incidents_lines(incidents, zones, screen, now, has_more=page.next is not None),
            *excuse_lines(page.excuses, screen, now),
        ]
        _print(lines, screen, aggregator.exercise)
    return NOT_WELL if any(one.closed_at is None for one in incidents) else 0


def _show_one(aggregator: Aggregator, options: argparse.Namespace) -> int:
    if options.open or options.venue is not None:
        raise AskError("expected N alone, without --open and --venue")
    answer = aggregator.ask("incidents", str(options.number))
    one = aggregator.read(answer, IncidentWhole)
    if options.json:
        output.show([answer.decode()])
    else:
        zones = _zones(aggregator) if one.venue else {}
        screen = style.within(style.screen(), aggregator.exercise)
        lines = incident_lines(one, zones.get(one.venue, ""), screen, clock.wall())
        _print(lines, screen, aggregator.exercise)
    return NOT_WELL if one.closed_at is None else 0


def _zones(aggregator: Aggregator) -> dict[str, str]:
    """Return the time zone of each venue; without an answer there is only the centre's time."""
    try:
        page = aggregator.read(aggregator.ask("venues"), VenuesPage)
    except AskError:
        return {}
    return {venue.venue: venue.timezone for venue in page.venues}


def _print(lines: list[Line], screen: style.Screen, exercise: str) -> None:
    output.show(style.painted(style.told(lines, exercise), has_colours=screen.has_colours))
