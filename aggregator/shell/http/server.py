"""HTTP server: listens, encrypts where the web configuration says so, and takes a new one.

The listening sockets stay for the life of the process. A new certificate means new acceptors on
the same sockets: no connection is refused meanwhile, and those that are open go on. When no file
descriptor is left for a new connection, those on which nothing is asked are closed.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Hashable, Iterable, Mapping
from contextlib import AsyncExitStack, ExitStack
from ipaddress import ip_address
from typing import Any

from aiohttp import hdrs, web, web_response
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from aggregator.config import host_and_port
from aggregator.shell.http.access import Access
from aggregator.shell.http.api.problem import refusal
from aggregator.shell.http.web_config import WebConfig
from venuewatch.base import log
from venuewatch.base.config import ConfigError, in_words
from venuewatch.base.refusals import unknown

_STOP_WITHIN_S = 2.0
_BACKLOG = 128
_LACKING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_TELL_EVERY_S = 60.0

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
        port: where it listens, once it has begun.
        scheme: ``http`` or ``https``.
    """

    def __init__(self) -> None:
        self.access = Access()
        self.port = 0
        self.scheme = "http"
        self._headers: Mapping[str, str] = {}
        self._config = WebConfig()
        self._sockets: list[socket.socket] = []
        self._sites: list[web.SockSite] = []
        self._runner: web.AppRunner | None = None
        self._busy: set[web.RequestHandler] = set()
        self._told_at = -_TELL_EVERY_S

    async def begin(self, app: web.Application, listen_address: str, config: WebConfig) -> None:
        """Listen, and serve ``app`` from now on.

        Raises:
            OSError: the address cannot be had.
        """
        app.middlewares.extend([self._note_busy, _in_words, self.access.middleware])
        app.on_response_prepare.append(self._add_headers)
        self._runner = web.AppRunner(
            app, access_log=None, logger=_failures, shutdown_timeout=_STOP_WITHIN_S
        )
        await self._runner.setup()
        asyncio.get_running_loop().set_exception_handler(self._note_failure)
        self._sockets = _listening(*host_and_port(listen_address))
        self.port = self._sockets[0].getsockname()[1]
        await self._accept(config)
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

    async def use(self, config: WebConfig) -> None:
        """Use another web configuration from now on.

        Raises:
            ConfigError: nothing can accept connections for it; the former one stays in use.
        """
        if config.state == self._config.state:
            return
        before = self._sites
        try:
            await self._accept(config)
        except OSError as error:
            raise ConfigError(f"no new web configuration: {in_words(error)}") from None
        for site in before:
            await site.stop()

    async def end(self) -> None:
        """Serve no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            asyncio.get_running_loop().set_exception_handler(None)
        for listening in self._sockets:
            listening.close()
        self.access.close()

    async def _accept(self, config: WebConfig) -> None:
        assert self._runner is not None  # noqa: S101 - it has begun
        sites = []
        async with AsyncExitStack() as undo:
            for listening in self._sockets:
                copy = listening.dup()
                undo.callback(copy.close)
                # asyncio accepts as many at a time as its backlog says, and where it can't, it
                # tries each again after a second: of more than one at a time come ever more.
                site = web.SockSite(self._runner, copy, ssl_context=config.tls, backlog=1)
                await site.start()
                undo.push_async_callback(site.stop)
                listening.listen(_BACKLOG)
                sites.append(site)
            undo.pop_all()
        self._sites = sites
        self._config, self._headers, self.access.users = config, config.headers, config.users
        self.scheme = "http" if config.tls is None else "https"

    @web.middleware
    async def _note_busy(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        self._busy.add(connection)
        try:
            return await handler(request)
        finally:
            self._busy.discard(connection)

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Make room where a connection can't be accepted, which asyncio says each second."""
        error = context.get("exception")
        if "socket" not in context or not isinstance(error, OSError) or self._runner is None:
            loop.default_exception_handler(context)
            return
        server = self._runner.server
        for connection in set(server.connections if server else ()) - self._busy:
            connection.force_close()
        if loop.time() >= self._told_at + _TELL_EVERY_S:
            self._told_at = loop.time()
            log.event(_logger, logging.WARNING, "idle_connections_closed", why=in_words(error))

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._headers)


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
