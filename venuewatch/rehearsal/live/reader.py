"""An outside reader of a live aggregator: follows its stream of events, and stamps what it gets.

1. The stream is opened before the first scenario, and again whenever it ends, from the last event.
2. Each incident is stamped by this process's monotonic clock when its event has been read. The
   aggregator's own times decide nothing.
3. An incident is told as opened when it comes for the first time, as sharpened when its cause, its
   subject or its hosts are others, and as closed when it says so, or is not in a snapshot any more.
"""

import http.client
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Final, Protocol, Self

import msgspec

from aggregator.core.incidents.record import Subject
from aggregator.shell.http.api.record import IncidentJson
from venuewatch.base import clock
from venuewatch.base.config import one_line
from venuewatch.rehearsal.runfile.rows import Change, Seen
from venuewatch.rehearsal.scenario import text_of

PATH: Final = "/api/v1/events"

_SILENT_S: Final = 5.0  # a pulse comes each second
_AGAIN_S: Final = 0.2


class _Event(msgspec.Struct, frozen=True):
    incidents: tuple[IncidentJson, ...] = ()


class Told:
    """The open incidents that were told of in one world; decides what is new."""

    def __init__(self, world: str) -> None:
        self._world = world
        self._known: dict[int, IncidentJson] = {}

    def take(self, incidents: Iterable[IncidentJson], at: float) -> list[Seen]:
        """Return what is new in these, which were read at ``at`` (monotonic s)."""
        rows = []
        for incident in incidents:
            before = self._known.get(incident.number)
            change = _change(before, incident)
            if incident.closed_at is None:
                self._known[incident.number] = incident
            else:
                self._known.pop(incident.number, None)
            if change is not None:
                rows.append(self._row(incident, change, at))
        return rows

    def take_all(self, incidents: Iterable[IncidentJson], at: float) -> list[Seen]:
        """Return what is new in a snapshot, which has every incident that is open."""
        taken = tuple(incidents)
        there = {incident.number for incident in taken}
        over = [
            msgspec.structs.replace(known, closed_at=known.opened_at)
            for number, known in self._known.items()
            if number not in there
        ]
        return self.take((*over, *taken), at)

    def _row(self, incident: IncidentJson, change: Change, at: float) -> Seen:
        subject = Subject(incident.scope, incident.venue, incident.host, incident.check)
        return Seen(
            self._world,
            at,
            incident.number,
            change,
            text_of(subject),
            incident.cause,
            len(incident.children),
            incident.opened_at,
        )


def _change(before: IncidentJson | None, now: IncidentJson) -> Change | None:
    if now.closed_at is not None:
        return None if before is None else "closed"
    if before is None:
        return "opened"
    return "sharpened" if _words(before) != _words(now) else None


def _words(incident: IncidentJson) -> tuple[object, ...]:
    return (*_subject_words(incident), incident.cause, incident.children)


def _subject_words(incident: IncidentJson) -> tuple[str, ...]:
    return (incident.scope, incident.venue, incident.host, incident.check)


class Source(Protocol):
    """An aggregator that can be asked over HTTP."""

    def web(self, timeout_s: float) -> http.client.HTTPConnection:
        """Return a connection of its own, which gives up after so long without a byte."""


class Reader:
    """A context that follows a stream in a thread; ``write`` gets what is new, in that thread."""

    def __init__(
        self, source: Source, world: str, write: Callable[[Sequence[Seen]], object]
    ) -> None:
        self._source = source
        self._write = write
        self._told = Told(world)
        self._last_id = ""
        self._is_over = threading.Event()
        self._is_open = threading.Event()
        self._refusal = ""
        self._thread = threading.Thread(target=self._follow, name="reader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(2 * _SILENT_S)

    def await_open(self, within_s: float) -> bool:
        """Tell whether the stream has begun, within so long (s)."""
        return self._is_open.wait(within_s)

    @property
    def refusal(self) -> str:
        """Why it reads no more; empty while it does."""
        return self._refusal

    def _follow(self) -> None:
        while not self._is_over.is_set():
            try:
                self._read()
            except (OSError, http.client.HTTPException, msgspec.MsgspecError):
                self._is_over.wait(_AGAIN_S)
            except Exception as error:  # noqa: BLE001 - nothing may be played that it does not read
                self._refusal = f"the reader of events has ended: {one_line(error)}"
                return

    def _read(self) -> None:
        """Follow until the stream ends."""
        web = self._source.web(_SILENT_S)
        try:
            web.request("GET", PATH, headers={"Last-Event-ID": self._last_id})
            answer = web.getresponse()
            if answer.status != HTTPStatus.OK:
                raise ConnectionError(f"expected a stream, got {answer.status}")
            for name, last_id, data in events(iter(answer.readline, b"")):
                self._take(name, last_id, data)
                if self._is_over.is_set():
                    return
        finally:
            web.close()

    def _take(self, name: str, last_id: str, data: bytes) -> None:
        now = clock.monotonic()
        self._last_id = last_id or self._last_id
        incidents = msgspec.json.decode(data, type=_Event).incidents
        take = self._told.take_all if name == "snapshot" else self._told.take
        rows = take(incidents, now)
        if rows:
            self._write(rows)
        self._is_open.set()


def events(lines: Iterable[bytes]) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, id and data of each event of a stream (HTML standard, server-sent events)."""
    name, last_id, data = "", "", b""
    for line in lines:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"id":
            last_id = value.decode()
        elif field == b"data":
            data += value
        elif not field and not value and data:
            yield name, last_id, data
            name, data = "", b""
