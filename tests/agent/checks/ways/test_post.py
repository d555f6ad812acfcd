"""Posts come in whole, forms as JSON objects, and who is refused is told."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.checks.reading.times import Deadline
from agent.checks.ways import Heard, Piece, Terms, post
from agent.checks.ways.post import Post, Settings, open_way
from bench.kit.processes import free_port
from tests.agent.checks.ways.hall import LOOPBACK, NOW, PATIENCE_S, packed

TERMS = Terms(1000, 60.0)
FORM = "application/x-www-form-urlencoded"
KEY = {"X-Api-Key": "s3cret"}
PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="fopName"\r\n\r\nA\r\n'
    b'--b\r\nContent-Disposition: form-data; name="start"; filename="s.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nZ\xfcrich\r\n--b--\r\n"
)


class Hall:
    def __init__(self, **settings: Any) -> None:
        self.way: Post = open_way(Settings(address=f"{LOOPBACK}:{free_port()}", **settings), TERMS)

    def posts(self, body: bytes, method: str = "POST", **heads: str) -> int:
        connection = http.client.HTTPConnection(LOOPBACK, self.way.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in heads.items()}
            connection.request(method, "/timer?x=1", body, named)
            return connection.getresponse().status

    def hears(self) -> Heard:
        return self.way.hear(NOW, Deadline(PATIENCE_S))


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.way.close()


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Hall]:
    secret = tmp_path / "key"
    secret.write_text("s3cret\n")
    hall = Hall(api_key_file=str(secret))
    yield hall
    hall.way.close()


def test_each_body_is_one_whole_piece(hall: Hall) -> None:
    statuses = [hall.posts(b'{"n": 1}'), hall.posts(b"<a/>", "PUT"), hall.posts(b"")]

    heard = hall.hears()

    assert statuses == [200, 200, 200]
    assert heard.pieces == tuple(
        Piece(each, is_whole=True, source=LOOPBACK) for each in (b'{"n": 1}', b"<a/>", b"")
    )
    assert hall.hears() == Heard()


@pytest.mark.parametrize(
    ("body", "kind", "fields"),
    [
        (b"message=HEARTBEAT&lane=1", FORM, {"message": "HEARTBEAT", "lane": "1"}),
        (b"name=Z%C3%BCrich+HB&x=", FORM + "; charset=utf-8", {"name": "Zürich HB", "x": ""}),
        (b"name=Z%FCrich&quote=%22%5C%00", FORM, {"name": "Zürich", "quote": '"\\\0'}),
        (b"name=%FF%FEZ%00", FORM, {"name": "Z"}),
        (b"lap=1&lap=2", FORM, {"lap": "2"}),
        (b"HEARTBEAT&lane=1", FORM, {"": "HEARTBEAT", "lane": "1"}),
        (PARTS, "multipart/form-data; boundary=b", {"fopName": "A", "start": "Zürich"}),
    ],
)
def test_form_is_a_json_object_of_its_fields(
    keyed: Hall, body: bytes, kind: str, fields: dict[str, str]
) -> None:
    status = keyed.posts(body, Content_Type=kind, X_Api_Key="s3cret")

    (piece,) = keyed.hears().pieces

    assert status == 200
    assert json.loads(piece.content) == fields


@pytest.mark.parametrize("body", [b'{"n": 1}', b"<a b='c'/>", b"HEARTBEAT"])
def test_document_that_is_called_a_form_is_taken_as_it_is(keyed: Hall, body: bytes) -> None:
    keyed.posts(body, Content_Type=FORM, X_Api_Key="s3cret")

    assert [piece.content for piece in keyed.hears().pieces] == [body]


def test_gzip_is_unpacked_with_its_header_and_without(hall: Hall) -> None:
    body = packed(b'{"n": 1}')
    hall.posts(body, Content_Encoding="gzip")
    hall.posts(body)

    assert [piece.content for piece in hall.hears().pieces] == [b'{"n": 1}'] * 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"x" * 1001, "application/json"),
        (packed(bytes(50_000_000)), "application/json"),
        (b"a=" + b"x" * 1001, FORM),
        (b"a=" + b"x" * 600 + b"&b=" + b"x" * 600, FORM),
    ],
)
def test_body_that_is_too_large_is_counted_as_life(keyed: Hall, body: bytes, kind: str) -> None:
    status = keyed.posts(body, Content_Type=kind, X_Api_Key="s3cret")

    assert status == 413
    assert keyed.hears() == Heard(oversized=1)


@pytest.mark.parametrize(
    ("method", "heads", "status", "reason", "words"),
    [
        ("POST", {"X_Api_Key": "wrong"}, 401, "key", "Expected the key in x-api-key"),
        ("POST", {}, 401, "key", "Expected the key in x-api-key"),
        ("DELETE", KEY, 405, "method", "Expected POST or PUT"),
        ("GET", KEY, 405, "probe", ""),
        ("HEAD", {}, 405, "probe", ""),
        (
            "POST",
            KEY | {"Content_Encoding": "br"},
            415,
            "encoding",
            "Expected gzip, or no encoding",
        ),
        ("POST", KEY | {"Content_Encoding": "gzip"}, 400, "message", "Expected gzip"),
        (
            "POST",
            KEY | {"Content_Type": "multipart/form-data; boundary=b"},
            400,
            "message",
            "Expected the boundary that Content-Type names",
        ),
    ],
)
def test_refusal_is_answered_counted_and_told(
    keyed: Hall, method: str, heads: dict[str, str], status: int, reason: str, words: str
) -> None:
    answered = keyed.posts(b"HEARTBEAT", method, **heads)

    heard = keyed.hears()

    assert answered == status
    assert (heard.pieces, heard.refused, heard.refusals) == ((), words, {reason: 1})
    assert keyed.hears() == Heard()


@pytest.mark.parametrize(
    "heads",
    [{"Content_Type": FORM}, {"Origin": "http://evil.example"}, {"Content_Type": "text/plain"}],
)
def test_without_a_key_no_page_of_this_machine_may_post(hall: Hall, heads: dict[str, str]) -> None:
    assert hall.posts(b"a=b", **heads) in (403, 415)
    assert sum(hall.hears().refusals.values()) == 1


def test_flood_between_readings_is_bounded_and_told(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "MAX_BODIES", 3)
    statuses = [hall.posts(b"x") for _ in range(5)]

    heard = hall.hears()

    assert statuses == [200, 200, 200, 503, 503]
    assert len(heard.pieces) == 3
    assert heard.refused == "Expected fewer bodies until the next reading"
    assert heard.refusals == {"full": 2}
    assert hall.posts(b"x") == 200


def test_bytes_between_readings_are_bounded(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "MAX_BYTES", 1000)

    assert [hall.posts(b"x" * 600) for _ in range(3)] == [200, 200, 503]


def test_sender_that_hangs_up_in_the_middle_is_refused(hall: Hall) -> None:
    with socket.create_connection((LOOPBACK, hall.way.port), PATIENCE_S) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nHEA")
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(100):
            pass

    heard = hall.hears()

    assert (heard.pieces, heard.refusals) == ((), {"request": 1})


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"SSH-2.0\r\n\r\n", b"\0" * 70_000, b"POST /\r\n" * 9],
)
def test_garbage_is_refused(hall: Hall, garbage: bytes) -> None:
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection((LOOPBACK, hall.way.port), PATIENCE_S) as sock,
    ):
        sock.sendall(garbage)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(100):
            pass

    heard = hall.hears()

    assert (heard.pieces, sum(heard.refusals.values())) == ((), 1)
    assert heard.refused.isprintable()


def test_slow_sender_keeps_no_reading_and_no_other_sender(hall: Hall) -> None:
    with socket.create_connection((LOOPBACK, hall.way.port), PATIENCE_S) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nHEA")
        status = hall.posts(b"x")
        heard = hall.hears()

    assert status == 200
    assert [piece.content for piece in heard.pieces] == [b"x"]


def test_many_senders_at_once_lose_nothing(hall: Hall) -> None:
    threads = [threading.Thread(target=hall.posts, args=(b"%d" % at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert sorted(piece.content for piece in hall.hears().pieces) == [b"0", b"1", b"2", b"3"]


def test_port_that_is_taken_is_trouble_until_it_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        way = open_way(Settings(address=f"{LOOPBACK}:{port}"), TERMS)
        taken = way.hear(NOW, Deadline(PATIENCE_S))
        nothing = way.port
    free = way.hear(NOW, Deadline(PATIENCE_S))
    now = way.port
    way.close()

    assert taken.trouble == f"127.0.0.1, port {port}: another program listens there already"
    assert taken.is_unreadable
    assert (free, nothing, now) == (Heard(), 0, port)


@pytest.mark.parametrize("field", ["api_key_file", "cert_file"])
def test_file_that_is_gone_is_trouble_on_this_side(tmp_path: Path, field: str) -> None:
    gone: dict[str, Any] = {field: str(tmp_path / "gone")}
    if field == "cert_file":
        gone["key_file"] = gone[field]
    way = open_way(Settings(address=f"{LOOPBACK}:{free_port()}", **gone), TERMS)

    heard = way.hear(NOW, Deadline(PATIENCE_S))
    way.close()

    assert "gone: No such file" in heard.trouble
    assert heard.is_unreadable


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"address": "hall:80"}, "Expected an IP address and a port"),
        ({"address": "0.0.0.0:80"}, "Expected `api_key_file` or `peers` to listen beyond"),
        ({"address": "0.0.0.0:80", "peers": ("127.0.0.1",)}, "no loopback address in"),
        ({"address": "0.0.0.0:80", "peers": ("hall",)}, "got 'hall' in `peers`"),
        ({"address": "127.0.0.1:80", "cert_file": "c"}, "`cert_file` and `key_file` together"),
    ],
)
def test_setting_that_can_not_be_meant_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**settings)


def test_nothing_can_be_sent(hall: Hall) -> None:
    assert hall.way.say(b"x")
