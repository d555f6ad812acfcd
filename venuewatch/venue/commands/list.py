"""Runs ``venuewatch venue list``: venues and hosts, and how long their certificates are valid."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from aggregator.inventory import VenueEntry
from venuewatch.base import clock
from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.validity import certificate_end, lists_end
from venuewatch.terminal import output
from venuewatch.venue import common, credentials, fleet, settings
from venuewatch.venue.authority import folder, register
from venuewatch.venue.authority.certificates import DAY_S
from venuewatch.venue.authority.register import Register
from venuewatch.venue.settings import Settings

SOON_DAYS = 14.0
"""A certificate that ends within so many days is named."""

NOT_WELL = 1


class Row(NamedTuple):
    """A host, or the bridge of a venue. ``has_key``: its key is not handed over.

    ``days_left`` is None without a certificate of ours; ``is_foreign``: it needs none.
    """

    venue: str
    host: str
    is_revoked: bool
    is_foreign: bool
    days_left: float | None
    has_key: bool

    @property
    def is_well(self) -> bool:
        """Whether nothing is to be done for it soon."""
        return self.is_revoked or self.is_foreign or _is_long(self.days_left)


class Centre(NamedTuple):
    """A certificate of the centre; ``days_left`` is None where there is none."""

    name: str
    days_left: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = (
        "Lists the venues that venuewatch venue add has written, their hosts and bridges, and the "
        "centre's own certificates. It needs no passphrase. Exit code 1 where a certificate, or a "
        f"list of revoked ones, ends within {SOON_DAYS:g} days, or is missing."
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
    has_authority = folder.exists(Path(found.pki))
    issued = _register(found) if has_authority else Register()
    listed = list(rows(found, venues, issued, now))
    centre = list(_centre(found, now)) if has_authority and not options.venue else []
    days = _days_left(Path(found.broker_folder) / "crl.pem", lists_end, now)
    if options.json:
        content = {
            "hosts": [row._asdict() for row in listed],
            "centre": [each._asdict() for each in centre],
            "lists_days_left": days,
        }
        output.show([json.dumps(content, indent=1)])
    else:
        output.show(lines(listed, centre))
        if has_authority:
            told = _told(days, "missing", "renew", ended="outdated")
            output.show([f"lists of revoked certificates: {told}"])
    is_well = all(row.is_well for row in listed) and all(_is_long(each[1]) for each in centre)
    return 0 if is_well and (_is_long(days) or not has_authority) else NOT_WELL


def rows(
    found: Settings, venues: Iterable[VenueEntry], issued: Register, now: float
) -> Iterator[Row]:
    """Yield a row for each host, and for each bridge."""
    latest_of = issued.latest_of_all()
    for venue in venues:
        revoked = {host.name: host.revoked for host in venue.host}
        bridge = f"{credentials.BRIDGE}{venue.code}"
        if bridge in issued.names_of(venue.code):
            revoked[bridge] = bridge not in latest_of
        for name, is_revoked in revoked.items():
            latest = latest_of.get(name)
            yield Row(
                venue.code,
                name,
                is_revoked,
                credentials.is_foreign(found, issued, venue.code, name),
                None if latest is None else _days(latest.not_after, now),
                credentials.key_path(found, venue.code, name).exists(),
            )


def lines(listed: Iterable[Row], centre: Iterable[Centre]) -> Iterator[str]:
    """Yield a line for each."""
    for row in listed:
        if row.is_revoked:
            told = "revoked"
        elif row.is_foreign:
            told = "no certificate of ours: a foreign authority signs"
        else:
            told = _told(row.days_left, "no certificate", f"renew {row.venue}/{row.host}")
        yield f"{row.venue}/{row.host}  {told}{'  (key not handed over)' if row.has_key else ''}"
    for each in centre:
        yield f"{each.name}  {_told(each.days_left, 'no certificate', 'renew --centre')}"


def _told(days_left: float | None, without: str, command: str, *, ended: str = "has ended") -> str:
    told = without
    if days_left is not None:
        told = f"valid for {days_left:g} days" if days_left > 0 else ended
    return told if _is_long(days_left) else f"{told}: venuewatch venue {command}"


def _is_long(days_left: float | None) -> bool:
    return days_left is not None and days_left > SOON_DAYS


def _days(end: float, now: float) -> float:
    return round((end - now) / DAY_S, 1)


def _centre(found: Settings, now: float) -> Iterator[Centre]:
    place = Path(found.centre_folder)
    for name in credentials.users_of(found):
        yield Centre(name, _days_left(place / f"{name}.pem", certificate_end, now))
    path = Path(found.broker_folder) / "server.pem"
    yield Centre("the broker", _days_left(path, certificate_end, now))


def _register(found: Settings) -> Register:
    path = Path(found.pki) / "clients" / "issued.json"
    try:
        return register.read(read_regular(path, register.BYTES_MAX))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: the authority's register is missing: restore a backup"
        ) from None
    except OSError as error:
        raise unusable(path, error) from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _days_left(path: Path, end_in: Callable[[bytes], float | None], now: float) -> float | None:
    """Return for how many days a file is valid; None where there is none of use."""
    try:
        end = end_in(read_regular(path, CONFIG_MAX))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    return None if end is None else _days(end, now)
