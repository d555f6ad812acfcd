"""Posting over HTTP: with which session, as whom, and why it failed, in words and in the log."""

import asyncio
import base64
import contextlib
import logging
import socket
import ssl

import aiohttp

from aggregator.config import Notify, Receiver
from venuewatch import __version__
from venuewatch.base import config, log, secret_files

_RECEIVE_BYTES = 8 * 1024
"""How many bytes of answers the system keeps for us; Linux makes it twice as many.

What has come is parsed at once. A receiver that answers ``100 Continue`` without end would else
have a quarter of a megabyte of it parsed before anything else goes on.
"""

LOOK_EVERY_S = 2.0
"""How often (s) a queue looks at least what is due."""


def session_of(timeout_s: float) -> aiohttp.ClientSession:
    """Return a session that keeps no cookies; no request takes longer than ``timeout_s``."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=_socket),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"venuewatch/{__version__}"},
    )


def _socket(info: aiohttp.AddrInfoType) -> socket.socket:
    made = socket.socket(*info[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    return made


async def until_set(event: asyncio.Event, wait_s: float) -> None:
    """Wait until something has changed, at most ``wait_s``."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(LOOK_EVERY_S, max(0.0, wait_s))):
            await event.wait()


def check_usable(where: Receiver) -> ssl.SSLContext:
    """Try the secrets that a receiver is to be shown; return how to trust its certificate.

    Raises:
        ConfigError: the file of authorities, or a secret, cannot be used.
    """
    for secret in (where.password_file, where.bearer_token_file):
        if secret is not None:
            config.read_secret(secret)
    return config.trusting(where.ca_file)


def authorization(where: Receiver) -> dict[str, str]:
    """Return the header that says who we are; the secret is read anew each time.

    Raises:
        ConfigError: the secret cannot be read.
    """
    if where.bearer_token_file is not None:
        return {"Authorization": f"Bearer {config.read_secret(where.bearer_token_file)}"}
    if where.password_file is not None:
        user = f"{where.username}:{config.read_secret(where.password_file)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(user).decode()}"}
    return {}


def in_words(error: Exception) -> str:
    """Return why an attempt failed. The texts of others are not quoted: the address is in some."""
    match error:
        case config.ConfigError():
            return str(error)
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorDNSError():
            return "its name cannot be resolved"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "TLS failed"
        case aiohttp.ClientConnectorError():
            return "nothing listens there"
        case (
            aiohttp.ServerDisconnectedError()
            | aiohttp.ClientOSError()
            | aiohttp.ClientPayloadError()
            | ConnectionError()
        ):
            return "it hung up without an answer"
        case TimeoutError():
            return "no answer in time"
        case _:
            return type(error).__name__


def exposure_of(where: Receiver | Notify) -> str | None:
    """Return a line if others may read or write a secret of a receiver; it is shown all the same.

    At the start such a secret is refused. While we run, to tell people comes first.
    """
    return next(filter(None, map(secret_files.exposure_of, secret_files.secrets_of(where))), None)


class Troubles:
    """Logs what is wrong with another server: each trouble once, until it accepts something again.

    ``event``: the event's name in the log. ``where``: the server, without path, user and token.
    """

    def __init__(self, logger: logging.Logger, event: str, where: str) -> None:
        self._logger = logger
        self._event = event
        self._where = where
        self._told: set[str] = set()

    def report(self, why: str) -> None:
        """Log a trouble, unless that was done."""
        if why not in self._told:
            self._told.add(why)
            log.event(self._logger, logging.WARNING, self._event, why=why, where=self._where)

    def end(self) -> None:
        """Note that the server has accepted something: what comes from now on is news."""
        self._told.clear()
