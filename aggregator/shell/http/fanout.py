"""Fan-out: what changes goes to every open page and to every program that follows, rendered once.

1. The fan-out is an outlet. It collects which venues, hosts and incidents have changed.
2. The changes of ``APART_S`` go out together. Each channel renders them once, as events, and keeps
   the events in its ring. A channel is one form: JSON for programs, HTML for pages.
3. Each reader has a place in the ring, and no queue of its own. It is woken, and writes what is
   new. Readers are woken a few at a time, so that the loop goes on between.
4. A reader that the ring has left behind, or that takes nothing for ``WRITE_LIMIT_S``, is cut. It
   comes back with the id of its last event. While the ring has that event, it gets what came since;
   otherwise, or if the id is of another start, it gets a snapshot.
5. Each second every reader that got nothing gets a pulse, which says that we live.

An event says how things stand, never a difference: a reader may get one twice.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from aiohttp import hdrs, web

from aggregator.core.incidents.record import Incident, IncidentChanged
from aggregator.core.outputs import (
    Connected,
    Disconnected,
    HostChanged,
    InventoryChanged,
    Output,
    Store,
)
from venuewatch.base import clock, log

APART_S = 0.25
"""How long (s) two sendings of changes are apart at least."""

SETTLE_S = 0.03
"""How long (s) a first change waits for those that belong to it."""

PULSE_S = 1.0
"""How often (s) a reader hears of us at least."""

WRITE_LIMIT_S = 10.0
"""How long (s) a reader may take nothing of what is written to it."""

RING_EVENTS = 256
RING_BYTES = 16 * 1024 * 1024
"""How much a channel keeps for readers that are slow or come back: a minute of constant change."""

RESUME_S = 60.0
"""How long (s) a channel without readers goes on for those that come back."""

_SNAPSHOT_KEPT_S = 1.0

_AT_ONCE = 20
_PIECE = 64 * 1024
_ID_MAX = 64
_HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}

_logger = logging.getLogger("aggregator.http")


class FullError(Exception):
    """As many pages are open as may be; its text is the line for the user."""


class Event(NamedTuple):
    """One server-sent event: its name, and its data, of any number of lines."""

    name: str
    data: bytes


@dataclass
class Changes:
    """What has changed since the last sending: venues by code, hosts by name, incidents by number.

    A venue is among them whenever one of its hosts or incidents is. What is named may be gone now.
    ``is_centre``: our own connection, or an incident of the centre, or the inventory has changed.
    """

    venues: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    incidents: set[int] = field(default_factory=set)
    is_centre: bool = False

    def __bool__(self) -> bool:
        """Tell whether anything has changed."""
        return self.is_centre or bool(self.venues or self.hosts or self.incidents)

    def note(self, output: Output) -> None:
        """Take in what an output changes."""
        match output:
            case HostChanged():
                self.venues.add(output.venue)
                self.hosts.add(output.host)
            case IncidentChanged():
                self._note_incident(output.incident)
            case Store():
                for incident in output.incidents:  # evidence and children are reported nowhere else
                    self._note_incident(incident)
            case InventoryChanged():
                self.venues.update(output.removed, output.changed)
                self.is_centre = True
            case Connected() | Disconnected():
                self.is_centre = True

    def _note_incident(self, incident: Incident) -> None:
        subject = incident.subject
        self.incidents.add(incident.number)
        self.is_centre |= not subject.venue
        if subject.venue:
            self.venues.add(subject.venue)
        if subject.host:
            self.hosts.add(subject.host)
        self.hosts.update(incident.children)


def framed(event: Event, id_: str = "") -> bytes:
    """Return an event as it is sent (HTML, 9.2.6). Each line of its data is a field."""
    lines = event.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    head = f"id: {id_}\n" if id_ else ""
    fields = b"".join(b"data: " + line + b"\n" for line in lines)
    return f"{head}event: {event.name}\n".encode() + fields + b"\n"


class Channel:
    """One form of the changes.

    ``render`` returns the events of some changes, or none. ``snapshot`` returns how all stands now.
    Both may yield to the loop. What ``render`` is given is in a snapshot that is made later, too.
    """

    def __init__(
        self,
        name: str,
        render: Callable[[Changes], Awaitable[Sequence[Event]]],
        snapshot: Callable[[], Awaitable[Sequence[Event]]],
    ) -> None:
        self.name = name
        self.readers: set[_Reader] = set()
        self._render = render
        self._snapshot = snapshot
        self._start = secrets.token_hex(4)
        self._number = 0
        self._ring: deque[bytes] = deque()
        self._ring_bytes = 0
        self._latest: tuple[str, float, bytes] | None = None
        self._read_at = -RESUME_S
        self._turn = asyncio.Lock()

    @property
    def last_id(self) -> str:
        """The id of the last event: of this start of the process, and this channel."""
        return f"{self._start}-{self._number}"

    async def add(self, changes: Changes) -> None:
        """Render changes once, and keep them for the readers."""
        now = asyncio.get_running_loop().time()
        if self.readers:
            self._read_at = now
        self._latest = None
        if now - self._read_at < RESUME_S:
            events = await self._render(changes)
            if events:
                self._keep(events)
        else:
            self.restart()

    def restart(self) -> None:
        """Give every reader a snapshot: one that comes back finds its id unknown."""
        self._start, self._number = secrets.token_hex(4), 0
        self._ring.clear()
        self._ring_bytes = 0
        for reader in self.readers:
            reader.is_cut = True

    def place_of(self, last_id: str) -> int | None:
        """Return the number of the event with an id; None if what came since is not known."""
        start, _, number = last_id[:_ID_MAX].partition("-")
        if start != self._start or not (number.isascii() and number.isdigit()):
            return None
        place = int(number)
        return place if self.has_since(place) else None

    def has_since(self, place: int) -> bool:
        """Tell whether every event after number ``place`` is kept."""
        return 0 <= self._number - place <= len(self._ring)

    def since(self, place: int) -> tuple[int, list[bytes]]:
        """Return the number of the last event, and the events after number ``place``, framed."""
        count = self._number - place
        return self._number, list(islice(self._ring, len(self._ring) - count, None))

    def leave(self, reader: "_Reader") -> None:
        """Note that a reader has gone, and may come back."""
        self.readers.discard(reader)
        self._read_at = asyncio.get_running_loop().time()

    async def snapshot(self) -> tuple[int, bytes]:
        """Return how all stands, framed, and the number of the event that it is as of.

        Those that ask between two changes share one.
        """
        async with self._turn:
            number, id_ = self._number, self.last_id
            now = asyncio.get_running_loop().time()
            latest = self._latest
            if latest is None or latest[0] != id_ or now - latest[1] > _SNAPSHOT_KEPT_S:
                *first, last = await self._snapshot()
                pieces = [framed(event) for event in first] + [framed(last, id_)]
                latest = self._latest = (id_, now, b"".join(pieces))
            return number, latest[2]

    def _keep(self, events: Sequence[Event]) -> None:
        """Number events as one: the id is on the last, so that all come again or none."""
        self._number += 1
        *first, last = events
        body = b"".join([*(framed(event) for event in first), framed(last, self.last_id)])
        self._ring.append(body)
        self._ring_bytes += len(body)
        while len(self._ring) > RING_EVENTS or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= len(self._ring.popleft())


class _Reader:
    """One open stream; ``place``: the number of the last event that it was written."""

    def __init__(self) -> None:
        self.place = 0
        self.has_pulse = False
        self.is_cut = False
        self.awake = asyncio.Event()


class Fanout:
    """All channels and their readers, of which there are at most ``pages_max()`` together.

    Attributes:
        cut: how many readers were cut since the start.
    """

    def __init__(self, pages_max: Callable[[], int]) -> None:
        self._pages_max = pages_max
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

    async def serve(self, request: web.Request, channel: Channel) -> web.StreamResponse:
        """Answer with the events of a channel, for as long as the client reads them.

        Raises:
            FullError: as many are open as may be; nothing was sent.
        """
        if self._is_closed:
            raise FullError("this server is about to end")
        limit = self._pages_max()
        if self.readers >= limit:
            raise FullError(f"{limit} pages are open, and no more may be: [web] max_pages")
        reader = _Reader()
        channel.readers.add(reader)
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(request)
            await self._follow(request, response, channel, reader)
        except (TimeoutError, ConnectionError):  # it hangs, or has left
            self.cut += reader.is_cut
            if request.transport is not None:
                request.transport.abort()
        finally:
            channel.leave(reader)
        return response

    async def _follow(
        self,
        request: web.Request,
        response: web.StreamResponse,
        channel: Channel,
        reader: _Reader,
    ) -> None:
        place = channel.place_of(request.headers.get("Last-Event-ID", ""))
        if place is None:
            reader.place, body = await channel.snapshot()
            await _write(response, body, reader)
        else:
            reader.place = place
        while not self._is_closed:
            if reader.is_cut or not channel.has_since(reader.place):
                reader.is_cut = True
                raise ConnectionAbortedError
            number, bodies = channel.since(reader.place)
            for body in bodies:
                await _write(response, body, reader)
            if reader.has_pulse and not bodies:
                await _write(response, _pulse(), reader)
            reader.place, reader.has_pulse = number, False
            await reader.awake.wait()
            reader.awake.clear()

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
                try:
                    await channel.add(changes)
                except Exception as error:  # noqa: BLE001 - a bug in one form ends no other
                    log.failure(_logger, "page_changes_fail", error, channel=channel.name)
                    channel.restart()
                await _wake(channel.readers)

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            for channel in self._channels:
                await _wake(channel.readers, has_pulse=True)


async def _wake(readers: Iterable[_Reader], *, has_pulse: bool = False) -> None:
    """Wake readers, a few at a time: all at once would hold the loop while they write."""
    for place, reader in enumerate(list(readers), 1):
        reader.has_pulse |= has_pulse
        reader.awake.set()
        if place % _AT_ONCE == 0:
            await asyncio.sleep(0)


async def _write(response: web.StreamResponse, body: bytes, reader: _Reader) -> None:
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
