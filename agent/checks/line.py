"""Listens to a console or a serial board over TCP: lines of text, or just bytes.

The connection is kept. Bytes wait in the kernel until the next reading; its some 100 KB are minutes
of text. A console that sends more needs a small `every_s`.
"""

import re
import socket
from collections.abc import Callable, Sequence
from typing import Annotated

from agent.checks import CheckConfig, Latest, LimitS, Reading, about
from agent.checks.net.connect import connect
from agent.checks.net.lines import Lines
from agent.checks.patterns.child import WHOLE_LINES
from agent.checks.patterns.matcher import MATCHER, UnmatchedError, refuse_bad_pattern
from agent.checks.reading import times
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from venuewatch.base.config import Port, in_words

_PIECE_BYTES = 16 * 1024
_MAX_PIECES = 64  # a reading


class Config(CheckConfig, frozen=True, tag="line"):
    """Connects, and listens; it sends nothing.

    The heartbeat is a regular expression for a whole line; it is life, but no data. The state is
    `unknown` when it takes over 2 s for what came at once.
    """

    address: Annotated[str, about("host name or IP", "10.1.0.30")]
    port: Annotated[Port, about("TCP port", 4001)]
    heartbeat: Annotated[str, about("lines that only say it lives", r"\*", max_length=256)] = r"\*"
    any_bytes: Annotated[bool, about("a board without lines: any byte is life", True)] = False
    silence_limit_s: Annotated[LimitS, about("how long it may say nothing, in s", 30.0)] = 60.0
    max_line_bytes: Annotated[int, about("longest line, in bytes", 1024, ge=16, le=65_536)] = 4096

    def __post_init__(self) -> None:
        refuse_bad_pattern(self.heartbeat, "heartbeat")


class Check:
    """:class:`agent.checks.net.lines.Lines` judges the bytes."""

    def __init__(self, config: Config, _latest: Latest, now: Callable[[], Now] = times.now) -> None:
        self._config = config
        self._now = now
        self._lines = Lines(
            None if config.any_bytes else self._heartbeats,
            silence_limit_s=config.silence_limit_s,
            max_line_bytes=config.max_line_bytes,
            since=now(),
        )
        self._sock: socket.socket | None = None
        self._connected_s = 0.0

    def read(self) -> Reading:
        """Hear what has come since the last reading, connect if need be, and judge."""
        try:
            trouble = self._drain(self._now())
            if self._sock is not None and self._is_stale(self._now()):
                self.close()  # the other end may have forgotten us without a word
            if self._sock is None:
                trouble = self._connect() or self._drain(self._now()) or trouble
        except UnmatchedError as error:
            return self._lines.judge(self._now())._replace(state="unknown", detail=str(error))
        return self._lines.judge(self._now(), trouble)

    def close(self) -> None:
        """Hang up."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _heartbeats(self, texts: list[str]) -> Sequence[int]:
        """Return for each line whether it is a heartbeat; raises UnmatchedError."""
        pattern = self._config.heartbeat
        plain = pattern.replace("\\", "")
        if re.escape(plain) == pattern:  # as is usual: it needs no process that matches it
            return [text == plain for text in texts]
        lines, deadline = [text.encode() for text in texts], Deadline(self._config.timeout_s / 2)
        return MATCHER.in_lines(pattern, lines, deadline, way=WHOLE_LINES)

    def _is_stale(self, at: Now) -> bool:
        newest_s = max(self._connected_s, self._lines.heard.monotonic_s)
        return at.monotonic_s - newest_s > self._config.silence_limit_s

    def _connect(self) -> str:
        """Connect; return what keeps us from it, "" if nothing."""
        config = self._config
        try:
            self._sock = connect(config.address, config.port, Deadline(config.timeout_s / 2))
        except OSError as error:
            return short(in_words(error))
        self._sock.settimeout(0)
        self._connected_s = self._now().monotonic_s
        return ""

    def _drain(self, at: Now) -> str:
        """Hear what has come, up to a bound; return how the connection ended, "" if it did not."""
        if self._sock is None:
            return ""
        for _ in range(_MAX_PIECES):
            try:
                piece = self._sock.recv(_PIECE_BYTES)
            except BlockingIOError:
                return ""
            except OSError as error:
                self.close()
                return short(in_words(error))
            if not piece:
                self.close()
                return "it hung up"
            self._lines.hear(piece, at)
        return ""
