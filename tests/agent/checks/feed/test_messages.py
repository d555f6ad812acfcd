"""Messages are read from whatever comes; all else is refused, cheaply, with a reason."""

import subprocess
import sys
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.results_feed.header import FeedError, Message, OversizedError, TruncatedError
from agent.checks.results_feed.messages import Reader, read
from tests.agent.checks.feed import hostile
from tests.kit.examples import examples

MAX_BYTES = 1_000_000
WHOLE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- ours -->\n'
    '<o:Body xmlns:o="urn:ours" CompetitionCode="TEST1" DocumentCode="BKBWTEAM5-----GPA-000700" '
    'DocumentSubcode="Q1" DocumentType="DT_RESULT" DocumentSubtype="STATS" Version="12" '
    'ResultStatus="LIVE" Language="ENG" FeedFlag="P" Date="2024-08-03" Time="223015250" '
    'LogicalDate="2024-08-03" Source="HALL1" Serial="7"><o:Score home="3"/></o:Body>'
)


def read_text(text: str) -> Message:
    return read(text.encode(), MAX_BYTES)


def test_the_header_says_it_all() -> None:
    message = read_text(WHOLE)

    assert message == Message(
        type="DT_RESULT",
        competition="TEST1",
        code="BKBWTEAM5-----GPA-000700",
        subcode="Q1",
        subtype="STATS",
        language="ENG",
        source="HALL1",
        status="LIVE",
        flag="P",
        version=12,
        stamp=datetime(2024, 8, 3, 22, 30, 15, 250_000),  # noqa: DTZ001 - it has no zone
        logical_date=date(2024, 8, 3),
        size_bytes=len(WHOLE),
    )


def test_what_is_not_said_is_not_known() -> None:
    message = read_text('<Body DocumentType="DT_KA"/>')

    assert message == Message(type="DT_KA", size_bytes=28)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "us-ascii"])
def test_usual_encodings_are_read(encoding: str) -> None:
    name = "HALL1" if encoding == "us-ascii" else "Zürich"
    text = f'<?xml version="1.0" encoding="{encoding}"?><Body DocumentType="A" Source="{name}"/>'

    message = read(text.encode(encoding), MAX_BYTES)

    assert message.source == name


@pytest.mark.parametrize("encoding", ["utf-82", "iso-8859-99", "windows-125", "utf8\u00e9"])
def test_an_encoding_that_is_unknown_costs_the_body_only(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><Body DocumentType="A" Version="3"/>'

    message = read(text.encode(), MAX_BYTES)

    assert (message.type, message.version) == ("A", 3)
    assert message.broken in (
        "Expected another encoding: UTF-8 is best",
        "Expected XML: XML declaration not well-formed, line 1",
    )


@pytest.mark.parametrize("size", [1, 7, 64, 255, 256, 257, 100_000])
def test_pieces_may_have_any_size(size: int) -> None:
    content = WHOLE.encode()
    reader = Reader(MAX_BYTES)

    for at in range(0, len(content), size):
        reader.feed(content[at : at + size])

    assert reader.close() == read(content, MAX_BYTES)


def outcome(content: bytes, size: int) -> str:
    """Return what is said of content that comes in pieces of a size."""
    reader = Reader(MAX_BYTES)
    try:
        for at in range(0, len(content), size):
            reader.feed(content[at : at + size])
        return repr(reader.close())
    except TruncatedError as error:
        return f"{error}: {error.message}"
    except FeedError as error:
        return str(error)


@pytest.mark.parametrize("change", ["is cut", "has a byte that is wrong", "is followed by more"])
def test_wrong_message_is_told_alike_whatever_its_pieces(change: str) -> None:
    content = WHOLE.encode()
    for at in range(len(content)):
        wrong = {
            "is cut": content[:at],
            "has a byte that is wrong": content[:at] + b"<" + content[at + 1 :],
            "is followed by more": content + content[:at],
        }[change]

        assert outcome(wrong, 7) == outcome(wrong, 2 * len(content)), at


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ('Version="-1"', "Expected another Version than '-1'"),
        ('Version="1e9"', "Expected another Version than '1e9'"),
        ('Date="2024-13-01"', "Expected another Date than '2024-13-01'"),
        ('Date="0001-01-01"', "Expected another Date than '0001-01-01'"),
        ('Time="250000000"', "Expected another Time than '250000000'"),
        ('Time="12:00"', "Expected another Time than '12:00'"),
        ('LogicalDate="today"', "Expected another LogicalDate than 'today'"),
        ('Source="a&#10;b"', "Expected Source to be at most 128 printable characters"),
        ('Source="&#x202e;"', "Expected Source to be at most 128 printable characters"),
    ],
)
def test_a_field_that_makes_no_sense_is_unknown_and_named(wrong: str, reason: str) -> None:
    message = read_text(f'<Body DocumentType="DT_KA" Language="ENG" {wrong}/>')

    assert message == Message("DT_KA", language="ENG", size_bytes=message.size_bytes, odd=(reason,))


@pytest.mark.parametrize(
    "text",
    [
        "<html><body/></html>",
        '<Body DocumentType=""/>',
        f'<Body DocumentType="{"x" * 129}"/>',
        '<!DOCTYPE a><Body DocumentType="DT_KA"/>',
        '<Body DocumentType="DT_KA" Name="A & B"/>',
        "nothing like it",
    ],
)
def test_what_has_no_root_that_can_be_read_is_refused(text: str) -> None:
    with pytest.raises(FeedError, match="Expected"):
        read_text(text)


@pytest.mark.parametrize("at", range(0, len(WHOLE), 17))
def test_a_message_that_ends_too_early_is_told_from_a_broken_one(at: int) -> None:
    with pytest.raises(TruncatedError):
        read_text(WHOLE[:at])


def test_the_limit_of_size_is_exact() -> None:
    content = WHOLE.encode()

    assert read(content, len(content)).version == 12
    with pytest.raises(OversizedError):
        read(content, len(content) - 1)


@examples(300)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_whatever_comes_is_a_message_or_is_refused(content: bytes) -> None:
    try:
        message = read(content, MAX_BYTES)
    except FeedError as error:
        assert str(error).startswith("Expected")  # noqa: PT017 - either way is right
    else:
        assert message.type


@examples(300)
@given(st.data())
def test_a_message_with_any_byte_changed_is_one_or_is_refused(data: st.DataObject) -> None:
    content = bytearray(WHOLE.encode())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))

    try:
        message = read(bytes(content), MAX_BYTES)
    except FeedError:
        return

    assert message.size_bytes == len(content)


SLOW = pytest.param("too many bytes", marks=pytest.mark.long)


@pytest.mark.parametrize("name", [SLOW, *(name for name in hostile.ALL if name not in SLOW.values)])
def test_hostile_xml_is_refused(name: str) -> None:
    refused = hostile.refusal_of(name)

    assert refused in ("FeedError", "OversizedError", "TruncatedError", "broken")


@pytest.mark.long
def test_hostile_xml_costs_little_memory_and_time() -> None:
    subprocess.run([sys.executable, hostile.__file__], check=True, timeout=110)
