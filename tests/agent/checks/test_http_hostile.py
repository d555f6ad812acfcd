"""Web servers that are slow, endless, rude, or no web servers at all."""

from typing import Any

import pytest

from agent.checks import Reading
from tests.agent.checks import peers

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def of_peer(script: peers.Script, **config: Any) -> Reading:
    with peers.tcp_peer(script) as port:
        return peers.read("http", url=f"http://{peers.LOOPBACK}:{port}/", **config)


@pytest.mark.parametrize(
    "script",
    [
        peers.say_nothing,
        peers.drip(OK + b"X: " + b"y" * 9000),
        peers.drip(OK + b"\r\n" + b"z" * 9000),
        peers.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    ],
)
def test_a_server_that_never_comes_to_an_end_is_given_up_in_time(script: peers.Script) -> None:
    reading = of_peer(script, timeout_s=0.5)

    assert reading[:2] == ("critical", "no answer in time")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (peers.hang_up, "the connection was closed by the other side"),
        (peers.say(b""), "the server hung up without an answer"),
        (peers.say(b"SSH-2.0-OpenSSH_9.2\r\n"), "this is no HTTP: BadStatusLine("),
        (peers.say(b"\0" * 9999), "this is no HTTP: BadStatusLine("),
        (peers.say(b"HTTP/1.1 abc\r\n\r\n"), "this is no HTTP: "),
        (peers.say(OK + b"Content-Length: 9\r\n\r\nshort"), "the body ends too early"),
        (peers.say(CHUNKED + b"9\r\nshort"), "the body ends too early"),
        (peers.say(CHUNKED + b"xyz\r\n"), "the body ends too early"),
        (peers.say(CHUNKED + b"-5\r\nhello"), "the body is malformed"),
        (peers.pour(b"", b"x" * 9999), "this is no HTTP: "),
        (peers.pour(OK, b"X: y\r\n" * 999), "this is no HTTP: HTTPException("),
        (peers.pour(b"", b"HTTP/1.1 100 Go on\r\n\r\n" * 999), "more padding than content"),
        (peers.pour(CHUNKED, b"1;" + b"x" * 999 + b"\r\ny\r\n"), "more padding than content"),
        (peers.pour(CHUNKED + b"-1\r\n", b"y" * 9999), "more padding than content"),
    ],
)
def test_a_server_that_speaks_no_proper_http_is_critical(script: peers.Script, words: str) -> None:
    reading = of_peer(script, max_body_bytes=10_000)

    assert reading.state == "critical"
    assert words in reading.detail


def test_an_endless_body_is_read_up_to_its_limit() -> None:
    script = peers.pour(OK + b"\r\nbegin", b"z" * 65_536)

    reading = of_peer(script, contains="begin")
    lacking = of_peer(script, contains="end", max_body_bytes=1000)
    too_long = of_peer(script, json_path="a", max_body_bytes=1000)

    assert (reading.state, reading.values.check_body_bytes) == ("ok", 1_048_576)
    assert "the body lacks 'end' in its first 1000 bytes" in lacking.detail
    assert "the body is over 1000 bytes, too long to read as JSON" in too_long.detail


@pytest.mark.parametrize("body", [b"[" * 500_000, b'"\xff"', b"", b"{", b"1 2", b"[1e999]"])
def test_hostile_json_is_no_json(body: bytes) -> None:
    reading = of_peer(peers.say(OK + b"\r\n" + body), json_path="a")

    assert reading.state == "critical"
    assert reading.detail.startswith("the body ")
