"""Requests to the aggregator's web port: the head, for whom it is, from whom, and its query."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from aggregator.shell.http.access import Access
from aggregator.shell.http.api.incidents import IncidentsQuery
from aggregator.shell.http.api.paging import number_of, query_of
from aggregator.shell.http.api.search import SearchQuery
from aggregator.shell.http.connection import Connection
from aggregator.shell.http.hosts import Hosts
from aggregator.shell.http.scrape import takes_gzip, wanted_of
from bench.readers.mqtt_centre import Transport, on_a_loop

ERRORS: tuple[type[Exception], ...] = ()  # what is wrong is refused, in words

_ADDRESS = ("127.0.0.1", 8039)
_STEP = 97
_TURNS = 20
_QUIET = logging.getLogger("bench.quiet")
_QUIET.disabled = True


class _Site:
    """Answers requests as the product's middlewares and pages read them."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self._hosts = Hosts()
        self._access = Access({"user": b"$2b$04$"}, ["127.0.0.1"])

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, and note what the product must not raise."""
        try:
            return await self._answer(request)
        except web.HTTPException:
            raise
        except Exception as error:
            self.failure = error
            raise

    def close(self) -> None:
        """Answer nothing more."""
        self._access.close()

    async def _answer(self, request: Any) -> web.StreamResponse:
        self._access.client_of(request)
        self._access.may_change(request)
        await self._access.middleware(request, self._page)
        return await self._hosts.middleware(request, self._page)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        takes_gzip(request.headers.get("Accept-Encoding", ""))
        number_of(request.path.rpartition("/")[2])
        for kind in (IncidentsQuery, SearchQuery):
            try:
                query_of(request.query.items(), kind)
            except ValueError as error:
                str(error).encode()
        try:
            wanted_of(request.query.items(), ())
        except (ValueError, LookupError) as error:
            str(error).encode()
        return web.Response(text="")


class _Wire(Transport):
    """Knows whose it is."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the address of either side."""
        return _ADDRESS if name in {"peername", "sockname"} else default

    def get_write_buffer_size(self) -> int:
        """Return that all is taken."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...


def read(data: bytes) -> None:
    """Serve a connection."""
    on_a_loop(_read(data))


def seeds() -> Sequence[bytes]:
    """Return requests: of a browser, a scraper, a proxy, with a password, and for another host."""
    return [
        b"GET /api/v1/incidents/12?open=1&limit=5 HTTP/1.1\r\nHost: localhost:8039\r\n\r\n",
        (
            b"GET /metrics?venue=V1&timestamps=1&readings=2 HTTP/1.1\r\nHost: [::1]:8039\r\n"
            b"Accept-Encoding: gzip;q=0.5, *;q=0\r\n\r\n"
        ),
        b"GET /?q=x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1, [fe80::1%e]:80\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dXNlcjpwYXNz\r\nOrigin: b\r\n\r\n",
        b"POST /-/reload HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 3\r\n\r\nabc",
    ]


async def _read(data: bytes) -> None:
    site = _Site()
    server = web.Server(site.answer)
    now = asyncio.get_running_loop().time()
    note = _ignore
    connection = Connection(server, "here", now, note, note, _QUIET)
    connection.connection_made(_Wire())
    for at in range(0, len(data), _STEP):
        connection.data_received(data[at : at + _STEP])
        await asyncio.sleep(0)
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    connection.connection_lost(None)
    await server.shutdown(0.0)
    site.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.sleep(0)
    if site.failure is not None:
        raise site.failure


def _ignore(_connection: Connection) -> None: ...
