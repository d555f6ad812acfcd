"""A receiver of notices at the centre of a live world, which stamps each by its own clock."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Self

import msgspec

from aggregator.core.incidents.record import Subject
from aggregator.shell.http.api.record import IncidentJson
from venuewatch.base import clock
from venuewatch.rehearsal.runfile.rows import Change, Notice
from venuewatch.rehearsal.scenario import text_of
from venuewatch.rehearsal.stage.machine import Machine, inside
from venuewatch.rehearsal.world.notifier import Mood

PORT: Final = 8090
PATH: Final = "/notices"
URL: Final = f"http://127.0.0.1:{PORT}{PATH}"

_NAME: Final = "webhook"
_LARGEST: Final = 1 << 20
_POLL_S: Final = 0.05
_ANSWERS: Final[Mapping[Mood, HTTPStatus | None]] = {
    "takes": HTTPStatus.NO_CONTENT,
    "refuses": HTTPStatus.UNAUTHORIZED,  # as with a token that is out of date
    "hangs": None,
}


class _Body(msgspec.Struct, frozen=True):
    id: str
    change: Change
    incident: IncidentJson


def row_of(world: str, body: bytes, at: float, *, accepted: bool) -> Notice:
    """Return the row of a notice that was answered at ``at`` (monotonic s).

    Raises:
        ValueError: it is no notice.
    """
    notice = msgspec.json.decode(body, type=_Body)
    incident = notice.incident
    number, dash, seq = notice.id.partition("-")
    if not dash or not seq.isdecimal() or number != str(incident.number):
        raise ValueError(f"expected the id of a notice about {incident.number}, got {notice.id!r}")
    subject = Subject(incident.scope, incident.venue, incident.host, incident.check)
    return Notice(
        world,
        at,
        _NAME,
        incident.number,
        int(seq),
        notice.change,
        text_of(subject),
        incident.cause,
        accepted=accepted,
    )


class Receiver:
    """A context that answers notices at ``URL`` on a machine; ``write`` gets each, in a thread.

    Attributes:
        not_understood: how many requests were no notices.
    """

    def __init__(self, machine: Machine, world: str, write: Callable[[Notice], None]) -> None:
        self.not_understood = 0
        self._world = world
        self._write = write
        self._mood: Mood = "takes"
        self._mood_ends_at = 0.0
        self._changed = threading.Condition()
        self._server = inside(machine.namespace, lambda: _Server(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name=_NAME, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.turn("takes")
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def is_running(self) -> bool:
        """Whether it answers anybody, by its mood."""
        return self._thread.is_alive()

    def turn(self, mood: Mood, *, lasts_s: float = 0.0) -> None:
        """Refuse all, or answer nothing, for so long (s); or take all again, as it always does."""
        with self._changed:
            self._mood, self._mood_ends_at = mood, clock.monotonic() + lasts_s
            self._changed.notify_all()

    @property
    def mood(self) -> Mood:
        """How it is now."""
        return self._mood if clock.monotonic() < self._mood_ends_at else "takes"

    def await_answer(self) -> None:
        """Wait as long as it answers nothing."""
        with self._changed:
            while self.mood == "hangs":
                self._changed.wait(self._mood_ends_at - clock.monotonic())

    def take(self, body: bytes) -> HTTPStatus | None:
        """Note a notice, and return what to answer; None: nothing."""
        mood = self.mood
        accepted = mood == "takes"
        try:
            row = row_of(self._world, body, clock.monotonic(), accepted=accepted)
        except ValueError:  # msgspec's are some, too
            self.not_understood += 1
            return HTTPStatus.BAD_REQUEST
        self._write(row)
        return _ANSWERS[mood]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", PORT), _Request)


class _Request(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(_ANSWERS[self.server.receiver.mood])

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        if size.isdecimal() and int(size) <= _LARGEST:
            self._answer(self.server.receiver.take(self.rfile.read(int(size))))
        else:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def _answer(self, status: HTTPStatus | None) -> None:
        if status is None:  # it hangs up at the end: nobody may take that for an answer
            self.server.receiver.await_answer()
            self.close_connection = True
            return
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing: the run's file has it."""
