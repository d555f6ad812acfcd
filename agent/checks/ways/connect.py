"""Connects to a source over TCP, and keeps the connection.

Bytes wait in the kernel until the next reading; its some 100 KB are minutes of most streams. A
connection that says nothing for ``silence_limit_s`` is made anew: the other end may have forgotten
it without a word.
"""

import socket
from typing import Annotated, Final

import msgspec

from agent.checks import about
from agent.checks.net.connect import connect
from agent.checks.net.draining import drain, put
from agent.checks.net.url import endpoint
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import in_words

MAX_BYTES: Final = 256 * 1024
"""What one hearing takes."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Connects by TCP, and again where the connection ends."""

    address: Annotated[str, about("host name or IP, and TCP port", "10.1.0.30:3601")]

    def __post_init__(self) -> None:
        endpoint(self.address)


def open_way(settings: Settings, terms: Terms) -> "Connect":
    """Return the way; it connects at its first hearing."""
    return Connect(*endpoint(settings.address), terms.silence_limit_s)


class Connect:
    """Keeps one connection to a host's port."""

    def __init__(self, host: str, port: int, silence_limit_s: float) -> None:
        self._where = (host, port)
        self._limit_s = silence_limit_s
        self._sock: socket.socket | None = None
        self._number = 0
        self._alive_s = 0.0  # the last byte, or the beginning of the connection

    def hear(self, now: Now, deadline: Deadline) -> Heard:
        """Return what has come, and connect where there is no connection."""
        heard = self._drain(now)
        if self._is_open() and now.monotonic_s - self._alive_s > self._limit_s:
            heard = heard._replace(ended=(self._source,))
            self.close()
        if self._is_open():
            return heard
        trouble = self._connect(now, deadline)
        if trouble:
            return heard._replace(trouble=trouble)
        begun, at_once = (self._source,), self._drain(now)
        return at_once._replace(
            pieces=(*heard.pieces, *at_once.pieces),
            ended=(*heard.ended, *at_once.ended),
            begun=begun,
            trouble=at_once.trouble or heard.trouble,
        )

    def say(self, content: bytes, source: str = "") -> str:
        """Send it, if ``source`` still is the connection."""
        if self._sock is None or source not in ("", self._source):
            return "it is not connected"
        return put(self._sock, content)

    def close(self) -> None:
        """Hang up."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    @property
    def _source(self) -> str:
        return str(self._number)

    def _is_open(self) -> bool:
        return self._sock is not None

    def _connect(self, now: Now, deadline: Deadline) -> str:
        """Connect; return what keeps it from that, "" if nothing."""
        try:
            self._sock = connect(*self._where, deadline)
        except OSError as error:
            return short(in_words(error))
        self._sock.settimeout(0)
        self._alive_s = now.monotonic_s
        self._number += 1
        return ""

    def _drain(self, now: Now) -> Heard:
        """Return what has come of the connection, and hang up where it ended."""
        if self._sock is None:
            return Heard()
        drained = drain(self._sock, MAX_BYTES)
        if drained.contents:
            self._alive_s = now.monotonic_s
        pieces = tuple(Piece(each, source=self._source) for each in drained.contents)
        ended = (self._source,) if drained.ended else ()
        if drained.ended:
            self.close()
        return Heard(pieces, drained.ended, unread=int(drained.has_more), ended=ended)
