"""Refuses what can not go well, before anything on the host is changed.

Gathers what the host is to get: the bundle's files for it, its key or password, its certificate.
"""

import contextlib
import os
import ssl
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from .before import Before
from .certificate import validity_of
from .machine import Machine, RefusedError, in_words
from .opened import Bundle
from .program import (
    COMPLETE,
    CONFIGURATION,
    LINK,
    PACKAGED_UNITS,
    PROGRAMS,
    PUBLIC,
    RELEASES,
    SHARED,
    UNITS,
    Program,
)

CLOCK_SLACK_S = 300.0
ROOM_FACTOR = 8
"""Room to ask for, in bytes of wheels: unpacked, and compiled. Estimated, not measured."""

ROOM_BYTES = 16 * 1024 * 1024
_SECRET_MAX = 65_536
_SHOWN_MAX = 10


class Given(NamedTuple):
    """What the operator gave beside the bundle: files for this host, by path, or None."""

    key: Path | None = None
    password: Path | None = None
    certificate: Path | None = None


def choose_host(
    bundle: Bundle, named: str | None, installed: Mapping[str, object] | None, own_name: str
) -> str:
    """Return the host that this machine is, or is to be.

    Raises:
        RefusedError: the bundle has no such host, or it is not clear which one is meant.
    """
    was = (installed or {}).get("host")
    if named is None and isinstance(was, str) and was not in bundle.hosts:
        raise RefusedError(
            f"this machine is {was}, and the bundle of {bundle.name} has no such host "
            f"({_listed(bundle.hosts)}): bring the bundle of its venue, or uninstall first"
        )
    if named is None and isinstance(was, str):
        named = was
    elif was is not None and named != was:
        raise RefusedError(f"this machine is {was}: leave out --host, or uninstall first")
    if named is None and len(bundle.hosts) == 1:
        return bundle.hosts[0]
    host = named or own_name.partition(".")[0]
    if host not in bundle.hosts:
        known = _listed(bundle.hosts)
        hint = "say which one with --host" if named is None else "look at its spelling"
        raise RefusedError(f"the bundle of {bundle.name} has no host {host!r}: {hint} ({known})")
    return host


def check_machine(machine: Machine, bundle: Bundle, release: str) -> None:
    """Check Python, architecture, clock and room.

    Raises:
        RefusedError: one of them is not as it must be.
    """
    if machine.python not in bundle.pythons:
        raise RefusedError(
            f"the bundle has no wheels for {in_python(machine.python)}, only for "
            f"{', '.join(map(in_python, bundle.pythons))}: make one with "
            f"venuewatch venue bundle --python {machine.python}"
        )
    now = machine.wall()
    if now < bundle.made_at_s - CLOCK_SLACK_S:
        raise RefusedError(
            f"this machine's clock says {_date(now)}, but the bundle was made at "
            f"{_date(bundle.made_at_s)}: set the clock first"
        )
    if machine.at(f"{RELEASES}/{release}/{COMPLETE}").is_file():
        return  # it is there already, and needs no room any more
    wheels = sum(wheel.stat().st_size for wheel in bundle.wheels(machine.python))
    needed = ROOM_FACTOR * wheels + ROOM_BYTES
    free = machine.free_bytes(RELEASES)
    if free < needed:
        raise RefusedError(
            f"{RELEASES} has room for {free >> 20} MiB, and {needed >> 20} MiB are needed: "
            "make room"
        )


def check_others(machine: Machine, before: Before, program: Program) -> None:
    """Check that nothing else has the place: the other program, or a package of Debian's.

    Raises:
        RefusedError: it has.
    """
    for each in PROGRAMS.values():
        if machine.at(f"{PACKAGED_UNITS}/{each.unit}").exists():
            raise RefusedError(
                f"the Debian package {each.user} has {LINK} here: upgrade it by apt, "
                f"or give apt remove {each.user} first, which keeps configuration and spool"
            )
    for said in (before.doing, before.installed):
        other = (said or {}).get("program", program.name)
        if other != program.name:
            raise RefusedError(
                f"this machine has the {other} of another bundle: it takes one of them"
            )


def check_installed(machine: Machine, before: Before, what: str, program: Program) -> None:
    """Check that there is something to upgrade, or nothing in the way of an installation.

    Raises:
        RefusedError: it is the other way round.
    """
    if before.doing is not None:
        return
    here = machine.at(LINK)
    is_unit = machine.at(f"{UNITS}/{program.unit}").exists()
    is_there = before.installed is not None or is_unit or here.is_symlink() or here.exists()
    if what == "install" and is_there:
        raise RefusedError(
            f"an {program.name} is installed here already: use upgrade, which keeps its spool "
            "and goes back when the new one does not come up"
        )
    if what == "upgrade" and not is_there:
        raise RefusedError(f"no {program.name} is installed here: use install")


def files_for(
    machine: Machine, bundle: Bundle, host: str, given: Given
) -> dict[str, tuple[bytes, int]]:
    """Return each file for the host, by path: its content and its mode.

    Raises:
        RefusedError: a secret or certificate is missing, can't be read, or does not fit.
    """
    program = bundle.program
    found = {
        f"{CONFIGURATION}/{name}": (content, PUBLIC if name.endswith(".pem") else SHARED)
        for name, content in bundle.files_of(host).items()
    }
    broker = _broker_of(found[program.configuration][0])
    for setting, path in (("key_file", given.key), ("password_file", given.password)):
        if (secret := _secret(machine, broker.get(setting), path, setting)) is not None:
            found[str(broker[setting])] = (secret, SHARED)
    if "cert_file" in broker:
        key, certificate = str(broker.get("key_file")), str(broker["cert_file"])
        if given.certificate is not None:
            found[certificate] = (_read(given.certificate), PUBLIC)
        elif (own := _renewed(machine, found, certificate, key)) is not None:
            machine.tell(f"{certificate} stays: it was renewed since the bundle was made")
            found[certificate] = (own, PUBLIC)
        _check_pair(machine, found, certificate, key)
    elif given.certificate is not None:
        raise RefusedError(f"{program.configuration} names no cert_file: leave --certificate")
    return found


def key_path(bundle: Bundle, host: str) -> str:
    """Return where a host's key belongs.

    Raises:
        RefusedError: its configuration names none.
    """
    content = bundle.files_of(host)[Path(bundle.program.configuration).name]
    path = _broker_of(content).get("key_file")
    if not isinstance(path, str):
        raise RefusedError(f"the configuration of {host} names no key_file: it needs no key")
    return path


def in_python(name: str) -> str:
    """Return ``3.11-x86_64`` in words."""
    version, _, architecture = name.partition("-")
    return f"Python {version} on {architecture}"


def _broker_of(configuration: bytes) -> dict[str, object]:
    try:
        broker = tomllib.loads(configuration.decode()).get("broker", {})
    except ValueError as error:
        raise RefusedError(f"the bundle's configuration is no TOML: {error}") from None
    return broker if isinstance(broker, dict) else {}


def _secret(machine: Machine, place: object, given: Path | None, setting: str) -> bytes | None:
    """Return the secret for ``place``, given or there already; None where none is wanted."""
    option = "--key" if setting == "key_file" else "--password"
    if not isinstance(place, str):
        if given is not None:
            raise RefusedError(f"the configuration names no {setting}: leave out {option}")
        return None
    if given is None:
        here = machine.at(place)
        if here.is_file():
            return here.read_bytes()  # put again: one that was made here is root's alone so far
        also = ", or make one here with install --csr" if setting == "key_file" else ""
        raise RefusedError(f"{place} is not there: bring it with {option} FILE{also}")
    content = _read(given)
    if setting == "key_file" and (b"PRIVATE KEY-----" not in content or b"ENCRYPTED" in content):
        raise RefusedError(f"{given}: expected a private key in PEM, without a passphrase")
    return content


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise RefusedError(f"{path}: there is no such file")
    try:
        with path.open("rb") as file:
            content = file.read(_SECRET_MAX + 1)
    except OSError as error:
        raise RefusedError(in_words(error)) from None
    if not content or len(content) > _SECRET_MAX:
        raise RefusedError(f"{path}: expected 1 to {_SECRET_MAX} bytes")
    return content


def _check_pair(
    machine: Machine, found: dict[str, tuple[bytes, int]], certificate: str, key: str
) -> None:
    """Check that certificate and key belong together, and that the certificate is valid now."""
    pair = []
    for path, words in ((certificate, "certificate"), (key, "key")):
        if path in found:
            pair.append(found[path][0])
        elif machine.at(path).is_file():
            pair.append(machine.at(path).read_bytes())
        else:
            raise RefusedError(f"{path} is not there: bring the {words} with --{words} FILE")
    try:
        valid = validity_of(pair[0])
    except ValueError as error:
        raise RefusedError(f"{certificate}: {error}") from None
    now = machine.wall()
    if now < valid.begin_s:
        raise RefusedError(
            f"the certificate is valid from {_date(valid.begin_s)}, and this machine's clock says "
            f"{_date(now)}: set the clock"
        )
    if now >= valid.end_s:
        raise RefusedError(
            f"the certificate was valid until {_date(valid.end_s)}, and this machine's clock says "
            f"{_date(now)}: renew it with venuewatch venue renew, or set the clock"
        )
    if not _is_pair(*pair):
        raise RefusedError(
            f"the key does not belong to {certificate}: bring the right one with --key FILE, "
            "or a bundle that was made since the certificate was renewed"
        )


def _renewed(
    machine: Machine, found: dict[str, tuple[bytes, int]], certificate: str, key: str
) -> bytes | None:
    """Return the certificate that is here, where it fits the key better than the bundle's.

    One that fits the key and is valid for longer was renewed since the bundle was made.
    """
    here = machine.at(certificate)
    if certificate not in found or key not in found or not here.is_file():
        return None
    own, others, secret = here.read_bytes(), found[certificate][0], found[key][0]
    try:
        is_longer = validity_of(own).end_s > validity_of(others).end_s
    except ValueError:
        return None
    return own if is_longer and _is_pair(own, secret) else None


def _is_pair(certificate: bytes, key: bytes) -> bool:
    """Tell if a key belongs to a certificate. OpenSSL reads files only: these are in memory."""
    with _in_memory(certificate) as one, _in_memory(key) as other:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(one, other, b"-")
        except ssl.SSLError:
            return False
    return True


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """Yield the path of a file that no disk ever has."""
    descriptor = os.memfd_create("venuewatch")
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _listed(hosts: Sequence[str]) -> str:
    """Return the hosts of a bundle in words, of many the first ones."""
    more = len(hosts) - _SHOWN_MAX
    behind = f" and {more} more" if more > 0 else ""
    return f"it has {', '.join(hosts[:_SHOWN_MAX])}{behind}"


def _date(at_s: float) -> str:
    with contextlib.suppress(OverflowError, ValueError, OSError):
        return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{at_s:.0f} s after 1970"
