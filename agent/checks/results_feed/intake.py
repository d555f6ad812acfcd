"""The two sources of a feed's messages: a folder that is read, or pushes that come."""

import importlib
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

from agent.checks.reading.times import Deadline, Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.folder import Folder
from agent.checks.results_feed.messages import FeedError, Message
from venuewatch.base.config import ConfigError, read_secret

Hear: TypeAlias = Callable[[Message | FeedError, Now], None]


class Intake(Protocol):
    """One way in. ``unauthorized``: pushes refused for their key; None where there is no key."""

    @property
    def unauthorized(self) -> float | None:
        """How many so far."""

    def take(self, now: Now) -> None:
        """Have what is new heard.

        Raises:
            OSError, ConfigError, FolderTooFullError: what keeps it from coming.
        """

    def close(self) -> None:
        """Let go of what is held."""


class FromFolder:
    """Looks into a folder whenever asked, for ``budget_s`` at most."""

    unauthorized = None

    def __init__(self, folder: Folder, calendar: Calendar, budget_s: float, hear: Hear) -> None:
        self._folder = folder
        self._calendar = calendar
        self._budget_s = budget_s
        self._hear = hear

    def take(self, now: Now) -> None:
        """Have the new files heard, and the first time those of the logical day so far."""
        since_s = self._calendar.day_began(now.wall_s)
        for heard in self._folder.take(now, since_s, Deadline(self._budget_s)):
            self._hear(heard.what, heard.at)

    def close(self) -> None:
        """Nothing is held."""


class Listening(NamedTuple):
    """Where to listen, for what; the files are read when listening begins."""

    address: str
    port: int
    max_bytes: int
    key_header: str
    api_key_file: str | None
    cert_file: str | None
    key_file: str | None


class FromPushes:
    """Listens from its making on; what keeps it from listening is tried anew at each reading."""

    def __init__(self, listening: Listening, now: Callable[[], Now], hear: Hear) -> None:
        self._listening = listening
        self._now = now
        self._hear = hear
        self._receiver: Any = None
        try:
            self._listen()
        except (OSError, ConfigError):  # said at the first reading, if it is still so
            self._receiver = None

    @property
    def unauthorized(self) -> float | None:
        """How many pushes were refused for their key."""
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
        receiver = importlib.import_module(
            "agent.checks.results_feed.receiver"
        )  # only who listens pays
        its = self._listening
        key = None if its.api_key_file is None else read_secret(its.api_key_file).encode()
        door = receiver.Door(
            its.address, its.port, its.max_bytes, its.key_header.lower(), key, _tls(its)
        )
        self._receiver = receiver.Receiver(door, lambda what: self._hear(what, self._now()))


def _tls(listening: Listening) -> ssl.SSLContext | None:
    """Return what to listen with; None without TLS."""
    if listening.cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(listening.cert_file, listening.key_file)
    return context
