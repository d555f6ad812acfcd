"""Plays one results system to the real ``feed`` check of its host, on the clock of the day."""

import contextlib
import http.client
import os
from collections import deque
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from agent.checks import Reading
from agent.checks.feed import Check, Config
from agent.checks.reading.times import Now
from venuewatch.demo.results_day.moments import Script

EVERY_S = 30.0
"""How often (s of the day) the check is read."""

_BOOTED_S = 1_000_000_000.0
_PATIENCE_S = 10.0


class Seen(NamedTuple):
    """A reading, and when (unixtime of the day) it was taken."""

    at_s: float
    reading: Reading


class DayClock:
    """Tells the time of the day that is played; the monotonic clock goes with it."""

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s

    def __call__(self) -> Now:
        """Return the moment of the day."""
        return Now(self.at_s - _BOOTED_S, self.at_s)


class Watched:
    """One results system, and the check that watches it, from ``begin_s`` on.

    Its messages are files in ``folder``; with a ``port`` they are pushed to it.
    """

    def __init__(
        self, script: Script, day: date, begin_s: float, folder: Path, port: int = 0
    ) -> None:
        zone = script.zone
        self._messages = deque(script.says(day, ZoneInfo(zone)))
        self._clock = DayClock(begin_s)
        self._next_s = begin_s
        self._folder = folder
        self._written = 0
        self._pushed: http.client.HTTPConnection | None = None
        if port:
            config = Config(name="results", zone=zone, listen_port=port)
            self._pushed = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        else:
            config = Config(name="results", zone=zone, folder=str(folder))
        self._check = Check(config, lambda _name: None, self._clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the check."""
        if self._pushed is not None:
            self._pushed.close()
        self._check.close()

    def go_to(self, at_s: float) -> Iterator[Seen]:
        """Play until a time of the day; yield a reading every 30 s, and one at the end."""
        while self._next_s < at_s:
            yield self._look(self._next_s)
            self._next_s += EVERY_S
        yield self._look(at_s)

    def skip_to(self, at_s: float) -> None:
        """Let the day pass until a time at which the check is read again."""
        self._next_s = max(self._next_s, at_s)

    def _look(self, at_s: float) -> Seen:
        while self._messages and self._messages[0].at_s <= at_s:
            sent = self._messages.popleft()
            self._clock.at_s = sent.at_s
            if self._pushed is not None:
                self._push(self._pushed, sent.content)
            else:
                self._write(sent.content)
        self._clock.at_s = at_s
        return Seen(at_s, self._check.read())

    def _push(self, connection: http.client.HTTPConnection, content: bytes) -> None:
        """Push a message.

        Raises:
            OSError: the check does not take it.
        """
        for _ in range(2):  # a connection that was silent may have been ended
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("POST", "/", content)
                answer = connection.getresponse()
                answer.read()
                if answer.status == HTTPStatus.OK:
                    return
            connection.close()
        raise OSError("the check did not take a message of the results day")

    def _write(self, content: bytes) -> None:
        self._written += 1
        path = self._folder / f"{self._written:05}.xml"
        path.write_bytes(content)
        os.utime(path, (self._clock.at_s, self._clock.at_s))
