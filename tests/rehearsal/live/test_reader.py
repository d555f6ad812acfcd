"""An outside reader tells what is new to it, and when it got that."""

import http.client
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest

from aggregator.shell.http.api.record import IncidentJson
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.reader import PATH, Reader, Told, events
from venuewatch.rehearsal.runfile.rows import Seen

WORLD: Final = "a world"
INCIDENT: Final = IncidentJson(
    number=7,
    scope="host",
    venue="STA",
    host="STA-1",
    check="",
    cause="silent",
    opened_at=1000.0,
)
OTHER_CAUSE: Final = IncidentJson(
    number=7,
    scope="host",
    venue="STA",
    host="STA-1",
    check="",
    cause="host_down",
    opened_at=1000.0,
)
CLOSED: Final = IncidentJson(
    number=7,
    scope="host",
    venue="STA",
    host="STA-1",
    check="",
    cause="host_down",
    opened_at=1000.0,
    closed_at=1010.0,
)


@pytest.fixture
def told() -> Told:
    return Told(WORLD)


def changes(rows: list[Seen]) -> list[tuple[str, str, float]]:
    return [(row.change, row.cause, row.at) for row in rows]


def test_incident_is_opened_sharpened_and_closed_once_each(told: Told) -> None:
    rows = [
        row
        for at, incident in enumerate((INCIDENT, INCIDENT, OTHER_CAUSE, CLOSED, CLOSED))
        for row in told.take([incident], float(at))
    ]

    assert changes(rows) == [
        ("opened", "silent", 0.0),
        ("sharpened", "host_down", 2.0),
        ("closed", "host_down", 3.0),
    ]
    assert (rows[0].world, rows[0].subject, rows[0].opened_at) == (WORLD, "host:STA/STA-1", 1000.0)


def test_incident_that_a_snapshot_lacks_is_closed(told: Told) -> None:
    told.take([INCIDENT], 1.0)

    assert changes(told.take_all([], 2.0)) == [("closed", "silent", 2.0)]
    assert told.take_all([], 3.0) == []


def test_incident_that_was_closed_before_it_came_is_nothing(told: Told) -> None:
    assert told.take([CLOSED], 1.0) == []


def test_incident_that_is_opened_again_is_told_again(told: Told) -> None:
    told.take([INCIDENT], 1.0)
    told.take([CLOSED], 2.0)

    assert changes(told.take([INCIDENT], 3.0)) == [("opened", "silent", 3.0)]


def test_events_of_a_stream_have_name_id_and_data() -> None:
    lines = [b": hello\n", b"\n", b"event: pulse\n", b"data: {}\n", b"\n"]
    lines += [b"id: 5\r\n", b"event: changes\r\n", b'data: {"incidents":\r\n', b"data: []}\r\n"]

    assert list(events([*lines, b"\r\n"])) == [
        ("pulse", "", b"{}"),
        ("changes", "5", b'{"incidents":[]}'),
    ]


class Aggregator(http.server.BaseHTTPRequestHandler):
    """Sends one event for each connection, and hangs up."""

    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Last-Event-ID"]))
        self.send_response(200)
        self.end_headers()
        if self.server.events:
            self.wfile.write(self.server.events.pop(0))

    def log_message(self, *_: Any) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, sent: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Aggregator)
        self.events = sent
        self.asked: list[tuple[str, str]] = []

    def web(self, timeout_s: float) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=timeout_s)


def event(name: str, number: int, *incidents: dict[str, object]) -> bytes:
    data = json.dumps({"incidents": incidents})
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n".encode()


@pytest.fixture
def server() -> Iterator[Server]:
    opened = {
        "number": 7,
        "scope": "venue",
        "venue": "STA",
        "host": "",
        "check": "",
        "cause": "venue_unreachable",
        "opened_at": 1000.0,
        "children": ["STA-1", "STA-2"],
    }
    with Server([event("snapshot", 1), event("changes", 2, opened)]) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_reader_goes_on_after_the_stream_has_ended(server: Server) -> None:
    rows: list[Seen] = []
    with Reader(server, WORLD, rows.extend) as reader:
        assert reader.await_open(15.0)
        until("an incident is read", lambda: rows)
        until("it asks again", lambda: (PATH, "2") in server.asked)

    assert server.asked[:2] == [(PATH, ""), (PATH, "1")]
    assert [(row.subject, row.children) for row in rows] == [("venue:STA", 2)]


def test_reader_outlives_what_is_no_event(server: Server) -> None:
    server.events.insert(0, b"data: no JSON\n\n")
    rows: list[Seen] = []
    with Reader(server, WORLD, rows.extend):
        until("an incident is read", lambda: rows)


def test_reader_that_can_not_go_on_says_why(server: Server) -> None:
    def write(_rows: object) -> None:
        raise ValueError("no such word")

    with Reader(server, WORLD, write) as reader:
        until("it has ended", lambda: reader.refusal)

    assert reader.refusal == "the reader of events has ended: no such word"
