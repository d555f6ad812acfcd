"""Connects to a websocket and keeps it; each of its messages, text or bytes, is one whole piece.

Messages wait in the kernel until the next reading, and so do the server's pings. A server that ends
who does not answer a ping needs a small `every_s`.
"""

import contextlib
from typing import Annotated, Final

import msgspec

from agent.checks import about, worded
from agent.checks.net.header_fields import FieldFiles, Fields, read_fields
from agent.checks.net.http_fetch import stream_to
from agent.checks.net.streams import Stream
from agent.checks.net.tls import CaFile, Trust, Verify
from agent.checks.net.url import Url, parse
from agent.checks.net.websocket import Websocket
from agent.checks.reading.asking import FAILURES, CheckFailedError
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import why
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import ConfigError

MAX_MESSAGES: Final = 4_000  # a hearing
MAX_BYTES: Final = 1024 * 1024  # a hearing
_FAREWELL_S: Final = 0.05
_SAYING_S: Final = 0.5
_READ_BYTES: Final = 16 * 1024
_SCHEMES: Final = {"ws://": "http://", "wss://": "https://"}

Subprotocol = Annotated[
    str, worded(r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z", "the name of a subprotocol")
]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Connects to a websocket, the first field of `websocket`. It offers no compression."""

    url: Annotated[
        str, about("address, with ws:// or wss://, without a password", "wss://example.org/live")
    ]
    subprotocols: Annotated[
        tuple[Subprotocol, ...], about("subprotocols to offer", ["v1.json"], max_length=8)
    ] = ()
    fields: Fields = msgspec.field(default_factory=dict)
    field_files: FieldFiles = msgspec.field(default_factory=dict)
    ca_file: CaFile = None
    verify: Verify = True

    def __post_init__(self) -> None:
        url_of(self.url)


def url_of(text: str) -> Url:
    """Return where a setting leads to, http or https in place of ws or wss.

    Raises:
        ValueError: it is no address of a websocket.
    """
    for scheme, instead in _SCHEMES.items():
        if text.startswith(scheme):
            return parse(instead + text.removeprefix(scheme))
    raise ValueError("Expected an address that begins with ws:// or wss://")


def open_way(settings: Settings, terms: Terms) -> "WebsocketWay":
    """Return the way; it connects with its first hearing."""
    return WebsocketWay(settings, terms)


class WebsocketWay:
    """Keeps one websocket, and makes it anew once it has ended.

    A server that says nothing is pinged at each hearing. One that has said nothing for
    ``silence_limit_s``, no pong either, is connected to anew.
    """

    def __init__(self, settings: Settings, terms: Terms) -> None:
        self._settings = settings
        self._terms = terms
        self._url = url_of(settings.url)
        self._link: _Link | None = None
        self._number = 0

    def hear(self, now: Now, deadline: Deadline) -> Heard:
        """Return the messages that wait, connecting first if need be."""
        caught = _Caught()
        trouble, begun, is_unreadable = "", False, False
        before = str(self._number) if self._link is not None else ""
        for _ in range(2 if before else 1):
            try:
                if self._link is None:
                    self._link = self._connected(caught, now, deadline)
                    begun = True
                    self._number += 1
                self._link.drain(caught, now, deadline)
                trouble = ""
                break
            except FAILURES as error:
                trouble, begun, is_unreadable = why(error), False, isinstance(error, ConfigError)
                self.close()
        source = str(self._number)
        return Heard(
            tuple(Piece(each, is_whole=True, source=source) for each in caught.messages),
            trouble=trouble,
            unread=int(caught.is_cut),
            ended=(before,) if before not in ("", source if self._link else "") else (),
            begun=(source,) if begun else (),
            oversized=caught.oversized,
            is_unreadable=is_unreadable,
        )

    def say(self, content: bytes, source: str = "") -> str:
        """Send one message, as text where it is UTF-8."""
        if self._link is None or source not in ("", str(self._number)):
            return "it is not connected"
        try:
            self._link.say(content)
        except FAILURES as error:
            self.close()
            return why(error)
        return ""

    def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def _connected(self, caught: "_Caught", now: Now, deadline: Deadline) -> "_Link":
        """Return an open websocket; raises one of ``FAILURES``."""
        settings, url = self._settings, self._url
        fields = read_fields(settings.fields, settings.field_files)
        websocket = Websocket(url, fields, settings.subprotocols, self._terms.max_bytes)
        trust = Trust(settings.ca_file, settings.verify)
        stream = stream_to(url, trust, deadline)
        link = _Link(stream, websocket, now, self._terms.silence_limit_s)
        try:
            link.shake_hands(caught)
        except BaseException:
            stream.close()
            raise
        return link


class _Caught:
    """The messages of one hearing. ``is_cut``: it ended before all was taken."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.oversized = 0
        self.bytes = 0
        self.is_cut = False

    @property
    def is_full(self) -> bool:
        """Whether it takes no more."""
        return len(self.messages) >= MAX_MESSAGES or self.bytes >= MAX_BYTES


class _Link:
    """A connection with its websocket."""

    def __init__(
        self, stream: Stream, websocket: Websocket, now: Now, silence_limit_s: float
    ) -> None:
        self._stream = stream
        self._websocket = websocket
        self._silence_limit_s = silence_limit_s
        self._heard_s = now.monotonic_s

    def shake_hands(self, caught: _Caught) -> None:
        """Ask for a websocket; raises one of ``FAILURES`` where there is none."""
        self._stream.sendall(self._websocket.hello)
        buffer = bytearray(_READ_BYTES)
        while not self._websocket.is_open:
            size = self._stream.recv_into(buffer)
            self._take(bytes(buffer[:size]), caught)

    def drain(self, caught: _Caught, now: Now, deadline: Deadline) -> None:
        """Take what has come; raises one of ``FAILURES`` where the websocket has ended."""
        self._stream.renew(deadline)
        before = caught.bytes
        while (data := self._waiting(caught)) is not None:
            self._take(data, caught)
        if caught.bytes > before:
            self._heard_s = now.monotonic_s
        elif now.monotonic_s - self._heard_s > self._silence_limit_s:
            raise CheckFailedError(f"no pong for {self._silence_limit_s:g} s")
        elif now.monotonic_s > self._heard_s and not caught.is_cut:
            self._stream.sendall(self._websocket.ping())

    def say(self, content: bytes) -> None:
        """Send one message; raises OSError."""
        self._stream.renew(Deadline(_SAYING_S))
        self._stream.sendall(self._websocket.message(content))

    def close(self) -> None:
        """Say farewell where the network takes it at once, and hang up."""
        with contextlib.suppress(OSError):
            self._stream.renew(Deadline(_FAREWELL_S))
            self._stream.sendall(self._websocket.farewell())
        self._stream.close()

    def _waiting(self, caught: _Caught) -> bytes | None:
        """Return some of what waits, b"" at the end; None where there is no more, or no time."""
        try:
            data = None if caught.is_full else self._stream.recv_now(_READ_BYTES)
        except TimeoutError:
            caught.is_cut = True
            return None
        caught.is_cut = caught.is_full
        return data

    def _take(self, data: bytes, caught: _Caught) -> None:
        if not data:
            raise CheckFailedError("the server hung up")
        received = self._websocket.receive(data)
        caught.messages += received.messages
        caught.oversized += received.oversized
        caught.bytes += len(data)
        if received.to_send:
            self._stream.sendall(received.to_send)
        if received.ended:
            raise CheckFailedError(received.ended)
