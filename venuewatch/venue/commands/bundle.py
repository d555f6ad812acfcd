"""``venuewatch venue bundle``: one archive that brings a venue's hosts, or the centre, to run."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from venuewatch.base import clock
from venuewatch.base.config import ConfigError, one_line, unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.base.refusals import unknown
from venuewatch.terminal import output
from venuewatch.venue import common, fleet, settings
from venuewatch.venue.bundle import archive
from venuewatch.venue.bundle.content import Order, entries
from venuewatch.venue.bundle.host.certificate import validity_of
from venuewatch.venue.bundle.wheels import ARCHITECTURES, PYTHONS, Target, read_folder
from venuewatch.venue.hosts_csv import HOSTS_MAX

USAGE_ERROR: Final = 2
_FILES_MAX: Final = 100
_LONGEST_SHOWN: Final = 40
_CENTRE: Final = "centre"
_AGENTS: Final = Path("/etc/venuewatch/agents")
_CERTIFICATE: Final = "host.pem"
_LEFT_OUT: Final = frozenset({".csr", ".key"})

_SUMMARY = """\
Makes one archive with all that a venue's hosts need, and nothing from the internet: wheels, pip,
systemd's unit, each host's configuration and certificate, and the commands install, upgrade and
uninstall. It holds no private key: a host's key is handed over by itself.
"""
_EXAMPLES = """\
examples:
  venuewatch venue bundle STA --wheels wheels
      for Python 3.11 on x86_64, which is Debian 12 on usual servers
  venuewatch venue bundle STA --wheels wheels --python 3.11-x86_64 --python 3.13-aarch64
      for Debian 13 on ARM, too
  venuewatch venue bundle --centre files --wheels wheels
      for the centre: files has aggregator.toml and inventory.toml

exit code: 0 done, 2 a wheel, a host or a file is missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.epilog = _EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("venue", metavar="VENUE", nargs="?", help="the venue's code")
    parser.add_argument(
        "--centre", metavar="FOLDER", type=Path, help="bundle the centre, with its files there"
    )
    common.add_options(parser, changes_files=False)
    parser.add_argument(
        "--agents",
        metavar="FOLDER",
        type=Path,
        help="what venue add wrote for each host: VENUE/HOST/ (as the settings say)",
    )
    parser.add_argument(
        "--wheels", metavar="FOLDER", type=Path, required=True, help="wheels of all it needs"
    )
    parser.add_argument(
        "--python",
        metavar="VERSION-ARCHITECTURE",
        action="append",
        type=_target,
        help="a Python that hosts have; may be given again (3.11-x86_64)",
    )
    parser.add_argument(
        "--csr", action="store_true", help="hosts can make their own key, with install --csr"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="venuewatch-VENUE.tar")
    parser.add_argument("--dry-run", action="store_true", help="only say what it would have")


def run(options: argparse.Namespace) -> int:
    """Make the bundle; return the exit code."""
    try:
        _bundle(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    return 0


def _bundle(options: argparse.Namespace) -> None:
    """Make it, or say what it would have."""
    if (options.venue is None) == (options.centre is None):
        raise ConfigError("expected either a venue's code or --centre FOLDER")
    if options.centre is None:
        program, hosts = "agent", _hosts_of(options)
    else:
        program, hosts = "aggregator", {_CENTRE: _files(options.centre)}
    targets = tuple(dict.fromkeys(options.python or [Target(PYTHONS[0], ARCHITECTURES[0])]))
    now = clock.wall()
    _check_certificates(options.venue, hosts, now)
    order = Order(program, options.venue or "", targets, makes_keys=options.csr, made_at_s=now)
    name = f"venuewatch-{options.venue or _CENTRE}"
    path: Path = options.out or Path(f"{name}.tar")
    found = entries(order, hosts, read_folder(options.wheels))
    named = ", ".join(target.words for target in targets)
    count = "1 host" if len(hosts) == 1 else f"{len(hosts)} hosts"
    about = f"{one_line(path)}: {count}, {named}"
    if options.dry_run:
        output.show([f"{about}, {len(found)} files", "nothing was changed (--dry-run)"])
        return
    digest = archive.write(path, found, folder=name, made_at_s=now)
    output.show([about, *_next_steps(path.name, name, digest, options)])


def _next_steps(file: str, folder: str, digest: str, options: argparse.Namespace) -> list[str]:
    key = "--csr HOST.csr" if options.csr else "--key HOST.key"
    host = f" --host HOST {key}" if options.centre is None else ""
    return [
        f"SHA-256 {digest}",
        "next: tell the venue this SHA-256 by another way than the file, such as by telephone",
        f"on each host, where sha256sum {file} says the same:",
        f"  tar xf {file} && sudo {folder}/install{host}",
    ]


def _hosts_of(options: argparse.Namespace) -> Mapping[str, Mapping[str, bytes]]:
    """Return the files of each host of a venue that is in the inventory and was not revoked.

    Raises:
        ConfigError: there is no such venue, or a host in the inventory has no files.
    """
    found = settings.read(options.settings) if options.settings.exists() else None
    agents = options.agents or (_AGENTS if found is None else Path(found.agents))
    hosts = files_of_venue(agents, options.venue)
    if found is None or agents.resolve() != Path(found.agents).resolve():
        return hosts
    venue = fleet.read(found).ours.get(options.venue)
    if venue is None:
        return hosts
    names = {host.name for host in venue.host if not host.revoked}
    if lacking := sorted(names - set(hosts)):
        raise ConfigError(
            f"{', '.join(lacking)}: in the inventory, and not in {one_line(agents)}: "
            "give venuewatch venue add again"
        )
    for name in sorted(set(hosts) - names):
        output.show([f"{name} is left out: it was revoked, or is not in the inventory"])
    return {name: files for name, files in hosts.items() if name in names}


def _check_certificates(venue: str, hosts: Mapping[str, Mapping[str, bytes]], now: float) -> None:
    """Check that no host gets a certificate that has ended.

    Raises:
        ConfigError: one would, or it can't be read.
    """
    for host, files in hosts.items():
        if _CERTIFICATE not in files:
            continue
        try:
            end_s = validity_of(files[_CERTIFICATE]).end_s
        except ValueError as error:
            raise ConfigError(f"{one_line(host)}/{_CERTIFICATE}: {error}") from None
        if now >= end_s:
            raise ConfigError(
                f"{one_line(host)}: its certificate has ended: venuewatch venue renew "
                f"{venue}/{host} first"
            )


def files_of_venue(agents: Path, venue: str) -> dict[str, Mapping[str, bytes]]:
    """Return the files of each host of a venue, as ``venue add`` wrote them.

    Raises:
        ConfigError: there is no such venue, or a file can't be read.
    """
    venues = _folders(agents)
    if venue not in venues:
        raise ConfigError(f"{one_line(agents)}: {unknown('venue', venue, venues)}")
    hosts = [host for host in _folders(agents / venue) if not host.startswith("_")]
    if not 0 < len(hosts) <= HOSTS_MAX:
        raise ConfigError(f"{venue}: expected 1 to {HOSTS_MAX} hosts, got {len(hosts)}")
    return {host: _files(agents / venue / host) for host in hosts}


def _folders(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.iterdir() if each.is_dir())
    except OSError as error:
        raise unusable(path, error) from None


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder; requests and keys are none of a bundle's."""
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise unusable(folder, error) from None
    wanted = [path for path in paths if path.suffix not in _LEFT_OUT]
    if len(wanted) > _FILES_MAX:
        raise ConfigError(f"{one_line(folder)}: expected at most {_FILES_MAX} files")
    found = {}
    for path in wanted:
        try:
            found[path.name] = read_regular(path, CONFIG_MAX)
        except (OSError, ValueError) as error:
            raise unusable(path, error) from None
    return found


def _target(text: str) -> Target:
    """Return the target that ``3.11-x86_64`` names."""
    python, _, machine = text.partition("-")
    if python not in PYTHONS or machine not in ARCHITECTURES:
        raise argparse.ArgumentTypeError(
            f"expected VERSION-ARCHITECTURE of {', '.join(PYTHONS)} "
            f"and {', '.join(ARCHITECTURES)}, "
            f"got {text[:_LONGEST_SHOWN]!r}"
        )
    return Target(python, machine)
