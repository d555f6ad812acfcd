"""Channel: one form of the changes, rendered once, in a ring that all its readers read from.

A reader follows topics, and gets their events beside those for all. A topic that nobody has
followed lately begins a new number: a reader which names an earlier event gets a snapshot.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from aggregator.shell.http.changes import Changes

RING_EVENTS = 256
RING_BYTES = 16 * 1024 * 1024
"""How much a channel keeps for readers that are slow or come back: a minute of constant change."""

RESUME_S = 60.0
"""How long (s) a channel without readers goes on for those that come back."""

_SNAPSHOT_KEPT_S = 1.0
_ID_MAX = 64


class Event(NamedTuple):
    """One server-sent event: its name, and its data, of any number of lines.

    ``topic``: those who follow it get it; without one all do.
    """

    name: str
    data: bytes
    topic: str = ""


class _Piece(NamedTuple):
    """One event as it is sent."""

    topic: str
    body: bytes


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
    Both make events of those topics only that are in ``topics``; the last event is for all.
    """

    def __init__(
        self,
        name: str,
        render: Callable[[Changes], Awaitable[Sequence[Event]]],
        snapshot: Callable[[], Awaitable[Sequence[Event]]],
    ) -> None:
        self.name = name
        self.readers: set[Reader] = set()
        self._render = render
        self._snapshot = snapshot
        self._start = secrets.token_hex(4)
        self._number = 0
        self._ring: deque[tuple[_Piece, ...]] = deque()
        self._ring_bytes = 0
        self._latest: tuple[str, float, tuple[_Piece, ...]] | None = None
        self._topics: dict[str, _Topic] = {}
        self._read_at = -RESUME_S
        self._turn = asyncio.Lock()

    @property
    def start(self) -> str:
        """The first part of ids: another one means that nothing before it can be resumed."""
        return self._start

    @property
    def last_id(self) -> str:
        """The id of the last event: of this start of the process, and this channel."""
        return f"{self._start}-{self._number}"

    @property
    def topics(self) -> Collection[str]:
        """What readers follow, or did lately."""
        return self._topics.keys()

    async def add(self, changes: Changes) -> None:
        """Render changes once, and keep them for the readers."""
        now = asyncio.get_running_loop().time()
        if self.readers:
            self._read_at = now
        self._latest = None
        if now - self._read_at < RESUME_S:
            self._forget_topics(now)
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
        self._topics.clear()
        for reader in self.readers:
            reader.is_cut = True

    def join(self, reader: "Reader") -> None:
        """Let a reader follow its topics from now on."""
        self.readers.add(reader)
        new = reader.topics - self._topics.keys()
        if new:
            self._number += 1  # nothing is known of them before
            self._ring.append(())
        now = asyncio.get_running_loop().time()
        self._topics.update((topic, _Topic(self._number, now)) for topic in new)

    def place_of(self, last_id: str, topics: Collection[str] = ()) -> int | None:
        """Return the number of the event with an id; None if what came since is not known.

        It is not if one of ``topics`` was not followed then.
        """
        start, _, number = last_id[:_ID_MAX].partition("-")
        if start != self._start or not (number.isascii() and number.isdigit()):
            return None
        place = int(number)
        is_followed = all(self._topics[topic].since <= place for topic in topics)
        return place if is_followed and self.has_since(place) else None

    def has_since(self, place: int) -> bool:
        """Tell whether every event after number ``place`` is kept."""
        return 0 <= self._number - place <= len(self._ring)

    def since(self, place: int, topics: Collection[str] = ()) -> tuple[int, list[bytes]]:
        """Return the number of the last event, and what came after number ``place``, framed."""
        count = self._number - place
        kept = islice(self._ring, len(self._ring) - count, None)
        return self._number, [body for body in (_body(each, topics) for each in kept) if body]

    def leave(self, reader: "Reader") -> None:
        """Note that a reader has gone, and may come back."""
        self.readers.discard(reader)
        self._read_at = now = asyncio.get_running_loop().time()
        for topic in reader.topics & self._topics.keys():
            self._topics[topic].read_at = now

    async def snapshot(self, topics: Collection[str] = ()) -> tuple[int, bytes]:
        """Return how all stands, framed, and the number of the event that it is as of.

        Those that ask between two changes share one.
        """
        async with self._turn:
            number, id_ = self._number, self.last_id
            now = asyncio.get_running_loop().time()
            latest = self._latest
            if latest is None or latest[0] != id_ or now - latest[1] > _SNAPSHOT_KEPT_S:
                latest = self._latest = (id_, now, _pieces(await self._snapshot(), id_))
            return number, _body(latest[2], topics)

    def _forget_topics(self, now: float) -> None:
        """Forget topics that no reader has followed for ``RESUME_S``."""
        followed = set[str]().union(*(reader.topics for reader in self.readers))
        for topic in followed & self._topics.keys():
            self._topics[topic].read_at = now
        for topic, known in list(self._topics.items()):
            if now - known.read_at >= RESUME_S:
                del self._topics[topic]

    def _keep(self, events: Sequence[Event]) -> None:
        """Number events as one: the id is on the last, so that all come again or none."""
        self._number += 1
        pieces = _pieces(events, self.last_id)
        self._ring.append(pieces)
        self._ring_bytes += _size(pieces)
        while len(self._ring) > RING_EVENTS or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= _size(self._ring.popleft())


@dataclass
class _Topic:
    """A topic that is followed: events after number ``since`` are complete, and when it was read.

    ``read_at``: when a reader last followed it (s of the loop).
    """

    since: int
    read_at: float


def _pieces(events: Sequence[Event], id_: str) -> tuple[_Piece, ...]:
    *first, last = events
    pieces = [_Piece(event.topic, framed(event)) for event in first]
    return (*pieces, _Piece(last.topic, framed(last, id_)))


def _body(pieces: Iterable[_Piece], topics: Collection[str]) -> bytes:
    """Return what of some events those get who follow ``topics``."""
    return b"".join(body for topic, body in pieces if not topic or topic in topics)


def _size(pieces: Iterable[_Piece]) -> int:
    return sum(len(piece.body) for piece in pieces)


class Reader:
    """One open stream; ``place``: the number of the last event that it was written."""

    def __init__(self, topics: frozenset[str] = frozenset()) -> None:
        self.topics = topics
        self.place = 0
        self.has_pulse = False
        self.is_cut = False
        self.awake = asyncio.Event()
