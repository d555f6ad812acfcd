"""Messages of a websocket come in whole, and no server keeps a reading from its end."""

import contextlib
import queue
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    TextMessage,
)

from agent.checks.reading.times import Deadline, Now
from agent.checks.ways import Heard, Terms, websocket
from agent.checks.ways.websocket import Settings, WebsocketWay, open_way
from tests.agent.checks import peers
from tests.agent.checks.authority import Authority, tls_peer
from tests.agent.checks.ways.hall import LOOPBACK, NOW, PATIENCE_S, until
from tests.agent.checks.ways.speaker import Plan, Speaker, speaking
from venuewatch.base import clock

TERMS = Terms(1000, 60.0)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n"


@contextlib.contextmanager
def opened(port: int, *, scheme: str = "ws", **more: Any) -> Iterator[WebsocketWay]:
    settings = Settings(url=f"{scheme}://{LOOPBACK}:{port}/live?a=b", **more)
    with contextlib.closing(open_way(settings, TERMS)) as way:
        yield way


def hear(way: WebsocketWay, timeout_s: float = PATIENCE_S, later_s: float = 0.0) -> Heard:
    now = Now(NOW.monotonic_s + later_s, NOW.wall_s + later_s)
    return way.hear(now, Deadline(timeout_s))


def contents(heard: list[Heard]) -> list[bytes]:
    return [piece.content for each in heard for piece in each.pieces]


def has(content: bytes) -> Any:
    return lambda heard: content in [piece.content for piece in heard.pieces]


def talking(*events: Event) -> Plan:
    """Open the websocket, say these, and rest."""

    def plan(speaker: Speaker) -> None:
        speaker.opens()
        speaker.says(*events)
        speaker.rests()

    return plan


def raw(*frames: bytes) -> Plan:
    def plan(speaker: Speaker) -> None:
        speaker.opens()
        speaker.conn.sendall(b"".join(frames))
        speaker.rests()

    return plan


def test_text_and_bytes_are_whole_pieces_also_with_the_first_segment() -> None:
    def plan(speaker: Speaker) -> None:
        speaker.opens(TextMessage("HOME 3"), BytesMessage(b"\x00\xff"))
        speaker.says(TextMessage("Zürich"), BytesMessage(b"last"))
        speaker.rests()

    with speaking(plan) as port, opened(port) as way:
        heard = until(way, has(b"last"))

    assert contents(heard) == [b"HOME 3", b"\x00\xff", "Zürich".encode(), b"last"]
    assert all(piece.is_whole for each in heard for piece in each.pieces)
    assert [each.begun for each in heard if each.begun] == [("1",)]


def test_fragments_with_a_ping_between_are_one_message() -> None:
    asked: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def plan(speaker: Speaker) -> None:
        speaker.opens()
        speaker.says(TextMessage("HO", message_finished=False), Ping(b"p"))
        asked.put(speaker.hears())
        speaker.says(TextMessage("ME", message_finished=False), TextMessage(" 3"))
        speaker.rests()

    with speaking(plan) as port, opened(port) as way:
        heard = until(way, has(b"HOME 3"))

    assert contents(heard) == [b"HOME 3"]
    assert asked.get(timeout=PATIENCE_S) == Pong(b"p")


def test_request_has_subprotocols_fields_secrets_and_origin(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def plan(speaker: Speaker) -> None:
        speaker.opens(subprotocol="v1.json")
        asked.put(speaker.asked)
        speaker.rests()

    files = {"Authorization": str(secret)}
    with (
        speaking(plan) as port,
        opened(port, subprotocols=("v1.json",), fields={"X-A": "b"}, field_files=files) as way,
    ):
        assert hear(way).trouble == ""
        request = asked.get(timeout=PATIENCE_S)

    assert request.target == "/live?a=b"
    assert request.subprotocols == ["v1.json"]
    extra = dict(request.extra_headers)
    assert extra[b"authorization"] == b"s3cret"
    assert extra[b"x-a"] == b"b"
    assert extra[b"origin"] == f"http://{LOOPBACK}:{port}".encode()


def test_secret_that_is_gone_is_trouble_on_this_side(tmp_path: Path) -> None:
    with opened(1, field_files={"Authorization": str(tmp_path / "gone")}) as way:
        heard = hear(way)

    assert "gone" in heard.trouble
    assert heard.is_unreadable


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "it opens no websocket: it answers 403"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "it opens no websocket: it answers 301"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "it answers 200"),
        (SWITCHING + b"\r\n", "it is no websocket: "),
        (SWITCHING + b"Connection: \xe7\r\n\r\n", "expected an answer in ASCII"),
        (SWITCHING + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "no websocket"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "it is no websocket"),
        (b"\x00" * 70_000, "it is no websocket"),
        (b"HTTP/1.1 101 \x1b[31m\r\n\r\n", "it is no websocket"),
        (b"", "the server hung up"),
    ],
)
def test_server_that_opens_none_is_trouble(answer: bytes, trouble: str) -> None:
    with peers.tcp_peer(peers.say(answer)) as port, opened(port) as way:
        heard = hear(way)

    assert trouble in heard.trouble
    assert heard.trouble.isprintable()
    assert (heard.pieces, heard.begun, heard.is_unreadable) == ((), (), False)


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (peers.say_nothing, "no answer in time"),
        (peers.drip(SWITCHING + b"X-A: bbbbbbbbbb"), "no answer in time"),
        (peers.pour(SWITCHING, b"X-A: " + b"b" * 60_000 + b"\r\n"), "it is no websocket"),
        (peers.hang_up, "other side"),
    ],
)
def test_rude_server_is_trouble_within_the_deadline(script: peers.Script, trouble: str) -> None:
    with peers.tcp_peer(script) as port, opened(port) as way:
        timeout_s = 0.3 if trouble == "no answer in time" else PATIENCE_S
        assert trouble in hear(way, timeout_s).trouble


def test_server_that_closes_is_told_with_its_reason_and_connected_to_again() -> None:
    def leaving(speaker: Speaker) -> None:
        speaker.opens()
        speaker.says(TextMessage("HOME 3"), CloseConnection(1011, "keepalive\x07 timeout"))
        speaker.hears()

    with speaking(leaving) as port, opened(port) as way:
        heard = until(way, lambda heard: heard.trouble != "")
        again = until(way, lambda heard: heard.pieces != ())

    assert b"HOME 3" in contents(heard)
    assert "the server closed the websocket: code 1011, keepalive timeout" in heard[-1].trouble
    assert contents(again)[0] == b"HOME 3"


def test_kept_connection_that_ended_is_made_anew_within_the_same_hearing() -> None:
    def leaving(speaker: Speaker) -> None:
        speaker.opens()
        speaker.says(TextMessage("HOME 3"))
        speaker.hears()
        speaker.says(CloseConnection(1001))

    with speaking(leaving, talking(TextMessage("HOME 4"))) as port, opened(port) as way:
        until(way, has(b"HOME 3"))
        way.say(b"go on")
        heard = until(way, has(b"HOME 4"))

    assert [each.trouble for each in heard] == [""] * len(heard)
    assert [(each.ended, each.begun) for each in heard if each.begun] == [(("1",), ("2",))]


@pytest.mark.parametrize(
    "frame",
    [
        b"\xc1\x7f" + (8).to_bytes(8, "big") + b"12345678",  # compressed, and none was agreed
        b"\xc1" + bytes([100]) + zlib.compress(b"\0" * 100_000)[:100],
        b"\x81\x02\xff\xfe",  # no UTF-8
        b"\x83\x01a",  # no such opcode
        b"\x81\x81\x00\x00\x00\x00a",  # masked, as only a client may
        b"\x80\x01a",  # goes on with what did not begin
        b"\x89\x7e\x00\xff" + b"a" * 255,  # a ping that is too long
        b"\x09\x01a",  # a ping in fragments
        b"\x81\x7f" + b"\xff" * 8,
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_frame_against_the_rules_ends_the_websocket(frame: bytes) -> None:
    with speaking(raw(b"\x81\x01a", frame)) as port, opened(port) as way:
        heard = until(way, lambda heard: heard.trouble != "")

    assert heard[-1].trouble.startswith("it is no websocket: ")
    assert contents(heard)[0] == b"a"


def test_message_that_is_too_large_is_dropped_and_counted() -> None:
    plan = talking(
        TextMessage("x" * 1001),
        BytesMessage(b"x" * 600, message_finished=False),
        BytesMessage(b"x" * 600),
        TextMessage("x" * 1000),
    )
    with speaking(plan) as port, opened(port) as way:
        heard = until(way, lambda heard: heard.pieces != ())

    assert contents(heard) == [b"x" * 1000]
    assert sum(each.oversized for each in heard) == 2


def test_flood_ends_the_hearing_and_is_told_as_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_MESSAGES", 50)

    def flooding(speaker: Speaker) -> None:
        speaker.opens()
        while not speaker.over.is_set():
            speaker.says(*[TextMessage("x")] * 1000)

    with speaking(flooding) as port, opened(port) as way:
        heard = until(way, lambda heard: heard.unread > 0)
        late = hear(way, timeout_s=-1.0)
        on = until(way, lambda heard: heard.unread > 0)[-1]

    assert heard[-1].unread == on.unread == late.unread == 1
    assert on.pieces
    assert (late.pieces, late.trouble) == ((), "")


def test_flood_of_pings_ends_the_hearing() -> None:
    def flooding(speaker: Speaker) -> None:
        speaker.opens()
        while not speaker.over.is_set():
            speaker.says(*[Ping(b"x" * 100)] * 1000)

    with speaking(flooding) as port, opened(port) as way:
        hear(way)
        heard = hear(way, timeout_s=0.3)

    assert heard.pieces == ()


def test_silent_server_is_pinged_and_kept_for_its_pong() -> None:
    pinged: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def plan(speaker: Speaker) -> None:
        speaker.opens()
        ping = speaker.hears()
        pinged.put(ping)
        assert isinstance(ping, Ping)
        speaker.says(ping.response())
        speaker.rests()

    with speaking(plan) as port, opened(port) as way:
        hear(way)
        hear(way, later_s=50.0)
        asked = pinged.get(timeout=PATIENCE_S)
        _until_taken(way, 50.0)
        kept = hear(way, later_s=100.0)

    assert asked == Ping(b"")
    assert kept == Heard()


def _until_taken(way: WebsocketWay, later_s: float) -> None:
    """Hear until the pong has been taken: then a hearing at the same moment pings no more."""
    link = way._link  # noqa: SLF001 - no seam tells of a pong
    assert link is not None
    end_s = clock.monotonic() + PATIENCE_S
    while clock.monotonic() < end_s:
        hear(way, later_s=later_s)
        if link._heard_s == NOW.monotonic_s + later_s:  # noqa: SLF001
            return
    raise AssertionError("no pong")


def test_server_without_a_pong_is_connected_to_anew() -> None:
    with speaking(talking(), talking(TextMessage("HOME 4"))) as port, opened(port) as way:
        hear(way)
        hear(way, later_s=50.0)
        heard = hear(way, later_s=61.0)
        messages = contents([heard, *until(way, lambda _: True)])

    assert (heard.ended, heard.begun, heard.trouble) == (("1",), ("2",), "")
    assert messages in ([b"HOME 4"], [])


def test_words_are_sent_as_text_and_other_bytes_as_bytes() -> None:
    said: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def plan(speaker: Speaker) -> None:
        speaker.opens()
        said.put(speaker.hears())
        said.put(speaker.hears())
        speaker.rests()

    with speaking(plan) as port, opened(port) as way:
        begun = hear(way).begun
        answers = [way.say(b'{"type":"join"}', begun[0]), way.say(b"\xff\x00")]
        heard = [said.get(timeout=PATIENCE_S) for _ in range(2)]
        elsewhere = way.say(b"x", "7")

    assert answers == ["", ""]
    assert heard == [TextMessage('{"type":"join"}'), BytesMessage(bytearray(b"\xff\x00"))]
    assert elsewhere == way.say(b"x") == "it is not connected"


def test_server_that_does_not_read_is_told_and_left() -> None:
    def deaf(speaker: Speaker) -> None:
        speaker.opens()
        speaker.over.wait(PATIENCE_S)

    with speaking(deaf) as port, opened(port) as way:
        hear(way)
        said = [way.say(b"x" * 1_000_000) for _ in range(20)]

    assert said[0] == ""
    assert "no answer in time" in said
    assert said[-1] == "it is not connected"


def test_gone_server_is_trouble_and_asked_again() -> None:
    with opened(peers.refused_port()) as way:
        assert hear(way).trouble == hear(way).trouble == "nothing listens there"


def test_tls_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    def serve(conn: Any, over: Any) -> None:
        speaker = Speaker(conn, over)
        speaker.opens(TextMessage("over"))
        speaker.says(*[TextMessage("x" * 900)] * 100, TextMessage("TLS"))
        speaker.rests()

    with tls_peer(authority.context(LOOPBACK), serve) as port:
        with opened(port, scheme="wss") as way:
            untrusted = hear(way)
        with opened(port, scheme="wss", ca_file=authority.file) as way:
            heard = until(way, has(b"TLS"))

    assert untrusted.trouble.startswith("the certificate is not trusted")
    assert len(contents(heard)) == 102


@pytest.mark.parametrize("url", ["http://hall/", "ws://", "ws://user:word@hall/", "hall", "WS://a"])
def test_address_that_can_not_be_asked_for_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        Settings(url=url)
