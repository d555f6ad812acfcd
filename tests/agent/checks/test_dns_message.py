"""Answers of a name server, read from bytes that nobody vouches for."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.net import dns_message as message
from tests.agent.checks.dns_answers import ASKED, alias, record, reply


def test_records_of_other_names_are_not_counted() -> None:
    other = b"\4evil\7example\0"

    found = message.answer(
        reply(ASKED, record("192.0.2.66", owner=other), record("192.0.2.10")), ASKED
    )

    assert found.addresses == ("192.0.2.10",)


def test_aliases_that_go_in_circles_end() -> None:
    other, back = b"\1a\0", b"\xc0\x0c"

    found = message.answer(reply(ASKED, alias(back, other), alias(other, back)), ASKED)

    assert found.addresses == ()


@given(st.binary(max_size=600))
def test_reading_any_bytes_ends_with_an_answer_or_a_refusal(garbage: bytes) -> None:
    for sent in (garbage, reply(ASKED, garbage, garbage)):
        try:
            found = message.answer(sent, ASKED)
        except message.MalformedAnswerError:
            continue
        assert found.code <= 15


def test_pointers_that_lead_far_back_cost_little() -> None:
    at = len(ASKED) + 11
    chain = b"".join((0xC000 | back).to_bytes(2, "big") for back in (12, *range(at, at + 9000, 2)))
    hidden = b"\0" + struct.pack("!HHIH", 16, 1, 60, len(chain)) + chain
    last = (0xC000 | at + 9000).to_bytes(2, "big")

    with pytest.raises(message.MalformedAnswerError, match="pointers lead astray"):
        message.answer(reply(ASKED, hidden, record("192.0.2.66", owner=last)), ASKED)
