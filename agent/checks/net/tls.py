"""Connects with TLS within a deadline, and reads when the certificate expires."""

import contextlib
import functools
import socket
import ssl
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from agent.checks import about
from agent.checks.net.connect import connect
from agent.checks.net.streams import Stream, TlsStream
from agent.checks.reading.asking import CheckFailedError
from agent.checks.reading.limits import Finding, Limits
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import why
from venuewatch.base.files import check_regular
from venuewatch.base.validity import not_after
from venuewatch.base.wire.checks import CheckValues

_DAY_S = 86_400.0

Days = Annotated[float, msgspec.Meta(ge=0.0, le=3650.0)]
CaFile = Annotated[
    str | None,
    about("PEM file of the authorities to trust instead of the system's", "/etc/venuewatch/ca.pem"),
]
Verify = Annotated[bool, about("whether the certificate must be trusted", False)]


class Trust(NamedTuple):
    """Whom to believe: without ``ca_file`` the system's authorities; all if not verified."""

    ca_file: str | None
    is_verified: bool


def dial(address: str, port: int, server_name: str, trust: Trust, deadline: Deadline) -> TlsStream:
    """Return a connection whose handshake is done.

    Raises:
        CheckFailedError: the certificate can't be trusted (with its expiry, if it could be had), or
            ``ca_file`` or ``server_name`` is of no use.
        OSError: there is no connection, no TLS, or no time.
    """
    context = _context_for(trust)
    try:
        return _handshake(connect(address, port, deadline), context, server_name, deadline)
    except ssl.SSLCertVerificationError as error:
        words = why(error)
    expires = _expiry_untrusted(address, port, server_name, deadline)
    raise CheckFailedError(words, CheckValues(check_certificate_expiry_timestamp_seconds=expires))


def expires_at(stream: Stream) -> float | None:
    """Return when the peer's certificate expires (unixtime); None if it showed none."""
    der = stream.certificate()
    return not_after(der) if der else None


def judge_expiry(at: float | None, now: float, limits: Limits) -> Finding:
    """Judge a certificate by the days that it is still valid at ``now`` (both unixtime)."""
    if at is None:
        return Finding("critical", "the certificate does not say when it expires")
    days = (at - now) / _DAY_S
    if days < 0:
        return Finding("critical", f"the certificate expired {-days:.1f} days ago")
    text = f"the certificate expires in {days:.1f} days"
    return Finding(limits.state(days), text)


def _context_for(trust: Trust) -> ssl.SSLContext:
    """Return a context, shared by all checks that trust the same file in the same version."""
    if not trust.is_verified or not trust.ca_file:
        return _context(trust, 0)
    return _context(trust, Path(trust.ca_file).stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _context(trust: Trust, _version: int) -> ssl.SSLContext:
    """Return a new context; raises CheckFailedError for a file without an authority in it."""
    if not trust.is_verified:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if trust.ca_file:
        check_regular(trust.ca_file)
    try:
        return ssl.create_default_context(cafile=trust.ca_file)
    except ssl.SSLError:
        raise CheckFailedError(f"{trust.ca_file}: Expected PEM certificates") from None


def _expiry_untrusted(
    address: str, port: int, server_name: str, deadline: Deadline
) -> float | None:
    """Return when a certificate that was not believed expires; None if it can't be had."""
    context = _context(Trust(None, is_verified=False), 0)
    try:
        with _handshake(connect(address, port, deadline), context, server_name, deadline) as peer:
            return expires_at(peer)
    except (OSError, CheckFailedError):
        return None


def _handshake(
    sock: socket.socket, context: ssl.SSLContext, server_name: str, deadline: Deadline
) -> TlsStream:
    """Return TLS on ``sock``, or close it; raises as :func:`dial`."""
    with contextlib.ExitStack() as closing:
        closing.push(sock)
        try:
            stream = TlsStream(sock, deadline, context, server_name)
        except (ValueError, TypeError):  # TypeError: it has a NUL in it
            raise CheckFailedError("the server name can not be used for TLS") from None
        stream.shake_hands()
        closing.pop_all()
        return stream
