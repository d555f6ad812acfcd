"""Answers of an aggregator, or of what is none, as the commands read and show them."""

import argparse
from collections.abc import Sequence
from typing import Any, Final

from aggregator.shell.http.api.hosts import HostView
from aggregator.shell.http.api.incidents import IncidentsPage, IncidentWhole
from aggregator.shell.http.api.problem import Problem
from aggregator.shell.http.api.venues import VenuesPage, VenueView
from bench.kit.examples import example
from venuewatch.terminal import ask, style
from venuewatch.terminal.ask import Aggregator, AskError
from venuewatch.terminal.style import Line, Screen
from venuewatch.terminal.views.host import host_lines
from venuewatch.terminal.views.incidents import excuse_lines, incident_lines, incidents_lines
from venuewatch.terminal.views.venues import venue_lines, venues_lines

ERRORS = (AskError,)

_KINDS: Final = (VenuesPage, VenueView, HostView, IncidentsPage, IncidentWhole)
_NOW = 1_800_000_000.0
_SCREEN = Screen(100, 30, has_colours=False)


def read(data: bytes) -> None:
    """Read an answer and show it; its first byte says what was asked for."""
    if not data:
        return
    at = data[0] % (len(_KINDS) + 1)
    answer = data[1:]
    if at == len(_KINDS):
        ask.words_of(answer)
        return
    options = argparse.Namespace(url=ask.DEFAULT_URL, user=None, password_file=None, ca_file=None)
    aggregator = Aggregator(options)
    lines = _lines(aggregator.read(answer, _KINDS[at]))
    "\n".join(style.painted(lines, has_colours=True)).encode()
    answer.decode()


def seeds() -> Sequence[bytes]:
    """Return an answer of each kind."""
    kinds = (*_KINDS, Problem)
    return [bytes([at]) + example(kind) for at, kind in enumerate(kinds)]


def _lines(page: Any) -> list[Line]:
    match page:
        case VenuesPage():
            return venues_lines(page, _SCREEN)
        case VenueView():
            return venue_lines(page, _SCREEN, _NOW)
        case HostView():
            return host_lines(page, "Europe/Rome", _SCREEN, _NOW)
        case IncidentsPage():
            shown = incidents_lines(page.incidents, {}, _SCREEN, _NOW, has_more=True)
            return [*shown, *excuse_lines(page.excuses, _SCREEN, _NOW)]
        case _:
            return incident_lines(page, "Europe/Rome", _SCREEN, _NOW)
