"""Runs ``venuewatch venue restore``: goes on as the centre of a backup."""

import argparse
from pathlib import Path

from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import read_regular
from venuewatch.venue import archive, changes, common, kept, settings
from venuewatch.venue.authority import folder, register

_SUMMARY = """\
Writes the files of a backup, so that this machine goes on as its centre. A state that is newer than
the backup is kept: with the older one, certificates that were revoked since would be good again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup")
    parser.add_argument(
        "--older", action="store_true", help="also over a state that is newer than the backup"
    )
    common.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Read, compare, write; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        manifest, files = archive.read(read_regular(options.file, archive.BYTES_MAX))
        own = files[kept.SETTINGS].content
    except archive.ArchiveError as error:
        raise ConfigError(f"{options.file}: {error}") from None
    except KeyError:
        raise ConfigError(f"{options.file}: expected settings in the backup") from None
    except (OSError, ValueError) as error:
        raise unusable(options.file, error) from None
    found = settings.decoded(own, options.settings)
    with changes.alone(Path(found.pki)):
        if not options.older:
            _refuse_newer(Path(found.pki), manifest.crl_number)
        planned = kept.put(files, kept.places(found, options.settings))
        then = [
            "venuewatch venue renew, for new lists of revoked certificates",
            "start the broker and the aggregator",
            f"let {found.broker_address} lead to this machine",
            "venuewatch venue revoke what was revoked after the backup was made",
        ]
        common.finish(found, planned, then, is_dry=options.dry_run)
    return 0


def _refuse_newer(pki: Path, number: int) -> None:
    """Refuse to go back.

    Raises:
        ConfigError: what is here is newer than the backup, or can not be compared with it.
    """
    if not folder.exists(pki):
        return
    path = pki / "clients" / "issued.json"
    try:
        here = register.read(path.read_bytes()).crl_number
    except (OSError, ValueError):
        raise ConfigError(
            f"{path}: expected a register, to compare it with the backup: --older replaces it"
        ) from None
    if here > number:
        raise ConfigError(
            f"{pki}: expected a state that is not newer than the backup (list {here} here, "
            f"{number} there): --older goes back to it"
        )
