"""The folder of the authorities: how it begins, what is in it, and what a broker gets of it.

The authority for servers and those for clients are apart: no host can pass itself off as the
broker. There are two for clients from the first day, the present and the next one, since a broker
reads its list of authorities only when it starts. Each has a list of revoked certificates: without
one, a broker refuses everything that the authority has signed.

| file | holds |
|---|---|
| ``servers/ca.pem``, ``ca.key`` | the authority that the hosts trust; the key is encrypted |
| ``clients/ca.pem``, ``ca.key``, ``issued.json`` | the one that signs hosts, and its register |
| ``next/ca.pem``, ``ca.key`` | the one that will; the broker knows it from the first day |
| ``foreign/NAME.pem``, ``NAME.crl`` | an authority of others that signs hosts, and its list |
| ``broker.pem``, ``broker.key`` | the broker's certificate |
| ``tripwire.pem``, ``tripwire.key`` | one that is revoked from the first day |
| ``crl.pem`` | the lists of all authorities for clients |
"""

import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509

from venuewatch.base.config import ConfigError, unusable
from venuewatch.base.files import CONFIG_MAX, read_regular
from venuewatch.venue.authority import crls, register
from venuewatch.venue.authority.certificates import (
    AUTHORITY_DAYS,
    Authority,
    Made,
    as_time,
    is_issued_by,
    key_pem,
    make_authority,
    make_certificate,
    pem_of,
    read_certificate,
    read_key,
    validity,
)
from venuewatch.venue.authority.register import Register
from venuewatch.venue.changes import PRIVATE, PUBLIC, Change

_EARLIEST: Final = 1_767_225_600.0  # 2026-01-01, before this program was there
TRIPWIRE: Final = "_revoked"
BROKER_DAYS: Final = 825
_RESTORE: Final = "restore a backup (venuewatch venue restore)"
_OWN: Final = ("servers", "clients", "next")


class Authorities(NamedTuple):
    """All authorities. ``foreign``: of others, each with its list, by the name of its file."""

    servers: Authority
    clients: Authority
    next: Authority
    register: Register
    foreign: Mapping[str, tuple[bytes, bytes]] = {}

    @property
    def of_clients(self) -> list[x509.Certificate]:
        """The authorities whose certificates the broker takes from clients."""
        others = [read_certificate(pem) for pem, _ in self.foreign.values()]
        return [self.clients.certificate, self.next.certificate, *others]

    def cafile(self) -> bytes:
        """Return the authorities for clients, as the broker reads them when it starts."""
        return b"".join(map(pem_of, self.of_clients))


def exists(folder: Path) -> bool:
    """Tell whether there is an authority, or a part of one."""
    return any((folder / name / file).exists() for name in _OWN for file in ("ca.pem", "ca.key"))


def lacking(names: Collection[str]) -> list[str]:
    """Return the files of the folder without which no machine goes on as this centre."""
    own = [f"{name}/{file}" for name in _OWN for file in ("ca.pem", "ca.key")]
    needed = [*own, "clients/issued.json", "tripwire.pem", "tripwire.key", "crl.pem"]
    return [name for name in needed if name not in names]


def begin(now: float) -> tuple[Authorities, Made]:
    """Make new authorities, and a certificate that is revoked at once: the tripwire."""
    mark = secrets.token_hex(4)  # so that none of an earlier centre has the same name
    servers, clients, following = (
        make_authority(f"venuewatch {name} {mark}", now) for name in _OWN
    )
    tripwire = make_certificate(
        clients, TRIPWIRE, use="client", valid=validity(now, AUTHORITY_DAYS - 1)
    )
    known = Register().add(tripwire, TRIPWIRE).revoke({TRIPWIRE}, now, "tripwire")
    return Authorities(servers, clients, following, known), tripwire


def first_files(folder: Path, made: Authorities, tripwire: Made, passphrase: bytes) -> list[Change]:
    """Return the files of new authorities, but for those that change later."""
    changes = []
    for name, authority in zip(_OWN, made[:3], strict=True):
        key = key_pem(authority.key, passphrase)
        changes += [
            Change(folder / name / "ca.key", key, PRIVATE),
            Change(folder / name / "ca.pem", pem_of(authority.certificate), PUBLIC),
        ]
    return [
        *changes,
        Change(folder / "tripwire.key", tripwire.key, PRIVATE),
        Change(folder / "tripwire.pem", tripwire.certificate, PUBLIC),
    ]


def open_folder(folder: Path, passphrase: bytes) -> Authorities:
    """Return the authorities of a folder.

    Raises:
        ConfigError: one line: the passphrase is wrong, or a file is missing or damaged.
    """
    servers, clients, following = (_open(folder / name, passphrase) for name in _OWN)
    path = folder / "clients" / "issued.json"
    try:
        known = register.read(_content(path, folder, register.BYTES_MAX))
    except ValueError as error:
        raise ConfigError(f"{path}: {error}: {_RESTORE}") from None
    return Authorities(servers, clients, following, known, foreign_of(folder))


def foreign_of(folder: Path) -> dict[str, tuple[bytes, bytes]]:
    """Return the authorities of others, and their lists.

    Raises:
        ConfigError: a file is missing or damaged.
    """
    found = {}
    for path in sorted((folder / "foreign").glob("*.pem")):
        beside = path.with_suffix(".crl")
        if not beside.exists():
            raise ConfigError(f"{beside}: expected the list of {path}: copy it there")
        pem, crl = _content(path, folder), _content(beside, folder)
        try:
            authority = read_certificate(pem)
        except ValueError as error:
            raise ConfigError(f"{path}: {error}") from None
        try:
            is_right = crls.is_only_of(crl, authority)
        except crls.CrlError as error:
            raise ConfigError(f"{beside}: {error}: copy a whole one there") from None
        if not is_right:
            raise ConfigError(f"{beside}: expected the one list of {path}: copy it there")
        found[path.stem] = (pem, crl)
    return found


def state_files(folder: Path, known: Authorities, now: float) -> tuple[Authorities, list[Change]]:
    """Return the register and the lists as they are to be now, and the authorities with them.

    Raises:
        ConfigError: a list would not do.
    """
    _refuse_clock(known.clients.certificate, now)
    numbered = known.register.numbered(now)
    own = crls.make_crl(known.clients, numbered.revoked(), now, numbered.crl_number)
    own += crls.make_crl(known.next, (), now, numbered.crl_number)
    try:  # those of others were checked when they came, and an old one must not stop us
        crls.check(own, [known.clients.certificate, known.next.certificate], now)
        content = own + b"".join(crls.in_pem(crl) for _, crl in known.foreign.values())
    except crls.CrlError as error:
        raise ConfigError(f"{folder / 'crl.pem'}: {error}") from None
    changed = known._replace(register=numbered)
    return changed, [
        Change(folder / "clients" / "issued.json", register.write(numbered), PRIVATE),
        Change(folder / "crl.pem", content, PUBLIC),
    ]


def _refuse_clock(authority: x509.Certificate, now: float) -> None:
    """Refuse a clock that can not be right: what it makes would lock everybody out later.

    Raises:
        ConfigError: at this time the authority is not valid, or this program was not there yet.
    """
    begin, end = authority.not_valid_before_utc, authority.not_valid_after_utc
    if not max(begin.timestamp(), _EARLIEST) <= now <= end.timestamp():
        raise ConfigError(
            f"the clock says {as_time(now):%Y-%m-%d}, and the authority is valid from "
            f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}: set the clock"
        )


def broker_certificate(known: Authorities, address: str, now: float) -> Made:
    """Make the broker's key and certificate."""
    return make_certificate(known.servers, address, use="server", valid=validity(now, BROKER_DAYS))


def _open(folder: Path, passphrase: bytes) -> Authority:
    pem = _content(folder / "ca.pem", folder.parent)
    key = _content(folder / "ca.key", folder.parent)
    try:
        certificate = read_certificate(pem)
    except ValueError as error:
        raise ConfigError(f"{folder / 'ca.pem'}: {error}: {_RESTORE}") from None
    try:
        opened = Authority(read_key(key, passphrase), certificate)
    except ValueError as error:
        raise ConfigError(f"{folder / 'ca.key'}: {error}") from None
    if opened.key.public_key() != certificate.public_key() or not is_issued_by(
        certificate, certificate
    ):
        raise ConfigError(f"{folder}: ca.key is not the key of ca.pem: {_RESTORE}")
    return opened


def _content(path: Path, folder: Path, bytes_max: int = CONFIG_MAX) -> bytes:
    try:
        return read_regular(path, bytes_max)
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: this part of the authority is missing: {_RESTORE}, or remove {folder} and "
            "begin anew, with new certificates for every host"
        ) from None
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
