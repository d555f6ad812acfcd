"""The two sources of a feed's messages: a folder that is read, or pushes that come."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeAlias

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.folder import Folder
from agent.checks.results_feed.messages import FeedError, Message
from venuewatch.base.config import ConfigError

Hear: TypeAlias = Callable[[Message | FeedError, Now], None]
OpenReceiver: TypeAlias = Callable[[Callable[[Message | FeedError], None]], Any]
"""Listens, and passes each push on; raises OSError or ConfigError."""


class FromFolder:
    """Looks into a folder whenever asked, for ``budget_s`` at most."""

    unauthorized: float | None = None

    def __init__(self, folder: Folder, calendar: Calendar, budget_s: float, hear: Hear) -> None:
        self._folder = folder
        self._calendar = calendar
        self._budget_s = budget_s
        self._hear = hear

    def take(self, now: Now) -> None:
        """Have the new files heard, and the first time those of the logical day so far.

        Raises:
            OSError, FolderTooFullError: what keeps them from being read.
        """
        since_s = self._calendar.day_began(now.wall_s)
        for heard in self._folder.take(now, since_s, Deadline(self._budget_s)):
            self._hear(heard.what, heard.at)

    def close(self) -> None:
        """Nothing is held."""


class FromPushes:
    """Listens from its making on; what keeps it from listening is tried anew at each reading."""

    def __init__(self, open_receiver: OpenReceiver, now: Callable[[], Now], hear: Hear) -> None:
        self._open_receiver = open_receiver
        self._now = now
        self._hear = hear
        self._receiver: Any = None
        with contextlib.suppress(OSError, ConfigError):  # said at the first reading, if still so
            self._listen()

    @property
    def unauthorized(self) -> float | None:
        """How many pushes were refused for their key; None where nothing listens."""
        return None if self._receiver is None else float(self._receiver.unauthorized)

    def take(self, now: Now) -> None:  # noqa: ARG002 - they come by themselves
        """Listen, if nothing does yet.

        Raises:
            OSError, ConfigError: what keeps it from listening.
        """
        if self._receiver is None:
            self._listen()

    def close(self) -> None:
        """Stop listening."""
        if self._receiver is not None:
            self._receiver.close()

    def _listen(self) -> None:
        self._receiver = self._open_receiver(lambda what: self._hear(what, self._now()))
