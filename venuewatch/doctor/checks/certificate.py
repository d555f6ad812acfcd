"""Reads our own certificates: their dates, and their keys. An aggregator has two."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from venuewatch.base.config import Broker, ConfigError, tls_context
from venuewatch.base.files import SECRET_MAX, read_regular
from venuewatch.base.validity import Validity, validity
from venuewatch.doctor.findings import Finding, unknown, well, wrong
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("modes", "clock")

_DAY_S = 86_400.0
_SOON_DAYS = 14.0
_END = "-----END CERTIFICATE-----"


class Own(NamedTuple):
    """Our certificate: its file, None where there is none; its dates; why it is of no use."""

    path: str | None
    now: float
    dates: Validity | None = None
    error: str = ""


def look(site: Site) -> list[Own]:
    """Read each, and load it with its key as a connection would."""
    return [_own(where, site.wall) for where in site.connections]


def judge(facts: Sequence[Own]) -> list[Finding]:
    """Find certificates that the broker will refuse."""
    return list(dict.fromkeys(map(_judged, facts)))


def _own(where: Broker, now: float) -> Own:
    path = where.cert_file
    try:
        tls_context(where)
    except ConfigError as error:
        return Own(path, now, error=str(error))
    return Own(path, now, None if path is None else _dates_of(path))


def _judged(facts: Own) -> Finding:
    if facts.error:
        return wrong(facts.error, "Copy the certificate, its key and ca.pem from the centre anew")
    if facts.path is None:
        return well("none is configured: the user has a password, or no name")
    if facts.dates is None:
        return unknown(f"{facts.path}: its dates can't be read")
    renew = "Have it renewed in the centre: venuewatch venue renew"
    if facts.now < facts.dates.not_before:
        todo = "Set this machine's clock; if that is right, the centre's"
        return wrong(f"{facts.path} is not valid yet", todo)
    days = (facts.dates.not_after - facts.now) / _DAY_S
    if days < 0:
        return wrong(f"{facts.path} expired {-days:.0f} days ago", renew)
    if days < _SOON_DAYS:
        return wrong(f"{facts.path} expires in {days:.0f} days", renew, is_usable=True)
    return well(f"{facts.path} is valid for {days:.0f} days more")


def _dates_of(path: str) -> Validity | None:
    """Return the dates of the first certificate of a PEM file, None if they can't be read."""
    try:
        text = read_regular(Path(path), SECRET_MAX).decode("ascii", errors="replace")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index(_END, begin) + len(_END)
        return validity(ssl.PEM_cert_to_DER_cert(text[begin:end]))
    except (OSError, ValueError):
        return None
