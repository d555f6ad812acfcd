"""Fan-out: what changes goes to every open page and to every program that follows, rendered once.

1. The fan-out is an outlet. It collects which venues, hosts and incidents have changed.
2. The changes of ``APART_S`` go out together. Each channel renders them once, as events, and keeps
   the events in its ring. A channel is one form: JSON for programs, HTML for pages.
3. Each reader has a place in the ring, and no queue of its own. It is woken, and writes what is
   new. Readers are woken a few at a time, so that the loop goes on between.
4. A reader that the ring has left behind, or that takes nothing for ``WRITE_LIMIT_S``, is cut. It
   comes back with the id of its last event. While the ring has that event, it gets what came since;
   otherwise, or if the id is of another start, it gets a snapshot.
5. A reader follows topics, and gets their events beside those for all. A topic that is new is a new
   place in the ring: a reader that names an older one gets a snapshot.
6. Where as many are open as may be, the client that has most loses its newest stream to another
   that would still have fewer. Else the new one is refused.
7. Each second every reader that got nothing gets a pulse, which says that we live.

An event says how things stand, never a difference: a reader may get one twice.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from aiohttp import hdrs, web

from aggregator.core.outputs import Output
from aggregator.shell.http.changes import Changes
from aggregator.shell.http.channel import Channel, Event, Reader, framed
from aggregator.shell.http.clients import UNKNOWN
from venuewatch.base import clock, log

APART_S = 0.25
"""How long (s) two sendings of changes are apart at least."""

SETTLE_S = 0.03
"""How long (s) a first change waits for those that belong to it."""

PULSE_S = 1.0
"""How often (s) a reader hears of us at least."""

WRITE_LIMIT_S = 10.0
"""How long (s) a reader may take nothing of what is written to it."""

_AT_ONCE = 5
_PIECE = 64 * 1024
_HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}

_logger = logging.getLogger("aggregator.http")


class FullError(Exception):
    """As many pages are open as may be; its text is the line for the user."""


class _Stream(NamedTuple):
    """A stream that is open: whose it is, of which channel, and what asked for it."""

    whose: str
    channel: Channel
    request: web.Request


class Fanout:
    """All channels and their readers, of which there are at most ``pages_max()`` together.

    ``client_of``: as whom the client of a request counts; without it all are one.

    Attributes:
        cut: how many readers were cut since the start.
    """

    def __init__(
        self, pages_max: Callable[[], int], client_of: Callable[[web.Request], str] | None = None
    ) -> None:
        self._pages_max = pages_max
        self._client_of = client_of or (lambda _: UNKNOWN)
        self._open: dict[Reader, _Stream] = {}  # the oldest first
        self._channels: list[Channel] = []
        self._changes = Changes()
        self._has_changes = asyncio.Event()
        self._is_closed = False
        self.cut = 0

    def add(self, channel: Channel) -> None:
        """Serve another form of the changes."""
        self._channels.append(channel)

    @property
    def readers(self) -> int:
        """How many streams are open."""
        return sum(len(channel.readers) for channel in self._channels)

    def take(self, outputs: Sequence[Output]) -> None:
        """Collect what the core's outputs change."""
        for output in outputs:
            self._changes.note(output)
        if self._changes:
            self._has_changes.set()

    async def run(self) -> None:
        """Send changes and pulses until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send(), name="changes to pages")
            tasks.create_task(self._pulse(), name="pulse to pages")

    def close(self) -> None:
        """End every stream, and serve none from now on."""
        self._is_closed = True
        for channel in self._channels:
            for reader in channel.readers:
                reader.awake.set()

    async def serve(
        self,
        request: web.Request,
        channel: Channel,
        *,
        topics: frozenset[str] = frozenset(),
        last_id: str | None = None,
    ) -> web.StreamResponse:
        """Answer with the events of a channel, for as long as the client reads them.

        ``last_id``: of the last event that it has, where its header does not say so.

        Raises:
            FullError: as many are open as may be; nothing was sent.
        """
        if self._is_closed:
            raise FullError("this server is about to end")
        limit, whose = self._pages_max(), self._client_of(request)
        if self.readers >= limit:
            self._make_room_for(whose)
        if self.readers >= limit:
            raise FullError(f"{limit} pages are open, and no more may be: [web] max_pages")
        reader = Reader(topics)
        channel.join(reader)
        self._open[reader] = _Stream(whose, channel, request)
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(request)
            last_id = request.headers.get("Last-Event-ID", last_id or "")
            await self._follow(response, channel, reader, last_id)
        except (TimeoutError, ConnectionError):  # it hangs, or has left
            self.cut += reader.is_cut
            if request.transport is not None:
                request.transport.abort()
        finally:
            channel.leave(reader)
            self._open.pop(reader, None)
        return response

    def _make_room_for(self, whose: str) -> None:
        """Cut the newest stream of the client that has most, if another would still have fewer."""
        counts = Counter(stream.whose for stream in self._open.values())
        payer = max(counts, key=counts.__getitem__, default=whose)
        if counts[payer] <= counts[whose] + 1:
            return
        reader = next(each for each in reversed(self._open) if self._open[each].whose == payer)
        _, channel, request = self._open.pop(reader)
        channel.leave(reader)
        reader.is_cut = True
        reader.awake.set()
        if request.transport is not None:
            request.transport.abort()

    async def _follow(
        self, response: web.StreamResponse, channel: Channel, reader: Reader, last_id: str
    ) -> None:
        place = channel.place_of(last_id, reader.topics)
        if place is None:
            reader.place, body = await channel.snapshot(reader.topics)
            await _write(response, body, reader)
        else:
            reader.place = place
        while not self._is_closed:
            if reader.is_cut or not channel.has_since(reader.place):
                reader.is_cut = True
                raise ConnectionAbortedError
            number, bodies = channel.since(reader.place, reader.topics)
            for body in bodies:
                await _write(response, body, reader)
            if reader.has_pulse and not bodies:
                await _write(response, _pulse(), reader)
            reader.place, reader.has_pulse = number, False
            await reader.awake.wait()
            reader.awake.clear()

    async def send(self, channel: Channel, changes: Changes) -> None:
        """Send changes in one form, now."""
        try:
            await channel.add(changes)
        except Exception as error:  # noqa: BLE001 - a bug in one form ends no other
            log.failure(_logger, "page_changes_fail", error, channel=channel.name)
            channel.restart()
        await _wake(channel.readers)

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        sent_at = loop.time() - APART_S
        while True:
            await self._has_changes.wait()
            await asyncio.sleep(max(SETTLE_S, sent_at + APART_S - loop.time()))
            changes, self._changes = self._changes, Changes()
            self._has_changes.clear()
            sent_at = loop.time()
            for channel in self._channels:
                await self.send(channel, changes)

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            for channel in self._channels:
                await _wake(channel.readers, has_pulse=True)


async def _wake(readers: Iterable[Reader], *, has_pulse: bool = False) -> None:
    """Wake readers, a few at a time: all at once would hold the loop while they write."""
    for place, reader in enumerate(list(readers), 1):
        reader.has_pulse |= has_pulse
        reader.awake.set()
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)


async def _write(response: web.StreamResponse, body: bytes, reader: Reader) -> None:
    """Write in pieces, so that a reader that takes nothing holds no more than one.

    Raises:
        TimeoutError: it takes nothing.
        ConnectionError: it has left.
    """
    view = memoryview(body)
    for start in range(0, len(view), _PIECE):
        try:
            async with asyncio.timeout(WRITE_LIMIT_S):
                await response.write(view[start : start + _PIECE])
        except TimeoutError:
            reader.is_cut = True
            raise


def _pulse() -> bytes:
    return framed(Event("pulse", b'{"at":%.3f}' % clock.wall()))
