"""Makes and checks lists of revoked certificates (CRL), before a broker reads them.

A broker that can not read its list lets revoked certificates in. One whose list is outdated refuses
everybody. So a list is valid for long and renewed daily, and none is installed before it was
parsed, and its signature and its dates were verified. Pure: times are seconds since 1970 (UTC).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization

from venuewatch.venue.authority.certificates import (
    DAY_S,
    Authority,
    as_time,
    common_name,
    is_issued_by,
    read_certificate,
)

VALID_DAYS: Final = 401
"""So long (days) a list is valid: over a year, should nobody renew it."""

_BLOCK: Final = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----\r?\n?", re.DOTALL)
_TYPES: Final = (ValueError, TypeError, UnsupportedAlgorithm)


class CrlError(ValueError):
    """A list can not be used; its text is for the operator."""


class Revoked(NamedTuple):
    """A certificate that is revoked since ``at``."""

    serial: int
    at: float


def make_crl(authority: Authority, revoked: Iterable[Revoked], now: float, number: int) -> bytes:
    """Return the list of an authority as PEM; ``number`` is higher with each."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(as_time(now - DAY_S))  # a broker's clock may be behind
        .next_update(as_time(now + VALID_DAYS * DAY_S))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    for serial, at in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial)
        builder = builder.add_revoked_certificate(entry.revocation_date(as_time(at)).build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read_crls(data: bytes) -> list[x509.CertificateRevocationList]:
    """Return the lists of a file; DER is one, PEM may be several.

    Raises:
        CrlError: one can not be read, or there is none.
    """
    blocks = _BLOCK.findall(data)
    try:
        if not blocks:
            return [x509.load_der_x509_crl(data)]
        found = [x509.load_pem_x509_crl(block) for block in blocks]
    except _TYPES:
        raise CrlError("expected lists of revoked certificates, in PEM or DER") from None
    if data.count(b"-----BEGIN X509 CRL-----") != len(found):
        raise CrlError("expected whole lists of revoked certificates, got one that is cut short")
    return found


def check(data: bytes, authorities: Sequence[x509.Certificate], now: float) -> None:
    """Check that a file has the one current list of each authority, and no other.

    Raises:
        CrlError: a broker that reads it would refuse or let in whom it should not.
    """
    lists = read_crls(data)
    for authority in authorities:
        own = [each for each in lists if _is_of(each, authority)]
        name = common_name(authority)
        if len(own) != 1:
            raise CrlError(f"expected one list signed by the authority {name}, got {len(own)}")
        ends = own[0].next_update_utc
        if ends is None or ends <= as_time(now):
            raise CrlError(f"expected a list of {name} that is valid still: bring a newer one")
        if own[0].last_update_utc > as_time(now):
            raise CrlError(f"expected a list of {name} that is valid already: look at the clock")
        if _is_partial(own[0]):
            raise CrlError(f"expected a list of all that {name} has revoked, got a part of it")
    if len(lists) != len(authorities):
        raise CrlError(
            f"expected lists of {len(authorities)} authorities alone, got {len(lists)} lists"
        )


def made_at(data: bytes) -> float:
    """Return when (s since 1970) the latest of the lists of a file was made.

    Raises:
        CrlError: they can not be read.
    """
    return max((each.last_update_utc.timestamp() for each in read_crls(data)), default=0.0)


def revoked_by(data: bytes, pem: bytes) -> tuple[list[Revoked], int]:
    """Return what an authority has revoked, by the one list of it in a file, and its number.

    Raises:
        CrlError: a list can not be read, or there is none of it.
    """
    authority = read_certificate(pem)
    own = [each for each in read_crls(data) if _is_of(each, authority)]
    if len(own) != 1:
        raise CrlError(f"expected one list of {common_name(authority)}, got {len(own)}")
    try:
        number = own[0].extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (x509.ExtensionNotFound, *_TYPES):
        number = 0
    found = [Revoked(each.serial_number, each.revocation_date_utc.timestamp()) for each in own[0]]
    return found, number


def is_only_of(data: bytes, authority: x509.Certificate) -> bool:
    """Tell whether a file has one list, signed by that authority; it may be outdated.

    Raises:
        CrlError: it can not be read.
    """
    return [_is_of(each, authority) for each in read_crls(data)] == [True]


def in_pem(data: bytes) -> bytes:
    """Return lists as a broker reads them.

    Raises:
        CrlError: they can not be read.
    """
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in read_crls(data))


def _is_of(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    if crl.issuer != authority.subject:
        return False
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except _TYPES:  # a key of a kind that signs nothing
        return False


def _is_partial(crl: x509.CertificateRevocationList) -> bool:
    """Tell whether a list is of changes only, or of some certificates: a broker refuses it then."""
    try:
        return any(extension.critical for extension in crl.extensions)  # RFC 5280, 5.2
    except _TYPES:
        return True


def may_sign(authority: x509.Certificate) -> bool:
    """Tell whether a certificate is an authority's that signed itself."""
    try:
        basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, *_TYPES):
        return False
    return basic.ca and is_issued_by(authority, authority)
