"""Pushes as documents and senders have them, and senders that are refused."""

import gzip
import re

import pytest

from agent.checks.feed import Check, Config
from agent.checks.results_feed.door import HttpError
from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.messages import read
from agent.checks.results_feed.refusals import OF_PUSHES
from bench.kit.processes import free_port
from tests.agent.checks.feed.door import BODY, KEY, Hall
from tests.agent.checks.feed.hall import Hall as Feed
from tests.agent.checks.feed.hall import untimed

PACKED = gzip.compress(BODY, mtime=0)
DOCUMENTED = (
    b"POST /path/ODFClient HTTP/1.1\r\nConnection: %s\r\n"
    b"Content-type: application/xml; charset=UTF-8\r\nAccept-Encoding: gzip\r\n"
    b"Content-Encoding: gzip\r\nX-API-KEY: " + KEY + b"\r\nContent-Length: %d\r\n"
    b"Host: 172.19.190.255:80\r\nUser-Agent: Apache-HttpClient/4.5.13 (Java/11.0.16.1)\r\n"
    b"Accept-Encoding: gzip,deflate\r\n\r\n"
)
"""The head of the sample in the foundation document (R-SOG-2024 FND, 8.2.2), line by line."""

LENGTH = b"Host: a\r\nConnection: close\r\nContent-Length: %d\r\n" % len(BODY)


def test_push_as_the_foundation_document_prints_it_is_accepted(guarded: Hall, hall: Hall) -> None:
    raw = DOCUMENTED % (b"Keep-Alive", len(PACKED)) + PACKED
    last = DOCUMENTED % (b"close", len(PACKED)) + PACKED

    answers = [each.says(raw + raw + last) for each in (guarded, hall)]

    assert [answer.count(b"HTTP/1.1 200 OK\r\n") for answer in answers] == [3, 3]
    assert [each.types() for each in (guarded, hall)] == [["Message"] * 3] * 2


@pytest.mark.parametrize(
    "raw",
    [
        b"POST / HTTP/1.1\r\n" + LENGTH + 2 * b"X-Forwarded-For: 192.0.2.1\r\n" + b"\r\n" + BODY,
        b"PUT / HTTP/1.1\r\n" + LENGTH + 3 * b"Accept: */*\r\nVia: 1.1 a\r\n" + b"\r\n" + BODY,
        b"POST / HTTP/1.1\r\n" + LENGTH + 2 * b"Cookie: a=b\r\n" + b"\r\n" + BODY,
    ],
)
def test_push_whose_lists_repeat_is_accepted(hall: Hall, raw: bytes) -> None:
    answer = hall.says(raw)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert hall.types() == ["Message"]


def test_list_of_content_types_hides_no_page(hall: Hall) -> None:
    types = b"Content-Type: application/xml\r\nContent-Type: text/plain\r\n"

    answer = hall.says(b"POST / HTTP/1.1\r\n" + LENGTH + types + b"\r\n" + BODY)

    assert answer.startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "x-gzip"])
def test_gzip_is_known_by_its_first_bytes(hall: Hall, encoding: str) -> None:
    status = hall.push(PACKED, encoding)

    assert (status, hall.types()) == (200, ["Message"])


@pytest.mark.parametrize("pieces", [[PACKED[:1], PACKED[1:]], [bytes([each]) for each in PACKED]])
def test_gzip_in_pieces_is_known_by_its_first_bytes(hall: Hall, pieces: list[bytes]) -> None:
    assert hall.push(iter(pieces)) == 200


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        *((each, "probe") for each in (b"GET", b"HEAD", b"OPTIONS")),
        *((each, "method") for each in (b"DELETE", b"PATCH", b"TRACE")),
    ],
)
def test_other_method_is_told_which_are_allowed(hall: Hall, method: bytes, reason: str) -> None:
    answer = hall.says(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 405 ")
    assert re.search(rb"(?i)\r\nallow: POST, PUT\r\n", answer)
    assert hall.reasons() == [reason]


def test_probe_is_counted_and_changes_no_state() -> None:
    feed = Feed()
    feed.plays("0 LOCAL_OFF; 1 not_expected")
    before = feed.at(10.0)
    for at_s in range(10, 210, 10):
        feed.feed.refuse(HttpError(405, "probe", "Expected POST or PUT"), feed.now(at_s))

    after = feed.at(210.0)

    assert (after.state, untimed(after.detail)) == (before.state, untimed(before.detail))
    assert feed.feed.refusals.by_reason["probe"] == 20
    assert after.values.results_parse_errors_total == 0


def test_message_of_ten_megabytes_is_taken_by_default() -> None:
    limit = Config(name="results", zone="UTC", folder="a").max_message_bytes

    content = b'<Body DocumentType="DT_RESULT">' + b" " * 9_999_900 + b"</Body>"

    assert read(content, limit).type == "DT_RESULT"


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 1\r\n\r\na",
        b"hello\r\n\r\n",
    ],
)
def test_sender_that_is_refused_before_its_body_is_not_overheard(hall: Hall, head: bytes) -> None:
    hall.says(head)

    assert len(hall.heard) == 1
    assert isinstance(hall.heard[0], FeedError)


@pytest.mark.parametrize(
    "error", [FeedError("Expected a body"), HttpError(401, "key", "Expected the key")]
)
def test_refused_sender_is_not_what_is_not_expected(error: FeedError) -> None:
    feed = Feed()
    feed.plays("0 LOCAL_OFF; 1 not_expected")
    for at_s in range(10, 110, 10):
        feed.feed.refuse(error, feed.now(at_s))

    assert feed.at(100.0).state == "unknown"
    assert feed.at(110.0).state == "critical"
    assert feed.at(110.0).detail.endswith(f"refused: {error}")


def test_state_of_the_check_tells_who_knocks() -> None:
    port = free_port()
    check = Check(Config(name="results", zone="UTC", listen_port=port), lambda _name: None)
    try:
        before = check.read()
        hall = Hall.__new__(Hall)
        hall.receiver = check._receiver  # noqa: SLF001
        hall.says(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        hall.says(b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n")
        hall.push(headers={"Origin": "null"})
        hall.push(b"<html/>")
        after = check.read()
        later = check.read()
    finally:
        check.close()

    assert untimed(before.detail) == "nothing heard yet"
    assert set(before.values.results_refused_total or ()) == {(each, 0) for each in OF_PUSHES}
    assert after.state == "unknown"
    assert "refused: Expected a DocumentType" in after.detail
    assert "turned away since the last reading: browser 1, message 1, method 1" in after.detail
    assert "turned away" not in later.detail
    counts = dict(after.values.results_refused_total or ())
    assert [counts[each] for each in ("method", "browser", "message", "probe")] == [1, 1, 1, 1]
    assert sum(counts.values()) == 4
    assert after.values.results_parse_errors_total == 2
    assert after.values.results_unauthorized_total == 1
