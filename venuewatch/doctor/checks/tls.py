"""Shakes hands over TLS with the first broker: its certificate is trusted, and for how long."""

import ssl
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from agent.config import Place
from agent.mqtt.connecting import Proxy, proxy_of, reach
from venuewatch.base.config import ConfigError, in_words, tls_context
from venuewatch.base.validity import not_after
from venuewatch.doctor.findings import Finding, well, wrong
from venuewatch.doctor.reasons import error_of, is_about_us
from venuewatch.doctor.site import Site

PLACES = frozenset({"host", "centre"})
NEEDS = ("port", "proxy", "clock", "certificate")

Fault: TypeAlias = Literal[
    "", "plain", "wanted", "expired", "early", "name", "untrusted", "no_tls", "file"
]

_TIMEOUT_S = 5.0
_DAY_S = 86_400.0
_SOON_DAYS = 14.0
_FAULTS: dict[int, Fault] = {9: "early", 10: "expired", 62: "name", 64: "name"}
"""What OpenSSL's codes of a certificate mean (openssl/x509_vfy.h); all others are no trust."""

_WORDS: Mapping[Fault, tuple[str, str]] = {
    "wanted": (
        "the port of {broker} is for TLS, and [broker] says nothing of it",
        "Set ca_file in [broker], as the centre's files have it; or correct port",
    ),
    "file": ("{error}", "Correct the TLS files of [broker]"),
    "expired": (
        "the certificate of {broker} has expired",
        "Have the broker's certificate renewed",
    ),
    "early": (
        "the certificate of {broker} is not valid yet",
        "Set this machine's clock, or the centre's",
    ),
    "name": (
        "the certificate is not for {broker}: {error}",
        "Name the broker as its certificate does in [broker] address",
    ),
    "untrusted": (
        "the certificate of {broker} is not trusted: {error}",
        "Put the authority of the broker into [broker] ca_file",
    ),
    "no_tls": (
        "no TLS with {broker}: {error}",
        "Is this the port for TLS, and is nothing in between? Correct [broker] port",
    ),
}
"""Of each fault the line, and the next step."""


class Handshake(NamedTuple):
    """The outcome. ``error``: OpenSSL's words. ``expires_at``: of the broker's certificate."""

    broker: str
    now: float
    fault: Fault = ""
    error: str = ""
    expires_at: float | None = None


def look(site: Site) -> Handshake:
    """Shake hands, and hang up: without a CONNECT it is no session."""
    place, now = site.broker.places[0], site.wall
    try:
        context, proxy = tls_context(site.broker), proxy_of(site.broker)
    except ConfigError as error:
        return Handshake(place.address, now, "file", str(error))
    if context is None:
        is_wanted = not _has_session(site) and _speaks_tls(place, proxy)
        return Handshake(place.address, now, "wanted" if is_wanted else "plain")
    try:
        with reach(place, proxy) as sock:
            sock.settimeout(_TIMEOUT_S)
            with context.wrap_socket(sock, server_hostname=place.address) as secured:
                der = secured.getpeercert(binary_form=True)
    except ssl.SSLCertVerificationError as error:
        fault = _FAULTS.get(error.verify_code, "untrusted")
        return Handshake(place.address, now, fault, error.verify_message)
    except (OSError, ValueError) as error:
        said = in_words(error)
        if is_about_us(said):  # the broker's own was trusted before
            return Handshake(place.address, now)
        return Handshake(place.address, now, "no_tls", said)
    return Handshake(place.address, now, expires_at=not_after(der) if der else None)


def _has_session(site: Site) -> bool:
    """Tell whether all is well without TLS; a broker that is offered some logs a fault."""
    return error_of(site.running, site.trial) == ""


def _speaks_tls(place: Place, proxy: Proxy | None) -> bool:
    """Tell whether a port is for TLS, whoever answers there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with reach(place, proxy) as sock:
            sock.settimeout(_TIMEOUT_S)
            context.wrap_socket(sock).close()
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it wants a certificate, or another version
    except (OSError, ValueError):
        return False
    return True


def judge(facts: Handshake) -> list[Finding]:
    """Find a broker that is not trusted, or soon will not be."""
    broker = facts.broker
    if facts.fault == "plain":
        return [well("without TLS, as configured: others on the way can read along")]
    if facts.fault:
        text, todo = _WORDS[facts.fault]
        return [wrong(text.format(broker=broker, error=facts.error), todo)]
    if facts.expires_at is None:
        return [well(f"the certificate of {broker} is trusted")]
    days = (facts.expires_at - facts.now) / _DAY_S
    if days < _SOON_DAYS:
        text = f"the certificate of {broker} expires in {days:.0f} days"
        return [wrong(text, "Have the broker's certificate renewed", is_usable=True)]
    return [well(f"the certificate of {broker} is trusted, for {days:.0f} days more")]
