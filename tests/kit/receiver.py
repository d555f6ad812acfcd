"""Receiver: real HTTP, which answers each notice as the test says."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import msgspec
from aiohttp import web

from tests.kit.waiting import Waiting
from venuewatch.base import clock

Answer: TypeAlias = int | Literal["hang", "hang_up", "slow", "drip"]
"""A status; or none, or a late 200, or a 200 whose body does not end."""

SLOW_S = 0.1
"""How late the answer ``slow`` comes."""


def timeout_s_for(*answers: Answer) -> float:
    """Return how long (s) to wait for these: no longer than is needed for the one that hangs.

    A short one for all would make answers late on a busy machine, and requests come twice.
    """
    return 0.2 if "hang" in answers else 20.0


class Attempt(NamedTuple):
    """One POST, when (s since 1970) it came, and what it was answered."""

    path: str
    headers: dict[str, str]
    body: Any
    answer: Answer
    at: float


class Receiver:
    """Answers each POST with the next of ``answers``, or with ``usual`` when none is left.

    A GET is answered with ``listed``: a status, or what is to be its JSON. ``why`` is the text of
    each answer, ``headers`` go with it. ``decode`` reads bodies.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.decode: Callable[[bytes], Any] = msgspec.json.decode
        self.why = ""
        self.answers: deque[Answer] = deque()
        self.usual: Answer = 200
        self.location = ""
        self.headers: dict[str, str] = {}
        self.listed: Any = []
        self.attempts: list[Attempt] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0
        self._waiting = Waiting()
        self._runner: web.AppRunner

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}/notices"

    @property
    def ids(self) -> list[str]:
        return [str(attempt.body["id"]) for attempt in self.attempts]

    @property
    def taken(self) -> list[Any]:
        """The body of each notice that was taken."""
        return [it.body for it in self.attempts if it.answer in {200, "slow", "drip"}]

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        app.router.add_get("/{path:.*}", self._list)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def until_attempts(self, count: int) -> None:
        await self._waiting.until(lambda: len(self.attempts) >= count)

    @classmethod
    @asynccontextmanager
    async def serving(cls, tls: ssl.SSLContext | None = None) -> AsyncIterator[Self]:
        receiver = cls(tls)
        await receiver.start()
        try:
            yield receiver
        finally:
            await receiver.stop()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = self.decode(await request.read())
            answer = self.answers.popleft() if self.answers else self.usual
            attempt = Attempt(request.path, dict(request.headers), body, answer, clock.wall())
            self.attempts.append(attempt)
            self._waiting.note()
            return await self._answer(request, answer)
        finally:
            self.at_once -= 1

    async def _list(self, _: web.Request) -> web.Response:
        if isinstance(self.listed, int):
            return web.Response(status=self.listed)
        return web.Response(body=msgspec.json.encode(self.listed))

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(600):
                await response.write(b".")
                await asyncio.sleep(0.1)
        return response

    async def _answer(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if answer == "hang":
            await asyncio.sleep(60)
        if answer == "hang_up":
            assert request.transport is not None
            request.transport.abort()
        if answer == "slow":
            await asyncio.sleep(SLOW_S)
        if answer == "drip":
            return await self._drip(request)
        if not isinstance(answer, int):
            return web.Response()
        text = self.why if answer >= 400 else None
        headers = {"Location": self.location, **self.headers}
        return web.Response(status=answer, text=text, headers=headers)
