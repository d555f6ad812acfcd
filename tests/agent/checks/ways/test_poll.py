"""A polled page is one piece, whatever its server is like."""

import random
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from agent.checks.reading.times import Deadline
from agent.checks.ways import Heard, Piece, Terms, poll
from agent.checks.ways.poll import Poll, Settings, open_way
from tests.agent.checks import peers
from tests.agent.checks.authority import Authority, tls_peer
from tests.agent.checks.ways.hall import LOOPBACK, NOW, PATIENCE_S, packed

OK = b"HTTP/1.1 200 OK\r\n"
BOMB = packed(b"\0" * 50_000_000)
NOISE = packed(random.Random(0).randbytes(1200))  # larger packed than it may be unpacked


def made(port: int, *, scheme: str = "http", **more: Any) -> Poll:
    settings = Settings(url=f"{scheme}://{LOOPBACK}:{port}/live.json", **more)
    return open_way(settings, Terms(1000, 60.0))


def hear(way: Poll, timeout_s: float = PATIENCE_S) -> Heard:
    return way.hear(NOW, Deadline(timeout_s))


def body(content: bytes, *heads: bytes) -> bytes:
    head = b"".join(each + b"\r\n" for each in heads)
    return OK + head + b"Content-Length: %d\r\n\r\n" % len(content) + content


def answers(*texts: bytes, asked: list[bytes]) -> peers.Script:
    """Answer each connection with the next text, the last one for ever."""

    def script(conn: socket.socket, _over: threading.Event) -> None:
        conn.sendall(texts[min(len(asked), len(texts) - 1)])
        asked.append(conn.recv(65_536))
        conn.shutdown(socket.SHUT_WR)

    return script


def heard_of(*texts: bytes) -> tuple[list[Heard], list[bytes]]:
    """Return what was heard of a server that answers so, and how it was asked."""
    asked: list[bytes] = []
    with peers.tcp_peer(answers(*texts, asked=asked)) as port:
        way = made(port)
        return [hear(way) for _ in texts], asked


def test_body_is_one_whole_piece() -> None:
    heard, asked = heard_of(body(b'{"n": 1}'))

    assert heard == [Heard((Piece(b'{"n": 1}', is_whole=True),))]
    assert asked[0].startswith(b"GET /live.json HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "status 404"),
        (b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (b"HTTP/1.1 304 Same\r\n\r\n", "status 304"),
        (b"HTTP/1.1 302 Away\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (b"", "the server hung up without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "this is no HTTP: "),
        (body(b"12345")[:-1], "the body ends too early"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", "the body is malformed"),
    ],
)
def test_answer_without_a_page_is_trouble(answer: bytes, trouble: str) -> None:
    (heard,), _ = heard_of(answer)

    assert heard.pieces == ()
    assert heard.trouble.startswith(trouble)


@pytest.mark.parametrize(
    ("content", "piece"),
    [
        (packed(b"HOME 3"), b"HOME 3"),
        (packed(b"HOME 3" * 99)[:-8], b"HOME 3" * 99),
        (b"\x1f\x8bno gzip", b"\x1f\x8bno gzip"),
        (b"", b""),
        (b"x" * 1000, b"x" * 1000),
    ],
)
def test_packed_and_broken_bodies_are_life(content: bytes, piece: bytes) -> None:
    (heard,), _ = heard_of(body(content))

    assert [each.content for each in heard.pieces] == [piece]
    assert heard.trouble == ""


@pytest.mark.parametrize("content", [b"x" * 1001, b"x" * 50_000, BOMB, BOMB[:-8], NOISE])
def test_body_that_is_too_large_is_dropped_and_counted(content: bytes) -> None:
    (heard,), _ = heard_of(body(content))

    assert heard == Heard(oversized=1)


def test_unchanged_content_is_the_piece_of_before_again() -> None:
    not_modified = b'HTTP/1.1 304 Not Modified\r\nETag: "7"\r\n\r\n'

    heard, asked = heard_of(body(b"HOME 3", b'ETag: "7"'), not_modified, body(b"HOME 4"), body(b""))

    assert [each.pieces[0].content for each in heard] == [b"HOME 3", b"HOME 3", b"HOME 4", b""]
    assert [b'If-None-Match: "7"\r\n' in each for each in asked] == [False, True, True, False]


def test_large_content_is_not_kept_but_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "KEPT_BYTES", 5)

    _, asked = heard_of(body(b"HOME 3", b'ETag: "7"'), body(b"HOME 3"))

    assert b"If-None-Match" not in asked[1]


@pytest.mark.parametrize(
    "etag",
    [b'"7"\r\n X-Admin: yes', b'"\xe7"', b'"\x07"', b'"' + b"x" * 300 + b'"', b""],
)
def test_name_of_content_that_would_break_a_head_is_not_sent_back(etag: bytes) -> None:
    heard, asked = heard_of(body(b"HOME 3", b"ETag: " + etag), body(b"HOME 3"))

    assert [each.trouble for each in heard] == ["", ""]
    assert b"If-None-Match" not in asked[1]
    assert b"X-Admin" not in asked[1]


def test_headers_are_sent_and_secrets_read_each_time(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("Bearer one\n")
    asked: list[bytes] = []
    with peers.tcp_peer(answers(body(b"1"), asked=asked)) as port:
        way = made(
            port, fields={"accept-encoding": "br"}, field_files={"Authorization": str(secret)}
        )
        hear(way)
        secret.write_text("Bearer two\n")
        hear(way)
        secret.write_text("Bearer\x07\n")
        bad = hear(way)
        secret.unlink()
        gone = hear(way)

    assert b"Authorization: Bearer one\r\n" in asked[0]
    assert b"Authorization: Bearer two\r\n" in asked[1]
    assert asked[0].lower().count(b"accept-encoding") == 1
    assert (bad.is_unreadable, gone.is_unreadable) == (True, True)
    assert bad.trouble.endswith("Expected printable ASCII")
    assert str(secret) in gone.trouble
    assert len(asked) == 2


def test_redirects_are_followed_up_to_their_limit_without_secrets_elsewhere() -> None:
    away = b"HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:%d/b\r\nContent-Length: 0\r\n\r\n"
    asked: list[bytes] = []
    with (
        peers.tcp_peer(answers(body(b"there"), asked=asked)) as target,
        peers.tcp_peer(peers.say(away % target)) as port,
    ):
        heard = hear(made(port, fields={"X-Key": "s3cret"}))
        refused = hear(made(port, max_redirects=0))

    assert heard.pieces[0].content == b"there"
    assert b"s3cret" not in asked[0]
    assert refused.trouble == "status 302"


def test_redirect_in_a_circle_is_trouble() -> None:
    circle = b"HTTP/1.1 302 Away\r\nLocation: /live.json\r\nContent-Length: 0\r\n\r\n"

    (heard,), asked = heard_of(circle)

    assert heard.trouble == "more than 5 redirects"
    assert len(asked) == 6


def _endless_head() -> peers.Script:
    return peers.pour(OK, b"X-Padding: " + b"x" * 60_000 + b"\r\n")


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (peers.say_nothing, "no answer in time"),
        (peers.drip(OK + b"Content-Length: 9\r\n\r\n...."), "no answer in time"),
        (peers.hang_up, ""),
        (_endless_head(), ""),
        (peers.pour(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 70_000), ""),
    ],
)
def test_rude_server_is_trouble_within_the_deadline(script: peers.Script, trouble: str) -> None:
    with peers.tcp_peer(script) as port:
        heard = hear(made(port), timeout_s=0.3)

    assert heard.pieces == ()
    assert heard.trouble
    assert trouble in heard.trouble


@pytest.mark.parametrize(
    "head",
    [b"", b"Transfer-Encoding: chunked\r\n"],
)
def test_endless_body_is_dropped_and_counted(head: bytes) -> None:
    piece = b"1000\r\n" + b"x" * 0x1000 + b"\r\n" if head else b"x" * 0x1000
    with peers.tcp_peer(peers.pour(OK + head + b"\r\n", piece)) as port:
        heard = hear(made(port))

    assert heard == Heard(oversized=1)


def test_server_that_is_gone_is_trouble_and_asked_again() -> None:
    port = peers.refused_port()
    way = made(port)

    assert hear(way).trouble == "nothing listens there"
    assert hear(way).trouble == "nothing listens there"
    assert way.say(b"hello") != ""
    way.close()


def test_tls_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with tls_peer(authority.context(LOOPBACK), peers.say(body(b"over TLS"))) as port:
        trusted = hear(made(port, scheme="https", ca_file=authority.file))
        untrusted = hear(made(port, scheme="https"))

    assert trusted.pieces[0].content == b"over TLS"
    assert untrusted.trouble.startswith("the certificate is not trusted")


@pytest.mark.parametrize("url", ["ftp://hall/", "http://", "http://user:word@hall/", "hall"])
def test_address_that_can_not_be_asked_for_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        Settings(url=url)
