"""Hosts: under which names this server may be asked for what a browser here can read or change.

A page of a stranger may have its own name lead to this machine (DNS rebinding). Its requests come
from this machine then, and only their ``Host`` says for whom they were meant. So page, API and
``/-/reload`` answer to names that are ours alone: loopback, the address that the request came to,
this machine's name, those of the configuration. What exporters show everybody is not guarded.
"""

import re
import socket
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from aggregator.config import Web, host_and_port
from aggregator.shell.http.access import FOR_MACHINES
from aggregator.shell.http.api.problem import refusal
from aggregator.shell.http.clients import address_of_socket
from venuewatch.base.config import one_line

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NAME_MAX = 253
_SHOWN = 64


class Hosts:
    """The names that are ours.

    Attributes:
        refused: how many requests were for another host.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._names: frozenset[str] = frozenset()
        self.use(Web())

    def use(self, settings: Web) -> None:
        """Answer to these names from now on."""
        own = socket.gethostname()
        said = {
            "localhost",
            own,
            own.partition(".")[0],
            host_and_port(settings.listen_address)[0] or "",
            urlsplit(settings.external_url).hostname or "",
            *settings.allowed_hosts,
        }
        self._names = frozenset(host for each in said if (host := host_of(each)))

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse a request that was meant for another host."""
        if request.path not in FOR_MACHINES:
            came_to = request.get_extra_info("sockname")
            # A target with a host of its own counts beside the header (RFC 9112, 3.2.2).
            for asked in (request.host, *request.headers.getall(hdrs.HOST, ())):
                if not self.is_ours(asked, came_to):
                    self.refused += 1
                    return refusal(request, HTTPStatus.MISDIRECTED_REQUEST, _words(asked))
        return await handler(request)

    def is_ours(self, asked: str, came_to: object = None) -> bool:
        """Tell whether ``asked``, as in a Host header, is ours.

        ``came_to``: the name of the socket that the request came to.
        """
        host = host_of(asked)
        if host is None:
            return False
        try:
            address = ip_address(host)
        except ValueError:
            return host in self._names
        return address.is_loopback or address == address_of_socket(came_to) or host in self._names


def host_of(authority: str) -> str | None:
    """Return the host of an authority as it is compared, without port, zone and trailing dot.

    None if it is none.
    """
    host, port = authority.strip(" \t").lower(), ""
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or ":" not in host or not (port == "" or port.startswith(":")):
            return None
        port = port[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        return None
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        name = host.removesuffix(".")
        return name if len(name) <= _NAME_MAX and _NAME.fullmatch(name) else None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _words(asked: str) -> str:
    return (
        f'expected a request for a host of this server, got one for "{one_line(asked)[:_SHOWN]}": '
        "[web] allowed_hosts takes further names"
    )
