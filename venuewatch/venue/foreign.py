"""Takes in a foreign authority that signs hosts, and each newer list of what it has revoked."""

from pathlib import Path

from cryptography import x509

from venuewatch.base.config import ConfigError
from venuewatch.base.wire.topics import is_name
from venuewatch.venue import common, hosts_csv
from venuewatch.venue.authority import crls
from venuewatch.venue.authority.certificates import as_time, pem_of, read_certificate
from venuewatch.venue.authority.folder import Authorities
from venuewatch.venue.changes import PUBLIC, Change
from venuewatch.venue.settings import Settings


def taken_in(
    settings: Settings, known: Authorities, files: tuple[Path, Path], now: float
) -> tuple[Authorities, list[Change]]:
    """Return the authorities with the one of ``files``: its certificate, and its list.

    Raises:
        ConfigError: it is none, its list would not do, or the one in force is newer.
    """
    authority, lists = _read(files, known, now)
    path = files[0]
    by_name = {name: read_certificate(pem) for name, (pem, _) in known.foreign.items()}
    same = [name for name, each in by_name.items() if each == authority]
    name = same[0] if same else path.stem
    if not same and (name in by_name or not (is_name(name) and hosts_csv.is_path_name(name))):
        raise ConfigError(
            f"{path}: expected a name of letters and digits that no other foreign authority has: "
            "rename the file"
        )
    if same and crls.made_at(known.foreign[name][1]) > crls.made_at(lists):
        raise ConfigError(
            f"{files[1]}: this list is older than the one that is in force, and would let revoked "
            "certificates in again: bring the newest"
        )
    place, pem = Path(settings.pki) / "foreign", pem_of(authority)
    return known._replace(foreign={**known.foreign, name: (pem, lists)}), [
        Change(place / f"{name}.crl", lists, PUBLIC),
        Change(place / f"{name}.pem", pem, PUBLIC),
    ]


def _read(
    files: tuple[Path, Path], known: Authorities, now: float
) -> tuple[x509.Certificate, bytes]:
    """Return an authority and its list, once both are right.

    Raises:
        ConfigError: one is not.
    """
    path, list_path = files
    try:
        authority = read_certificate(common.content_of(path))
        lists = crls.in_pem(common.content_of(list_path))
        crls.check(lists, [authority], now)
    except crls.CrlError as error:
        raise ConfigError(f"{list_path}: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    if not crls.may_sign(authority):
        raise ConfigError(f"{path}: expected an authority that signed itself")
    if not authority.not_valid_before_utc <= as_time(now) < authority.not_valid_after_utc:
        raise ConfigError(f"{path}: expected an authority that is valid now: look at the clock")
    if authority in (known.clients.certificate, known.next.certificate):
        raise ConfigError(f"{path}: expected a foreign authority, got one of ours")
    return authority, lists
