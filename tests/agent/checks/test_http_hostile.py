"""Web servers that are slow, endless, rude, or no web servers at all."""

from typing import Any

import pytest

from agent.checks import Reading
from agent.checks.net.http_body import Expectation, judge
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import (
    LOOPBACK,
    PATIENCE_S,
    Script,
    drip,
    hang_up,
    pour,
    read,
    say,
    say_nothing,
    tcp_peer,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def of_peer(script: Script, **config: Any) -> Reading:
    with tcp_peer(script) as port:
        return read("http", url=f"http://{LOOPBACK}:{port}/", **config)


@pytest.mark.parametrize(
    "script",
    [
        say_nothing,
        drip(OK + b"X: " + b"y" * 9000),
        drip(OK + b"\r\n" + b"z" * 9000),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    ],
)
def test_a_server_that_never_comes_to_an_end_is_given_up_in_time(script: Script) -> None:
    reading = of_peer(script, timeout_s=0.5)

    assert reading[:2] == ("critical", "no answer in time")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (hang_up, "the connection was closed by the other side"),
        (say(b""), "the server hung up without an answer"),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), "this is no HTTP: BadStatusLine("),
        (say(b"\0" * 9999), "this is no HTTP: BadStatusLine("),
        (say(b"HTTP/1.1 abc\r\n\r\n"), "this is no HTTP: "),
        (say(OK + b"Content-Length: 9\r\n\r\nshort"), "the body ends too early"),
        (say(CHUNKED + b"9\r\nshort"), "the body ends too early"),
        (say(CHUNKED + b"xyz\r\n"), "the body ends too early"),
        (say(CHUNKED + b"-5\r\nhello"), "the body is malformed"),
        (pour(b"", b"x" * 9999), "this is no HTTP: "),
        (pour(OK, b"X: y\r\n" * 999), "this is no HTTP: HTTPException("),
        (pour(b"", b"HTTP/1.1 100 Go on\r\n\r\n" * 999), "more padding than content"),
        (pour(CHUNKED, b"1;" + b"x" * 999 + b"\r\ny\r\n"), "more padding than content"),
        (pour(CHUNKED + b"-1\r\n", b"y" * 9999), "more padding than content"),
    ],
)
def test_a_server_that_speaks_no_proper_http_is_critical(script: Script, words: str) -> None:
    reading = of_peer(script, max_body_bytes=10_000)

    assert reading.state == "critical"
    assert words in reading.detail


def test_an_endless_body_is_read_up_to_its_limit() -> None:
    script = pour(OK + b"\r\nbegin", b"z" * 65_536)

    reading = of_peer(script, contains="begin")
    lacking = of_peer(script, contains="end", max_body_bytes=1000)
    too_long = of_peer(script, json_path="a", max_body_bytes=1000)

    assert (reading.state, reading.values.check_body_bytes) == ("ok", 1_048_576)
    assert "the body lacks 'end' in its first 1000 bytes" in lacking.detail
    assert "the body is over 1000 bytes, too long to read as JSON" in too_long.detail


@pytest.mark.parametrize("body", [b"[" * 500_000, b'"\xff"', b"", b"{", b"1 2", b"[1e999]"])
def test_hostile_json_is_no_json(body: bytes) -> None:
    finding = judge(body, Expectation(json_path="a"), Deadline(PATIENCE_S), is_whole=True)

    assert finding.state == "critical"
