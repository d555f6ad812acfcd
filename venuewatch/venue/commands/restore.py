"""Runs ``venuewatch venue restore``: goes on as the centre of a backup."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

from venuewatch.base import clock
from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import read_regular
from venuewatch.venue import archive, changes, common, kept, settings
from venuewatch.venue.archive import Manifest, Stored
from venuewatch.venue.authority import crls, folder, register
from venuewatch.venue.authority.certificates import read_certificate
from venuewatch.venue.authority.register import Register
from venuewatch.venue.changes import Change
from venuewatch.venue.settings import Settings

_SUMMARY = """\
Writes the files of a backup, so that this machine goes on as its centre; venues and hosts that the
backup does not have go. A state that has anything that the backup lacks, was changed since, or is
of another authority, is kept. --older gives it up. Certificates that were revoked since stay so, if
the authority is the same.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = _SUMMARY
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup")
    parser.add_argument(
        "--older", action="store_true", help="also over a state that is newer, or another one"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would change")
    common.add_options(parser, changes_files=False)


def run(options: argparse.Namespace) -> int:
    """Read, compare, write; return the exit code."""
    return common.guarded(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    manifest, files, there = _read(options.file)
    found = settings.decoded(files[kept.SETTINGS].content, options.settings)
    if not options.older:
        _refuse_other_place(options.settings, found)
    pki = Path(found.pki)
    with changes.alone(pki, makes=not options.dry_run):
        files = _joined(files, there, pki, may_lose=options.older)
        where = kept.places(found, options.settings)
        planned = [*kept.put(files, where), *kept.others(files, where)]
        if not options.older:
            _refuse_changed_since(planned, manifest.made_at)
        common.finish(found, planned, _steps(found), is_dry=options.dry_run)
    return 0


def _steps(found: Settings) -> list[str]:
    return [
        "venuewatch venue renew, for new lists of revoked certificates",
        "restart the broker and the aggregator",
        f"let {found.broker_address} lead to this machine",
        "venuewatch venue revoke what was revoked after the backup was made",
    ]


def _read(path: Path) -> tuple[Manifest, Mapping[str, Stored], Register]:
    """Return what a backup that has a whole authority says of itself, its files, its register.

    Raises:
        ConfigError: it can not be read, or is no such backup.
    """
    try:
        manifest, files = archive.read(read_regular(path, archive.BYTES_MAX))
    except archive.ArchiveError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    lacking = [
        f"pki/{name}" for name in folder.lacking([each.removeprefix("pki/") for each in files])
    ]
    for name in [kept.SETTINGS, *lacking]:
        if name not in files:
            raise ConfigError(f"{path}: expected {name} in the backup")
    try:
        read_certificate(files[kept.AUTHORITY].content)
        return manifest, files, register.read(files[kept.REGISTER].content)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _refuse_changed_since(planned: Iterable[Change], made_at: float) -> None:
    """Refuse to replace what an operator has changed since the backup was made.

    Raises:
        ConfigError: there is such a file.
    """
    for change in changes.news(planned):
        if change.path.exists() and change.path.stat().st_mtime > made_at:
            what = "replaces" if change.content is not None else "removes"
            raise ConfigError(
                f"{change.path} was changed after the backup was made: --older {what} it"
            )


def _refuse_other_place(path: Path, found: Settings) -> None:
    """Refuse settings by which another authority than the one to be compared is in use here.

    Raises:
        ConfigError: there are such settings.
    """
    try:
        here = settings.read(path)
    except ConfigError:  # there are none, or the backup's mend them
        return
    if Path(here.pki) != Path(found.pki) and folder.exists(Path(here.pki)):
        raise ConfigError(
            f"{path}: expected pki to be {found.pki}, as in the backup, got {here.pki}, where an "
            "authority is: --older goes on with the backup's"
        )


def _joined(
    files: Mapping[str, Stored], there: Register, pki: Path, *, may_lose: bool
) -> Mapping[str, Stored]:
    """Return the files of a backup, with what was issued and revoked here since.

    Raises:
        ConfigError: what is here can not be compared, is of another authority, or is newer.
    """
    if _has_other(pki, files):
        if may_lose:
            return files
        raise ConfigError(
            f"{pki}: expected the authority of the backup, got another one: --older replaces it, "
            "and then no host of this one is let in"
        )
    authority = files[kept.AUTHORITY].content
    lists = _lists_of(pki, authority)
    here = _register_of(pki, authority, lists, may_lose=may_lose)
    both = there.joined(here, clock.wall())
    if both == there:
        return files
    if not may_lose:
        raise ConfigError(
            f"{pki}: expected a state that is not newer than the backup (list {here.crl_number} "
            f"here, {there.crl_number} there): --older goes back to it"
        )
    kept_here = {kept.REGISTER: register.write(both)}
    if lists:  # they have more than those of the backup
        kept_here |= dict.fromkeys(kept.LISTS, lists)
    return {
        name: each._replace(content=kept_here.get(name, each.content))
        for name, each in files.items()
    }


def _has_other(pki: Path, files: Mapping[str, Stored]) -> bool:
    """Tell whether another authority is here than in the backup."""
    try:
        return (pki / "clients" / "ca.pem").read_bytes() != files[kept.AUTHORITY].content
    except OSError:
        return False


def _lists_of(pki: Path, authority: bytes) -> bytes:
    """Return the lists that are here; empty where they are not whole, or of another authority.

    ``authority``: its certificate, as PEM.
    """
    try:
        lists = (pki / "crl.pem").read_bytes()
        crls.revoked_by(lists, authority)
    except (OSError, crls.CrlError):
        return b""
    return lists


def _register_of(pki: Path, authority: bytes, lists: bytes, *, may_lose: bool) -> Register:
    """Return the register that is here; without one what the lists tell.

    Raises:
        ConfigError: there is an authority without it, and that is not to be given up.
    """
    path = pki / "clients" / "issued.json"
    try:
        return register.read(path.read_bytes())
    except (OSError, ValueError):
        if not may_lose and (path.exists() or folder.exists(pki)):
            raise ConfigError(
                f"{path}: expected a register, to compare it with the backup: --older replaces it"
            ) from None
    return register.of_list(*crls.revoked_by(lists, authority)) if lists else Register()
