"""Sending: a body goes to a client in pieces, and is in memory once for all who get the same.

A client that leaves costs nothing more. One that hangs is given up after ``SEND_LIMIT_S``, and
earlier where the bodies that are being sent are more than ``HELD_MAX``: the oldest make room.
"""

import asyncio
from collections.abc import Mapping
from typing import TypeAlias

from aiohttp import hdrs, web

SEND_LIMIT_S = 60.0
"""How long a client may take to receive a body: as Prometheus' longest sensible interval."""

HELD_MAX = 256 * 1024 * 1024
"""How many bytes of different bodies are being sent at most, beside the newest one."""

_PIECE = 256 * 1024

Body: TypeAlias = bytes | bytearray


class Sending:
    """The bodies that are being sent."""

    def __init__(self) -> None:
        self._held: dict[asyncio.Timeout, Body] = {}  # the oldest first

    async def send(
        self, request: web.Request, body: Body, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """Send a body, for as long as the client reads it.

        Between two pieces the loop goes on: a thread that renders may keep the interpreter from it
        for 5 ms at each piece.
        """
        if request.method == hdrs.METH_HEAD:
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers=headers)
        response.content_length = len(body)
        limit = asyncio.timeout(SEND_LIMIT_S)
        try:
            async with limit:
                self._make_room_for(body)
                self._held[limit] = body
                await response.prepare(request)
                view = memoryview(body)
                pieces = [view[start : start + _PIECE] for start in range(0, len(body), _PIECE)]
                for piece in pieces[:-1]:
                    await response.write(piece)
                    await asyncio.sleep(0)
                await response.write_eof(b"".join(pieces[-1:]))  # waits; a short write does not
        except (TimeoutError, ConnectionError):  # it hangs, or has left
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._held.pop(limit, None)
        return response

    def _make_room_for(self, body: Body) -> None:
        """Give up those that get the oldest bodies, where all are too many."""
        others = {id(each): len(each) for each in self._held.values() if each is not body}
        over = sum(others.values()) - HELD_MAX
        given_up = set()
        for oldest, size in others.items():
            if over > 0:
                given_up.add(oldest)
                over -= size
        for limit, each in self._held.items():
            if id(each) in given_up and not limit.expired():
                limit.reschedule(0.0)
