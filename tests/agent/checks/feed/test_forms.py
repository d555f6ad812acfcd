"""Pushes in forms, and who may send them."""

import gzip
from urllib.parse import urlencode

import pytest

from agent.checks.feed import Config
from agent.checks.net.peers import Peers
from agent.checks.results_feed.door import Door
from agent.checks.results_feed.header import FeedError, Message
from tests.agent.checks.feed.door import BODY, KEY, MAX_BYTES, Hall, served

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
LISTED = Door("", 0, MAX_BYTES, peers=Peers(["10.1.0.0/24", "fd00::7"]))


def multipart(*contents: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="a.xml"\r\n\r\n'
    return b"".join(b"--x\r\n" + head + each + b"\r\n" for each in contents) + b"--x--\r\n"


BODIES = {
    FORM: urlencode({"type": "DT_KA", "odf": BODY, "n": "1"}).encode(),
    MULTIPART: multipart(b"DT_KA", BODY, b""),
    f"{FORM}; charset=utf-8": BODY,
    "multipart/mixed; boundary=x": multipart(gzip.compress(BODY)),
}


@pytest.mark.parametrize("kind", BODIES)
def test_message_in_a_form_is_heard_with_the_key(guarded: Hall, kind: str) -> None:
    headers = {"X-Api-Key": KEY.decode(), "Content-Type": kind}

    assert guarded.push(BODIES[kind], headers=headers) == 200
    assert guarded.push(gzip.compress(BODIES[kind]), "gzip", headers) == 200
    assert guarded.types() == ["Message", "Message"]


def request(kind: str, body: bytes, more: bytes = b"") -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n" % kind.encode()
    return head + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


ELSEWHERE = ("10.1.0.7", "10.1.0.20")
IPV6 = ("fd00::7%eth0", "fd00::8")
MAPPED = ("::ffff:10.1.0.7", "::ffff:10.1.0.20")
THIS_MACHINE = ("10.1.0.20", "10.1.0.20")
MIXED = ("::ffff:10.1.0.20", "10.1.0.20")
NOT_LISTED = ("10.1.1.7", "10.1.0.20")
LOOPBACK = ("127.0.0.1", "127.0.0.1")

ADMISSIONS: list[tuple[tuple[str, str], str, bytes, str]] = [
    (ELSEWHERE, FORM, b"", ""),
    (ELSEWHERE, MULTIPART, b"", ""),
    (IPV6, MULTIPART, b"", ""),
    (MAPPED, FORM, b"", ""),
    (ELSEWHERE, "application/xml", b"", ""),
    (ELSEWHERE, "text/plain", b"", "content_type"),
    (ELSEWHERE, FORM, b"Origin: http://evil.example\r\n", "browser"),
    (ELSEWHERE, "application/xml", b"Origin: null\r\n", "browser"),
    (ELSEWHERE, MULTIPART, b"Sec-Fetch-Site: cross-site\r\n", "browser"),
    (ELSEWHERE, MULTIPART, b"X-Api-Key: guessed\r\nOrigin: null\r\n", "browser"),
    (THIS_MACHINE, FORM, b"", "content_type"),
    (MIXED, MULTIPART, b"", "content_type"),
    (THIS_MACHINE, "application/xml", b"", ""),
    (NOT_LISTED, FORM, b"", "peer"),
    (NOT_LISTED, "application/xml", b"X-Forwarded-For: 10.1.0.7\r\n", "peer"),
    (LOOPBACK, FORM, b"", "peer"),
    (("", ""), FORM, b"", "peer"),
]


@pytest.mark.parametrize(("ends", "kind", "more", "reason"), ADMISSIONS)
def test_without_a_key_forms_are_of_allowed_peers_elsewhere_alone(
    ends: tuple[str, str], kind: str, more: bytes, reason: str
) -> None:
    raw = request(kind, BODIES.get(kind, BODY), more)

    answer, heard = served(raw, door=LISTED, peer=ends[0], own=ends[1])

    refused = [it.reason for it in heard if isinstance(it, FeedError)]
    assert refused == ([reason] if reason else [])
    assert answer.startswith(b"HTTP/1.1 200 ") == (not reason)


@pytest.mark.parametrize("kind", BODIES)
def test_without_a_key_or_list_no_form_is_taken(kind: str) -> None:
    _, heard = served(request(kind, BODIES[kind]), peer=ELSEWHERE[0], own=ELSEWHERE[1])

    assert [getattr(it, "reason", "") for it in heard] == ["content_type"]


@pytest.mark.parametrize(("key", "reason"), [(b"s3cret", "peer"), (b"wrong", "peer")])
def test_list_holds_beside_a_key(key: bytes, reason: str) -> None:
    raw = request("application/xml", BODY, b"X-Api-Key: " + key + b"\r\n")

    _, refused = served(raw, door=LISTED._replace(key=KEY), peer=NOT_LISTED[0], own="10.1.0.20")

    assert [getattr(it, "reason", "") for it in refused] == [reason]


def test_all_messages_of_a_form_are_heard_and_the_rest_is_left_out() -> None:
    body = multipart(b"<html/>", BODY, b"{}", BODY[:-2] + b">", b"\x89PNG\r\n\x1a\n")

    _, heard = served(request(MULTIPART, body), door=LISTED, peer=ELSEWHERE[0])

    assert [isinstance(it, Message) and bool(it.broken) for it in heard] == [False, True]


NOTHING = {
    FORM: (b"mode=update&athlete=12", "Expected a message in one of 2 fields; the longest"),
    "multipart/form-data": (BODIES[MULTIPART], "Expected a boundary of at most 70"),
    MULTIPART: (multipart(b"a", b"<Body>" + b"<R/>" * 99), "Expected a message in one of 2"),
    "multipart/form-data;boundary=y": (BODIES[MULTIPART], "Expected the boundary that"),
    f"{FORM};a": (b"", "Expected more: Expected XML"),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_form_without_a_message_is_400_and_says_why(kind: str) -> None:
    body, text = NOTHING[kind]

    answer, heard = served(request(kind, body), door=LISTED, peer=ELSEWHERE[0])

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [getattr(it, "reason", "") for it in heard] == ["message"]
    assert str(heard[0]).startswith(text)


PADDED = b'<Body DocumentType="DT_KA">' + b" " * (MAX_BYTES - 34) + b"</Body>"


@pytest.mark.parametrize("kind", [FORM, MULTIPART])
def test_form_may_be_larger_than_its_message(kind: str) -> None:
    escaped = b"odf=" + b"".join(b"%%%02X" % byte for byte in PADDED)
    bodies = {FORM: escaped, MULTIPART: multipart(PADDED)}

    answer, _ = served(request(kind, bodies[kind]), door=LISTED, peer=ELSEWHERE[0])

    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("kind", [FORM, MULTIPART])
def test_two_large_messages_in_one_form_are_413(kind: str) -> None:
    bodies = {FORM: b"a=" + PADDED[:-9] + b"&b=" + PADDED, MULTIPART: multipart(PADDED, PADDED)}

    answer, heard = served(request(kind, bodies[kind]), door=LISTED, peer=ELSEWHERE[0])

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert [getattr(it, "reason", "") for it in heard] == ["oversized"]


@pytest.mark.parametrize(
    ("address", "peers", "expected"),
    [
        ("10.1.0.20", ("10.1.0.7",), ""),
        ("192.0.2.20", ("10.1.0.0/24", "fd00::/8"), ""),
        ("192.0.2.20", (), "Expected `api_key_file` or `peers` to listen beyond"),
        ("127.0.0.1", (), ""),
        ("192.0.2.20", ("127.0.0.1", "10.1.0.7"), "no loopback address in `peers`"),
        ("192.0.2.20", ("0.0.0.0/0",), "no loopback address in `peers`"),
        ("::", ("::ffff:127.0.0.0/104",), "no loopback address in `peers`"),
        (
            "192.0.2.20",
            ("scoreboard",),
            "or a network as in 10.1.0.0/24, got 'scoreboard' in `peers`",
        ),
    ],
)
def test_configuration_names_who_may_push(
    address: str, peers: tuple[str, ...], expected: str
) -> None:
    told = ""
    try:
        Config(name="r", zone="UTC", listen_port=1, listen_address=address, peers=peers)
    except ValueError as error:
        told = str(error)

    assert expected in told
    assert bool(expected) == bool(told)


def test_loopback_may_be_named_beside_a_key() -> None:
    Config(name="r", zone="UTC", listen_port=1, api_key_file="k", peers=("127.0.0.1",))
