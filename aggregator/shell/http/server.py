"""HTTP server: listens, encrypts where the web configuration says so, and takes a new one.

The listening sockets stay for the life of the process. A new certificate is for new connections:
none is refused meanwhile, and those that are open go on. How many there may be, and what they may
hold, is in ``connections.py`` and ``sending.py``.
"""

import errno
import logging
import socket
from collections.abc import Hashable, Iterable, Mapping
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any

from aiohttp import hdrs, web, web_response
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from aggregator.config import Web, host_and_port
from aggregator.shell.http.acceptor import Acceptor
from aggregator.shell.http.access import Access
from aggregator.shell.http.api.problem import refusal
from aggregator.shell.http.connection import NOSNIFF, Connection
from aggregator.shell.http.connections import Connections
from aggregator.shell.http.hosts import Hosts
from aggregator.shell.http.sending import Sending
from aggregator.shell.http.slots import Slots
from aggregator.shell.http.web_config import WebConfig
from venuewatch.base import log
from venuewatch.base.config import in_words
from venuewatch.base.exercise import field_of
from venuewatch.base.refusals import unknown

_STOP_WITHIN_S = 2.0
_BACKLOG = 1_024
_LACKING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

_logger = logging.getLogger("aggregator")
_failures = logging.getLogger("aggregator.http")


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell a failure of ours from a request that is not HTTP, which is answered and no event."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_failures.addFilter(_is_ours)

# A request that is not HTTP is answered before any hook of ours; that answer has no version either.
web_response.SERVER_SOFTWARE = "venuewatch"  # type: ignore[attr-defined]


class HttpServer:
    """Serves an application to those who may ask.

    Attributes:
        access: who may ask, and who may change something.
        hosts: under which names it may be asked.
        connections: what is open.
        sending: what waits to be sent.
        acceptor: what takes new connections.
        slots: how much may be rendered at a time.
        port: where it listens, once it has begun.
        scheme: ``http`` or ``https``.
    """

    def __init__(self, exercise: str = "") -> None:
        """``exercise``: the name of the exercise that each answer is part of, "" for none."""
        self._exercise = field_of(exercise)
        self.access = Access()
        self.hosts = Hosts()
        self.connections = Connections()
        self.sending = Sending(self.connections)
        self.acceptor = Acceptor(self.connections, _failures)
        self.slots = Slots()
        self.port = 0
        self.scheme = "http"
        self._headers: Mapping[str, str] = {}
        self._config = WebConfig()
        self._sockets: list[socket.socket] = []
        self._runner: web.AppRunner | None = None

    def apply(self, settings: Web) -> None:
        """Use these settings of ``[web]`` from now on, but for where to listen."""
        self.access.believe(settings.proxies)
        self.hosts.use(settings)
        self.connections.use(settings)

    async def begin(self, app: web.Application, listen_address: str, config: WebConfig) -> None:
        """Listen, and serve ``app`` from now on.

        Raises:
            OSError: the address cannot be had.
        """
        app.middlewares.extend(
            [
                _note_request,
                self.sending.middleware,
                _in_words,
                self.hosts.middleware,
                self.access.middleware,
            ]
        )
        app.on_response_prepare.append(self._add_headers)
        self._runner = web.AppRunner(
            app, access_log=None, logger=_failures, shutdown_timeout=_STOP_WITHIN_S
        )
        await self._runner.setup()
        try:
            self._sockets = _listening(*host_and_port(listen_address))
        except OSError as error:
            raise OSError(_why_not_there(listen_address, error)) from error
        self.port = self._sockets[0].getsockname()[1]
        self.use(config)
        assert self._runner.server is not None  # noqa: S101 - it is set up
        self.acceptor.begin(self._runner.server, self._sockets)
        log.event(
            _logger,
            logging.INFO,
            "serving",
            address=listen_address,
            port=self.port,
            scheme=self.scheme,
            readers="users" if config.users else "this machine",
        )
        if not config.users and not _is_loopback_only(self._sockets):
            log.event(
                _logger,
                logging.WARNING,
                "pages_only_for_this_machine",
                why="other machines may read page and API once [web] config_file has users",
            )

    @property
    def files_state(self) -> Hashable:
        """The state of the files that the web configuration in use was read from."""
        return self._config.state

    def use(self, config: WebConfig) -> None:
        """Use another web configuration from now on."""
        self._config, self._headers, self.access.users = config, config.headers, config.users
        self.acceptor.tls = config.tls
        self.scheme = "http" if config.tls is None else "https"

    async def end(self) -> None:
        """Serve no more."""
        await self.acceptor.end()
        if self._runner is not None:
            await self._runner.cleanup()
        for listening in self._sockets:
            listening.close()
        self.access.close()

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(NOSNIFF)
        response.headers.update(self._headers)
        response.headers.update(self._exercise)
        connection = request.protocol
        if response.content_type == "text/event-stream" and isinstance(connection, Connection):
            connection.begin_stream()


def _why_not_there(address: str, error: OSError) -> str:
    """Return why nothing can listen at an address, and what to do."""
    remedy = "end it, or change" if error.errno == errno.EADDRINUSE else "mend that, or change"
    return f"{address}: {in_words(error)}; {remedy} [web] listen_address"


def _listening(host: str | None, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of ``host``, of every interface without one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:
        raise OSError(in_words(error)) from None
    with ExitStack() as stack:
        made: list[socket.socket] = []
        for family, kind, protocol, _, address in dict.fromkeys(found):
            at = (address[0], made[0].getsockname()[1], *address[2:]) if made else address
            one = _bound(family, kind, protocol, at)
            if one is not None:
                stack.enter_context(one).listen(_BACKLOG)
                made.append(one)
        if not made:
            raise OSError("this machine has no such address")
        stack.pop_all()
    return made


def _bound(family: int, kind: int, protocol: int, address: Any) -> socket.socket | None:
    """Return a socket at ``address``; None where this machine lacks that, or its family."""
    with ExitStack() as stack:
        try:
            one = stack.enter_context(socket.socket(family, kind, protocol))
            if hasattr(socket, "SO_REUSEPORT"):  # not on Windows, where it would steal the port
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
        except OSError as error:
            if error.errno in _LACKING:
                return None
            raise
        stack.pop_all()
    return one


@web.middleware
async def _note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note at its connection that a request is being answered."""
    connection = request.protocol
    assert isinstance(connection, Connection)  # noqa: S101 - the acceptor makes no other
    connection.begin_request()
    try:
        return await handler(request)
    finally:
        connection.end_request()


@web.middleware
async def _in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say in a line why a request is refused."""
    try:
        return await handler(request)
    except web.HTTPNotFound as refused:
        words = unknown("path", request.path, _paths_of(request.app))
        return refusal(request, refused.status, words)
    except web.HTTPMethodNotAllowed as refused:
        allowed = sorted(refused.allowed_methods)
        words = f"expected {' or '.join(allowed)}, got {refused.method}"
        return refusal(request, refused.status, words, {hdrs.ALLOW: ", ".join(allowed)})


def _is_loopback_only(sockets: Iterable[socket.socket]) -> bool:
    hosts = (str(each.getsockname()[0]).partition("%")[0] for each in sockets)
    return all(ip_address(host).is_loopback for host in hosts)


def _paths_of(app: web.Application) -> Iterable[str]:
    return (resource.canonical for resource in app.router.resources())
