"""Reads from a certificate from when to when it is valid, with the standard library alone.

A certificate is nested triples of tag, length and content (X.690). The dates are the fifth field
of its first part, or the fourth where it has no version (RFC 5280, 4.1).
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_VERSION = 0xA0
_UTC_TIME = 0x17  # two digits of the year; 50 and above is of the last century (RFC 5280)
_CENTURY_TURNS = 50
_LONG = 0x80


class Validity(NamedTuple):
    """From when to when (seconds since 1970)."""

    begin_s: float
    end_s: float


def validity_of(pem: bytes) -> Validity:
    """Return when the first certificate of a PEM file is valid.

    Raises:
        ValueError: there is none that can be read.
    """
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("expected a certificate in PEM")
    try:
        whole = base64.b64decode(b"".join(found[1].split()), validate=True)
        (_, certificate), *_ = _fields(whole)
        (_, first), *_ = _fields(certificate)
        fields = list(_fields(first))
        if fields[0][0] == _VERSION:
            del fields[0]
        begin, end = _fields(fields[3][1])
        return Validity(_time(*begin), _time(*end))
    except (IndexError, ValueError, binascii.Error):
        raise ValueError("expected a certificate, got damage") from None


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        tag, length = content[at], content[at + 1]
        at += 2
        if length >= _LONG:
            size = length - _LONG
            length = int.from_bytes(content[at : at + size])
            at += size
        if at + length > len(content):
            raise ValueError("cut short")
        yield tag, content[at : at + length]
        at += length


def _time(tag: int, content: bytes) -> float:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= _CENTURY_TURNS else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
