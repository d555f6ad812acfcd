"""Runs ``venuewatch venue add``: brings a venue in, or hosts of a venue that is there."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from aggregator import inventory
from aggregator.inventory import VenueEntry
from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.base.wire.topics import is_name
from venuewatch.terminal import output
from venuewatch.venue import (
    changes,
    common,
    credentials,
    description,
    fleet,
    hosts_csv,
    nftables,
    passphrase,
    settings,
)
from venuewatch.venue.authority import folder
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.changes import Change
from venuewatch.venue.fleet import Fleet
from venuewatch.venue.settings import Settings

_SUMMARY = """\
Brings a venue in. It makes a key and a certificate for each host, the venue's file of the
inventory, the broker's access rules, the packet filter's sets, and each agent's configuration. The
first time it makes the authority, too. Given again, with more hosts or another description, it adds
what is new.
"""
_EXAMPLES = """\
examples:
  venuewatch venue add STA --venue venue.toml --hosts hosts.csv --dry-run
      say what would be made
  venuewatch venue add STA --venue venue.toml --hosts hosts.csv --broker centre.example.org
      the first venue: says where venues reach the broker

exit code: 0 done, 1 done, but a program did not read its files again, 2 nothing was done
"""


class Asked(NamedTuple):
    """What the files and the command line ask for."""

    venue: VenueEntry
    has_requests: bool
    has_bridge: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.add_argument("code", metavar="VENUE", help="the venue's code, as STA")
    parser.add_argument(
        "--venue", type=Path, required=True, metavar="FILE", help="its description, venue.toml"
    )
    parser.add_argument(
        "--hosts", type=Path, required=True, metavar="FILE", help="its hosts, hosts.csv"
    )
    parser.add_argument(
        "--broker", metavar="ADDRESS[:PORT]", help="where venues reach the broker, the first time"
    )
    parser.add_argument(
        "--csr", action="store_true", help="make requests for a foreign authority instead"
    )
    parser.add_argument(
        "--bridge", action="store_true", help="the venue has a broker of its own, with a bridge"
    )
    common.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Read, make, write; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if not (is_name(options.code) and hosts_csv.is_path_name(options.code)):
        raise ConfigError(
            "expected a venue's code of 1 to 64 letters, digits, dots, dashes or underscores, that "
            f"begins with a letter or a digit, got {options.code!r}"
        )
    if options.bridge and len(options.code) > settings.NAME_MAX:
        raise ConfigError(f"expected a code of {settings.NAME_MAX} characters at most for a bridge")
    described = description.read(common.content_of(options.venue), options.code)
    hosts = hosts_csv.read(common.content_of(options.hosts))
    code = common.refuse([(options.venue, described.wrong), (options.hosts, hosts.wrong)])
    if described.venue is None or code:
        return code
    venue = replace(described.venue, host=hosts.hosts)
    found, own = _settings(options)
    with changes.alone(Path(found.pki), makes=not options.dry_run):
        return _add(options, found, own, Asked(venue, options.csr, options.bridge))


def _settings(options: argparse.Namespace) -> tuple[Settings, list[Change]]:
    """Return the settings, and their file where there was none.

    Raises:
        ConfigError: they say another broker than the command does.
    """
    path = options.settings
    if options.broker is None:
        return settings.read(path), []
    wanted, content = settings.first(path, options.broker)
    if not path.exists():
        return wanted, [Change(path, content)]
    found = settings.read(path)
    there, here = ((each.broker_address, each.broker_port) for each in (found, wanted))
    if there != here:
        raise ConfigError(
            f"{path} says that venues reach the broker at {there[0]}:{there[1]}: change it there, "
            "then venuewatch venue renew --centre, and add each venue again"
        )
    return found, []


def _add(options: argparse.Namespace, found: Settings, own: list[Change], asked: Asked) -> int:
    now, pki = clock.wall(), Path(found.pki)
    known = fleet.read(found)
    venue = merged(known, asked.venue)
    is_first = not folder.exists(pki)
    if is_first:
        _refuse_second_authority(found, known)
    secret = passphrase.read(options.passphrase_file, is_new=is_first)
    planned = list(own)
    if is_first:
        authorities, tripwire = folder.begin(now)
        planned += folder.first_files(pki, authorities, tripwire, secret)
        authorities, more = credentials.of_centre(found, authorities, now)
        planned += more
    else:
        authorities = folder.open_folder(pki, secret)
    notes = list(_notes(found, authorities, venue, asked, now))
    authorities, more = made_for(found, authorities, venue, asked, now)
    code = venue.code
    venues = {**known.ours, code: venue}
    _, derived = fleet.derived(found, authorities, venues.values(), now)
    planned += [*derived, *more, *fleet.first_inventory(found), fleet.venue_change(found, venue)]
    then = [*notes, *_steps(found, venue, asked, is_first=is_first)]
    common.finish(found, planned, then, is_dry=options.dry_run)
    if options.dry_run or is_first:
        return 0
    failed = common.reload_all(found.reload_aggregator, found.reload_broker)
    output.show(failed)
    return 1 if failed else 0


def _refuse_second_authority(found: Settings, known: Fleet) -> None:
    """Refuse to begin anew where hosts have certificates: a new authority would lock them out.

    Raises:
        ConfigError: there are such venues, or files of another authority.
    """
    if known.ours:
        codes = common.few(sorted(known.ours))
        place = inventory.folder_of(Path(found.inventory))
        raise ConfigError(
            f"{found.pki}: the authority of {codes} is missing: restore a backup (venuewatch venue "
            f"restore); to begin anew, with new certificates for every host, move the files of "
            f"{place} and {found.broker_folder} away first"
        )
    for name in ("clients.pem", "crl.pem", "server.pem", "server.key"):
        path = Path(found.broker_folder) / name
        if path.exists():
            raise ConfigError(
                f"{path} is of another authority, and hosts may have its certificates: give their "
                "listener another folder, and move this file there (docs/venues.md)"
            )


def merged(known: Fleet, venue: VenueEntry) -> VenueEntry:
    """Return a venue as it is to be, where it may be there already: who is revoked stays so.

    Raises:
        ConfigError: it does not fit what is there.
    """
    code = venue.code
    is_known = code in known.ours or code in known.by_hand
    before = known.venue(code) if is_known else None
    names = {host.name for host in venue.host}
    for name in sorted(names):
        if known.hosts.get(name, code) != code:
            raise ConfigError(
                f"expected names that no other venue has: {name} is at {known.hosts[name]}"
            )
    revoked: set[str] = set()
    if before is not None:
        revoked = {host.name for host in before.host if host.revoked}
        gone = sorted({host.name for host in before.host} - names - revoked)
        if gone:
            raise ConfigError(
                f"{', '.join(gone)}: not in the list any more. End that first: "
                f"venuewatch venue revoke {' '.join(f'{code}/{name}' for name in gone)}"
            )
    others = [each for each in known.ours.values() if each.code != code]
    overlaps = nftables.overlapping([*others, venue])
    if overlaps:
        raise ConfigError(f"expected uplink_addresses of one venue each: {overlaps[0]}")
    return replace(
        venue,
        host=tuple(replace(host, revoked=host.name in revoked) for host in venue.host),
    )


def made_for(
    found: Settings, known: Authorities, venue: VenueEntry, asked: Asked, now: float
) -> tuple[Authorities, list[Change]]:
    """Make what each host lacks; return the authorities with it, and the files."""
    planned: list[Change] = []
    for host in venue.host:
        if host.revoked:
            continue
        planned += credentials.agent_files(found, known, venue, host)
        has_own = credentials.has_own(found, known, (venue.code, host.name), now)
        is_foreign = credentials.is_foreign(found, known.register, venue.code, host.name)
        if asked.has_requests and not has_own and not is_foreign:
            planned += credentials.request_of_host(found, venue.code, host.name)
        elif not (asked.has_requests or has_own or is_foreign):
            known, more = credentials.of_host(found, known, venue.code, host.name, now)
            planned += more
    bridge = f"{credentials.BRIDGE}{venue.code}"
    if asked.has_bridge and not credentials.has_own(found, known, (venue.code, bridge), now):
        known, more = credentials.of_bridge(found, known, venue.code, now)
        planned += more
    return known, planned


def _notes(
    found: Settings, known: Authorities, venue: VenueEntry, asked: Asked, now: float
) -> Iterator[str]:
    """Yield what is left as it is, though the command might have changed it."""
    code = venue.code
    hosts = [host.name for host in venue.host if not host.revoked]
    edited = [name for name in hosts if credentials.is_edited(found, code, name)]
    if edited:
        yield f"agent.toml was edited, and stays: {common.few(edited)}"
    if not asked.has_requests:
        return
    kept = [name for name in hosts if credentials.has_own(found, known, (code, name), now)]
    if kept:
        yield f"no request was made for hosts with a certificate of ours: {common.few(kept)}"


def _steps(found: Settings, venue: VenueEntry, asked: Asked, *, is_first: bool) -> Iterator[str]:
    if is_first:
        yield "restart the broker, which reads authorities only then: systemctl restart mosquitto"
        yield f"name the files of {found.centre_folder} in aggregator.toml, and start it"
        yield "write down the passphrase, and keep it off this machine"
        yield "have venuewatch venue renew run each day: deploy/systemd/venuewatch-crl.timer"
        yield "venuewatch venue backup FILE"
    if asked.has_requests:
        place = Path(found.agents) / venue.code
        yield f"have the foreign authority sign each {place}/HOST/host.csr, as host.pem beside it"
        yield "take it in, where the broker does not know it: venuewatch venue renew --foreign FILE"
    yield f"venuewatch venue bundle {venue.code} --agents {found.agents} --wheels FOLDER"
    yield f"hand each key of {Path(found.pki) / 'hosts' / venue.code} over to its host, by itself"
    if asked.has_bridge:
        name = f"{credentials.BRIDGE}{venue.code}"
        key = credentials.key_path(found, venue.code, name)
        files = f"{Path(found.agents) / venue.code / name} and {key}"
        yield f"bring {files} to the broker of {venue.code}; name that in each agent.toml"
    if venue.uplink_addresses and fleet.has_filter_by_hand(found):
        yield f"{found.nftables_file} was written by hand, and stays: add {venue.code} there"
    elif venue.uplink_addresses:
        yield f"systemctl reload venuewatch-filter, where it includes {found.nftables_file}"
