"""Runs ``venuewatch venue backup``: writes all that a new machine needs to go on as this centre."""

import argparse
from pathlib import Path

from venuewatch.base import clock
from venuewatch.base.config import ConfigError
from venuewatch.terminal import output
from venuewatch.venue import archive, changes, common, kept, settings
from venuewatch.venue.authority import folder, register
from venuewatch.venue.changes import PRIVATE, Change

_SUMMARY = """\
Writes one file with the authority, the inventory, the access rules, the configuration of the
aggregator and of each agent. With it and the passphrase another machine goes on as this centre, and
no host needs a new certificate. It holds private keys: keep it where only the operators of the
authority can read it. Not in it: the journal, the broker's own configuration, and other secrets
that the aggregator's configuration names.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup; a new file")
    common.add_options(parser, changes_files=False)


def run(options: argparse.Namespace) -> int:
    """Collect and write; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    found = settings.read(options.settings)
    if options.file.exists():
        raise ConfigError(f"{options.file}: expected a new file: a backup replaces no other")
    with changes.alone(Path(found.pki)):
        files = kept.collect(kept.places(found, options.settings))
    if not folder.exists(Path(found.pki)):
        raise ConfigError(f"{found.pki}: expected an authority: venuewatch venue add makes it")
    lacking = folder.lacking([name.removeprefix("pki/") for name in files])
    if lacking:
        raise ConfigError(
            f"{Path(found.pki) / lacking[0]}: this part of the authority is missing, and a backup "
            "without it is none: restore an earlier one"
        )
    try:
        number = register.read(files[kept.REGISTER].content).crl_number
    except ValueError as error:
        raise ConfigError(f"{found.pki}: {error}") from None
    changes.apply([Change(options.file, archive.make(files, clock.wall(), number), PRIVATE)])
    output.show(
        [
            f"{len(files):,} files are in {options.file}",
            "next:",
            "  copy it to another machine; keep the passphrase apart from it",
            f"  on a new machine: venuewatch venue restore {options.file.name}",
        ]
    )
    return 0
