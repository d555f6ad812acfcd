"""Runs ``venuewatch venue list``: venues and hosts, and how long their certificates are valid."""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aggregator.inventory import VenueEntry
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.terminal import output
from venuewatch.venue import common, credentials, fleet, settings
from venuewatch.venue.authority import crls, register
from venuewatch.venue.authority.certificates import DAY_S
from venuewatch.venue.authority.register import Register

SOON_DAYS = 14.0
"""A certificate that ends within so many days is named."""

NOT_WELL = 1


class Row(NamedTuple):
    """A host: ``days_left`` is None without a certificate of ours; ``has_key``: not handed over."""

    venue: str
    host: str
    is_revoked: bool
    days_left: float | None
    has_key: bool

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be done for it soon."""
        return self.is_revoked or self.days_left is None or self.days_left > SOON_DAYS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = (
        "Lists the venues that venuewatch venue add has written, and their hosts. It needs no "
        "passphrase. Exit code 1 where a certificate, or a list of revoked ones, ends within "
        f"{SOON_DAYS:g} days."
    )
    parser.add_argument("venue", nargs="*", metavar="VENUE", help="these alone")
    parser.add_argument("--json", action="store_true", help="for a program")
    common.add_options(parser, changes_files=False)


def run(options: argparse.Namespace) -> int:
    """Print; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    found = settings.read(options.settings)
    known, now = fleet.read(found), clock.wall()
    venues = [known.venue(code) for code in options.venue or sorted(known.ours)]
    issued = _register(Path(found.pki) / "clients" / "issued.json")
    have_keys = {
        (venue.code, host.name)
        for venue in venues
        for host in venue.host
        if credentials.key_path(found, venue.code, host.name).exists()
    }
    listed = list(rows(venues, issued, have_keys, now))
    days = _days_of_lists(Path(found.broker_folder) / "crl.pem", now)
    if options.json:
        content = {"hosts": [row._asdict() for row in listed], "lists_days_left": days}
        output.show([json.dumps(content, indent=1)])
    else:
        output.show(lines(listed, days))
    is_well = all(row.is_well for row in listed) and (days is None or days > SOON_DAYS)
    return 0 if is_well else NOT_WELL


def rows(
    venues: Iterable[VenueEntry], issued: Register, have_keys: set[tuple[str, str]], now: float
) -> Iterator[Row]:
    """Yield a row for each host."""
    had = {entry.name for entry in issued.issued}
    for venue in venues:
        for host in venue.host:
            current = issued.current(host.name, now)
            days = 0.0 if host.name in had else None
            if current is not None:
                days = round((current.not_after - now) / DAY_S, 1)
            has_key = (venue.code, host.name) in have_keys
            yield Row(venue.code, host.name, host.revoked, days, has_key)


def lines(listed: Iterable[Row], lists_days: float | None) -> Iterator[str]:
    """Yield a line for each host, and one for the lists."""
    for row in listed:
        if row.is_revoked:
            told = "revoked"
        elif row.days_left is None:
            told = "no certificate of ours"
        else:
            told = f"valid for {row.days_left:g} days"
            told += "" if row.is_well else f": venuewatch venue renew {row.venue}/{row.host}"
        yield f"{row.venue}/{row.host}  {told}{'  (key not handed over)' if row.has_key else ''}"
    if lists_days is not None:
        yield f"lists of revoked certificates: valid for {lists_days:g} days"


def _register(path: Path) -> Register:
    try:
        return register.read(read_regular(path, CONFIG_MAX))
    except FileNotFoundError:
        return Register()
    except OSError as error:
        raise unusable(path, error) from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _days_of_lists(path: Path, now: float) -> float | None:
    """Return for how many days the first of the broker's lists is valid; None without a list."""
    try:
        return round((crls.next_update(read_regular(path, CONFIG_MAX)) - now) / DAY_S, 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unusable(path, error) from None
    except crls.CrlError as error:
        raise ConfigError(f"{path}: {error}: venuewatch venue renew writes it anew") from None
