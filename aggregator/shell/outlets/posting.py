"""Posting over HTTP: why it failed, in words, and whether trying again can help."""

import ssl
from http import HTTPStatus

import aiohttp

from venuewatch.base import config

_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def is_refusal(status: int) -> bool:
    """Tell whether an answer means that the same will be refused again."""
    is_theirs = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_theirs and status not in _LATER


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
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "it hung up without an answer"
        case TimeoutError():
            return "no answer in time"
        case _:
            return type(error).__name__
