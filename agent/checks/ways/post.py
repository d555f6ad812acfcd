"""Takes posts over HTTP: each body is one whole piece, and a form is a JSON object of its fields.

The door is that of a feed's pushes: who may post, what is refused and how many connect is the same.
Bodies wait in memory until the next reading, up to a bound; then senders are told to come again.
"""

import contextlib
import threading
from collections import Counter
from typing import Annotated, Any, Final

import msgspec

from agent.checks import about
from agent.checks.net.url import own_endpoint
from agent.checks.reading.encodings import marked, text_of
from agent.checks.reading.times import Deadline, Now
from agent.checks.reading.words import short
from agent.checks.results_feed import door_settings
from agent.checks.results_feed.door import Desk, HttpError, Push
from agent.checks.results_feed.header import FeedError, OversizedError, Reason
from agent.checks.results_feed.refusals import PROBE
from agent.checks.ways import Heard, Piece, Terms
from venuewatch.base.config import ConfigError, in_words

MAX_BODIES: Final = 4_000
"""So many bodies wait for a reading."""

MAX_BYTES: Final = 4 * 1024 * 1024
"""So many bytes of bodies wait for a reading, and one body more."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Listens for POST and PUT at one IP address and TCP port, the first field of `post`.

    A key, or a list of allowed peers, must be given to listen beyond this machine. A form is taken
    with a key, or from a peer elsewhere that `peers` names. Its fields become one JSON
    object of texts; of a field that repeats, the last counts. A body may be gzip. GET, HEAD and
    OPTIONS are probes of a load balancer: they get 405, are counted, and change no state.
    """

    address: Annotated[str, about("IP address and TCP port to listen at", "127.0.0.1:8042")]
    api_key_file: door_settings.ApiKeyFile = None
    api_key_header: door_settings.ApiKeyHeader = "X-Api-Key"
    peers: door_settings.PeerNames = ()
    cert_file: door_settings.CertFile = None
    key_file: door_settings.KeyFile = None

    def __post_init__(self) -> None:
        address, _ = own_endpoint(self.address)
        door_settings.refuse_open_door(
            address,
            has_key=self.api_key_file is not None,
            peers=self.peers,
            has_pair=(self.cert_file is None) == (self.key_file is None),
        )


def open_way(settings: Settings, terms: Terms) -> "Post":
    """Return the way; it listens from now on, if it can."""
    return Post(settings, terms.max_bytes)


class Post:
    """Listens for posts, and keeps their bodies until they are heard."""

    def __init__(self, settings: Settings, max_bytes: int) -> None:
        self._settings = settings
        self._where = own_endpoint(settings.address)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._receiver: Any = None
        self._pieces: list[Piece] = []
        self._bytes = self._oversized = 0
        self._refusals: Counter[Reason] = Counter()
        self._refused = ""
        with contextlib.suppress(OSError, ConfigError):  # tried anew at each hearing
            self._listen()

    def hear(self, _now: Now, _deadline: Deadline) -> Heard:
        """Return the bodies that came since the last time; it never waits."""
        if self._receiver is None:
            try:
                self._listen()
            except (OSError, ConfigError) as error:
                address, port = self._where
                trouble = short(f"{address}, port {port}: {in_words(error)}")
                return Heard(trouble=trouble, is_unreadable=True)
        with self._lock:
            heard = Heard(
                tuple(self._pieces),
                refused=self._refused,
                refusals=dict(self._refusals),
                oversized=self._oversized,
            )
            self._pieces = []
            self._bytes = self._oversized = 0
            self._refusals.clear()
            self._refused = ""
        return heard

    def say(self, _content: bytes, _source: str = "") -> str:
        """Return that nothing can be sent."""
        return "posts are taken, and nothing is sent"

    def close(self) -> None:
        """Hang up on all, and stop listening."""
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None

    @property
    def port(self) -> int:
        """The port that it listens at; 0 while it does not."""
        return 0 if self._receiver is None else int(self._receiver.port)

    def _listen(self) -> None:
        settings = self._settings
        self._receiver = door_settings.opened(
            self._where,
            self._max_bytes,
            Desk(self._take, self._refuse),
            api_key_file=settings.api_key_file,
            api_key_header=settings.api_key_header,
            peers=settings.peers,
            cert_file=settings.cert_file,
            key_file=settings.key_file,
        )

    def _take(self, push: Push) -> None:
        """Keep a body; raises FeedError for one that can't be read, or for which there is no room.

        It is called from many threads.
        """
        with self._lock:
            self._refuse_without_room()
        content = _content(push)
        with self._lock:
            self._refuse_without_room()
            self._bytes += len(content)
            self._pieces.append(Piece(content, is_whole=True, source=push.peer))

    def _refuse_without_room(self) -> None:
        if len(self._pieces) >= MAX_BODIES or self._bytes >= MAX_BYTES:
            raise HttpError(503, "full", "Expected fewer bodies until the next reading")

    def _refuse(self, error: FeedError) -> None:
        """Count a refusal; one that is too large is a sign of life."""
        with self._lock:
            if isinstance(error, OversizedError):
                self._oversized += 1
            else:
                self._refusals[error.reason] += 1
                self._refused = self._refused if error.reason == PROBE else short(error, 120)


def _content(push: Push) -> bytes:
    """Return what a push brings, a form as a JSON object; raises FeedError."""
    fields: dict[str, bytes] = {}
    for part in push.parts:
        fields[part.name] = b"".join(part.content)
    if list(fields) in ([], [""]):  # it is no form, or has no field with a name
        return fields.get("", b"")
    texts = {name: text_of(value, marked(value)[0] or "utf-8") for name, value in fields.items()}
    return msgspec.json.encode(texts)
