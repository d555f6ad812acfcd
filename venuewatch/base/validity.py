"""Reads until when certificates, and lists of revoked ones (CRL), are valid; without a library.

Both are nested triples of tag, length and content (X.690). The two dates of a certificate stand
behind its optional version, serial number, algorithm and issuer (RFC 5280, 4.1); those of a list
behind its optional version, algorithm and issuer (5.1). Pure, but for ``own_end``.
"""

import base64
import datetime as dt
import re
import ssl
from typing import Final, NamedTuple

from venuewatch.base.files import SECRET_MAX, check_regular, read_regular

_INTEGER, _UTC_TIME, _GENERALIZED_TIME, _EXPLICIT_VERSION = 0x02, 0x17, 0x18, 0xA0
_LONG = 0x80  # the first byte of a length that has more
_FIFTY = 50  # a year of two digits is 1950 to 2049 (RFC 5280, 4.1.2.5.1)
_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")
_BEGINS: Final = b"-----BEGIN X509 CRL-----"
_LIST: Final = re.compile(_BEGINS + rb"([^-]+)-----END X509 CRL-----")


class Validity(NamedTuple):
    """The time (unixtime) from which something is valid, and when that ends."""

    not_before: float
    not_after: float


def validity(der: bytes) -> Validity | None:
    """Return when a DER certificate is valid; None if it can't be read."""
    try:
        at = _inside(der)
        return _dates(der, at, skipped=4 if der[at] == _EXPLICIT_VERSION else 3)
    except (IndexError, ValueError):
        return None


def not_after(der: bytes) -> float | None:
    """Return when a DER certificate expires (unixtime); None if it can't be read."""
    found = validity(der)
    return None if found is None else found.not_after


def certificate_end(pem: bytes) -> float | None:
    """Return when the first certificate of a PEM file expires (unixtime); None if none is there."""
    found = _CERTIFICATE.search(pem)
    der = None if found is None else _der(found[1])
    return None if der is None else not_after(der)


def lists_end(pem: bytes) -> float | None:
    """Return when the first of all lists of a PEM file is outdated (unixtime).

    None if there is none, if one can't be read, or says no such time.
    """
    blocks, ends = _LIST.findall(pem), []
    if len(blocks) != pem.count(_BEGINS):
        return None
    for block in blocks:
        der = _der(block)
        end = None if der is None else _next_update(der)
        if end is None:
            return None
        ends.append(end)
    return min(ends, default=None)


def own_end(cert_file: str, key_file: str | None) -> float:
    """Return when our own certificate expires (unixtime); 0 where no connection can be made by it.

    Certificate and key are brought by hand, one file after the other. A pair that does not fit, or
    that our user may not read, is worse than one that ends soon: the next connection fails.
    ``key_file``: None where the key stands in the same file.
    """
    try:
        end = certificate_end(read_regular(cert_file, SECRET_MAX))
        if key_file is not None:
            check_regular(key_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except (OSError, ValueError):
        return 0.0
    return end or 0.0


def _no_password() -> str:
    return ""  # or else OpenSSL asks for it on a terminal


def _der(block: bytes) -> bytes | None:
    try:
        return base64.b64decode(block)
    except ValueError:
        return None


def _next_update(der: bytes) -> float | None:
    try:
        at = _inside(der)
        return _dates(der, at, skipped=3 if der[at] == _INTEGER else 2).not_after
    except (IndexError, ValueError):
        return None


def _inside(der: bytes) -> int:
    """Return where the content of the first part of the whole begins: what was signed."""
    _, at, _ = _element(der, 0)
    return _element(der, at)[1]


def _dates(der: bytes, at: int, *, skipped: int) -> Validity:
    """Return the two times behind so many elements; those of a certificate are in one of theirs."""
    for _ in range(skipped):
        _, _, at = _element(der, at)
    if der[at] not in {_UTC_TIME, _GENERALIZED_TIME}:
        _, at, _ = _element(der, at)
    times = []
    for _ in Validity._fields:
        kind, start, at = _element(der, at)
        times.append(_unixtime(kind, der[start:at].decode("ascii")))
    return Validity(*times)


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of the element at ``at``, where its content begins, and where it ends."""
    size, start = der[at + 1], at + 2
    if size & _LONG:
        start += size & ~_LONG
        size = int.from_bytes(der[at + 2 : start], "big")
    return der[at], start, start + size


def _unixtime(kind: int, text: str) -> float:
    """Return an ASN.1 time as unixtime; raises ValueError if it is none."""
    if kind == _UTC_TIME:
        century = "20" if int(text[:2]) < _FIFTY else "19"
        text = century + text
    elif kind != _GENERALIZED_TIME:
        raise ValueError("Expected a time")
    return dt.datetime.fromisoformat(f"{text[:8]}T{text[8:14]}Z").timestamp()
