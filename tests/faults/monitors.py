"""Worse monitors: relays that stand between a real aggregator and those who read and receive.

A monitor has an **outlet**: what it does with each event of the stream, and with each notice. All
stand before the same aggregator, so that one scenario shows how each is scored.
"""

import contextlib
import http.client
import http.server
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Self

import msgspec

from venuewatch.base import clock
from venuewatch.rehearsal.live import receiver
from venuewatch.rehearsal.live.programs import pause
from venuewatch.rehearsal.live.reader import Source
from venuewatch.rehearsal.stage.machine import Machine, inside

LOOPBACK: Final = "127.0.0.1"
PORT: Final = receiver.PORT + 1
URL: Final = f"http://{LOOPBACK}:{PORT}/notices"
"""Where the aggregator of the world sends its notices: the relay of all monitors."""

_SILENT_S: Final = 5.0


def as_it_is(body: bytes) -> Sequence[bytes]:
    """Pass a notice on."""
    return (body,)


def nothing(_body: bytes) -> Sequence[bytes]:
    """Keep a notice back."""
    return ()


def twice(body: bytes) -> Sequence[bytes]:
    """Pass a notice on, and a first one again under another number."""
    notice: dict[str, Any] = msgspec.json.decode(body)
    if notice["change"] != "opened":
        return (body,)
    number, _, seq = notice["id"].partition("-")
    return (body, msgspec.json.encode({**notice, "id": f"{number}-{int(seq) + 100}"}))


class Outlet(NamedTuple):
    """What a monitor does: ``tells`` incidents in events or not, each ``late_s`` after its time."""

    tells: bool = True
    late_s: float = 0.0
    notices: Callable[[bytes], Sequence[bytes]] = as_it_is


class _Server(http.server.ThreadingHTTPServer):
    """A server that is a context."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        super().__init__((LOOPBACK, port), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class EventsRelay(_Server):
    """A monitor's stream of events: a source for a reader, before the one of the aggregator."""

    def __init__(self, source: Source, outlet: Outlet) -> None:
        self.source = source
        self.outlet = outlet
        super().__init__(0, _Stream)

    def web(self, timeout_s: float) -> http.client.HTTPConnection:
        """Return a connection with the relay."""
        return http.client.HTTPConnection(LOOPBACK, self.server_port, timeout=timeout_s)


class _Stream(_Quiet):
    server: EventsRelay

    def do_GET(self) -> None:
        """Pass each event on, as the outlet says, when it is due."""
        waiting: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        with contextlib.closing(self.server.source.web(_SILENT_S)) as web:
            try:
                web.request("GET", self.path)
                answer = web.getresponse()
            except (OSError, http.client.HTTPException):
                self.send_error(HTTPStatus.BAD_GATEWAY)
                return
            self.send_response(answer.status)
            self.end_headers()
            threading.Thread(target=self._read, args=(answer, waiting), daemon=True).start()
            with contextlib.suppress(OSError):  # the reader has left
                while (event := waiting.get()) is not None:
                    due_at, body = event
                    pause(max(0.0, due_at - clock.monotonic()))
                    self.wfile.write(body)

    def _read(
        self,
        answer: http.client.HTTPResponse,
        waiting: queue.SimpleQueue[tuple[float, bytes] | None],
    ) -> None:
        outlet = self.server.outlet
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            for event in _events(answer):
                body = event if outlet.tells else _without_incidents(event)
                waiting.put((clock.monotonic() + outlet.late_s, body))
        waiting.put(None)


def _events(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield each event as it was sent."""
    event = b""
    for line in iter(answer.readline, b""):
        event += line
        if not line.strip():
            yield event
            event = b""


def _without_incidents(event: bytes) -> bytes:
    """Return an event whose incidents are left out."""
    lines = event.split(b"\n")
    for at, line in enumerate(lines):
        name, _, data = line.partition(b": ")
        if name == b"data":
            told: dict[str, Any] = msgspec.json.decode(data)
            if "incidents" in told:
                lines[at] = b"data: " + msgspec.json.encode({**told, "incidents": []})
    return b"\n".join(lines)


class NoticesRelay(_Server):
    """Takes every notice of the aggregator, and gives each monitor's to a receiver of its own."""

    def __init__(self, monitors: Mapping[Machine, Outlet]) -> None:
        self.monitors = monitors
        super().__init__(PORT, _Notice)


def notices_relay(centre: Machine, monitors: Mapping[Machine, Outlet]) -> NoticesRelay:
    """Return a relay at the centre; receivers are on the machines of the monitors."""
    return inside(centre.namespace, lambda: NoticesRelay(monitors))


class _Notice(_Quiet):
    server: NoticesRelay
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a notice, and pass it on as each outlet says, when it is due."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()
        for machine, outlet in self.server.monitors.items():
            for each in outlet.notices(body):
                timer = threading.Timer(outlet.late_s, _post, (machine, each))
                timer.daemon = True
                timer.start()


def _post(machine: Machine, body: bytes) -> None:
    """Give a notice to the receiver of a machine, if it is still there."""
    web = http.client.HTTPConnection(LOOPBACK, receiver.PORT)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(web):
        web.sock = machine.connect(LOOPBACK, receiver.PORT)
        web.request("POST", "/notices", body)
        web.getresponse().read()
