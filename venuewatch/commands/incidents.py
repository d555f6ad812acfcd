"""Runs ``venuewatch incidents``: asks an aggregator, and prints its incidents as a table."""

import argparse
import base64
import http.client
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from aggregator.shell.http.api.record import IncidentJson, IncidentsJson
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, in_words, one_line, read_secret, trusting

NOT_WELL = 1
USAGE_ERROR = 2
DEFAULT_URL = "http://127.0.0.1:8039"

_TIMEOUT_S = 10.0
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400
_RED, _DIM, _PLAIN = "\x1b[31m", "\x1b[2m", "\x1b[0m"
_HEADING = ("NO", "SINCE", "LASTED", "WHERE", "CAUSE", "HOSTS")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows to no other address, which would get the password, too."""

    def redirect_request(self, *_: object) -> None:
        return None


class AskError(Exception):
    """The aggregator could not be asked; its text is the line for the user."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--url", default=DEFAULT_URL, help=f"the aggregator's; {DEFAULT_URL}")
    parser.add_argument("--user", help="the user, where the aggregator wants one")
    parser.add_argument("--password-file", help="file whose first line is the user's password")
    parser.add_argument("--ca-file", help="PEM file of the authorities to trust over https")
    parser.add_argument("--open", action="store_true", help="only what is not over")
    parser.add_argument("--json", action="store_true", help="as the aggregator says it")


def run(options: argparse.Namespace) -> int:
    """Print the incidents; return 1 if any is open, 0 if none is, 2 without an answer."""
    url = f"{options.url.rstrip('/')}/api/v1/incidents{'?open=1' if options.open else ''}"
    try:
        answer = ask(url, _header_of(options), options.ca_file)
        incidents = msgspec.json.decode(answer, type=IncidentsJson).incidents
    except (AskError, ConfigError) as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except msgspec.DecodeError:
        why = "expected an aggregator's incidents, got something else"
        print(f"{one_line(options.url)}: {why}", file=sys.stderr)
        return USAGE_ERROR
    if options.json:
        print(answer.decode())
    else:
        for line in table(incidents, clock.wall(), has_colours=sys.stdout.isatty()):
            print(line)
    return NOT_WELL if any(incident.closed_at is None for incident in incidents) else 0


def _header_of(options: argparse.Namespace) -> dict[str, str]:
    """Return the header with the user and the password, if there are any.

    Raises:
        AskError: there is one of the two only.
        ConfigError: the password cannot be read.
    """
    if (options.user is None) != (options.password_file is None):
        raise AskError("expected --user and --password-file together")
    if options.user is None:
        return {}
    given = f"{options.user}:{read_secret(options.password_file)}".encode()
    return {"Authorization": f"Basic {base64.b64encode(given).decode()}"}


def ask(url: str, headers: Mapping[str, str] = {}, ca_file: str | None = None) -> bytes:
    """Return what is at ``url``, asked for directly and not through a proxy.

    Raises:
        AskError: nothing can be had.
        ConfigError: the file of authorities cannot be used.
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError as error:
        raise AskError(f"{one_line(url)}: {in_words(error)}") from None
    if parts.scheme not in {"http", "https"}:
        raise AskError(f"{one_line(url)}: expected an address that begins with http:// or https://")
    if "@" in parts.netloc:
        raise AskError("expected an address without a user: give --user and --password-file")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=trusting(ca_file)),
        _NoRedirect(),
    )
    try:
        request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - checked above
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            is_refused = error.code == http.HTTPStatus.UNAUTHORIZED
            hint = ", it wants another --user and --password-file" if is_refused else ""
            raise AskError(f"{one_line(url)}: it answers {error.code}{hint}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = in_words(getattr(error, "reason", error), at=parts.netloc, who="aggregator")
        raise AskError(f"{one_line(url)}: {why}") from None
    return body


def table(
    incidents: Sequence[IncidentJson], now: float, *, has_colours: bool = False
) -> Iterable[str]:
    """Return the lines of a table, as of ``now`` (s since 1970), in local time."""
    if not incidents:
        return ["no incidents"]
    cells = [_HEADING, *(_row(incident, now) for incident in incidents)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADING))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    if not has_colours:
        return lines
    colours = [_RED if incident.closed_at is None else _DIM for incident in incidents]
    coloured = (f"{colour}{line}{_PLAIN}" for colour, line in zip(colours, lines[1:], strict=True))
    return [lines[0], *coloured]


def _row(incident: IncidentJson, now: float) -> tuple[str, ...]:
    end = incident.closed_at
    lasted = _lasted((now if end is None else end) - incident.opened_at)
    since = datetime.fromtimestamp(incident.opened_at, UTC).astimezone()
    times = f", {incident.falls} times" if incident.falls > 1 else ""
    return (
        str(incident.number),
        f"{since:%Y-%m-%d %H:%M:%S}",
        f"{lasted}, open" if end is None else lasted,
        one_line(_where(incident)),
        one_line(incident.cause) + times,
        str(len(incident.children)) if incident.children else "",
    )


def _where(incident: IncidentJson) -> str:
    names = [name for name in (incident.venue, incident.host, incident.check) if name]
    where = "/".join(names) or incident.scope
    return where if incident.scope in {"venue", "host", "centre"} else f"{where} ({incident.scope})"


def _lasted(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"
