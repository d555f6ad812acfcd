"""Texts of others that were cut, or end with what is no text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.extractors import Body
from agent.checks.reading.encodings import text_in, without_begun


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), st.integers(0, 80))
def test_cut_text_is_read_up_to_its_last_whole_character(text: str, size: int) -> None:
    cut = without_begun(text.encode()[:size]).decode()

    assert text.startswith(cut)
    assert len(text.encode()[:size]) - len(cut.encode()) < 4


@given(st.binary(max_size=20))
def test_any_bytes_lose_at_most_three(data: bytes) -> None:
    kept = without_begun(data)

    assert data.startswith(kept)
    assert len(data) - len(kept) < 4


def test_body_that_was_cut_inside_a_character_is_no_cp1252() -> None:
    content = "café, café".encode()[:-1]

    assert Body(content, is_whole=False).text == "café, caf"
    assert Body(content).text == "cafÃ©, cafÃ"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["", "\x1a", "\0\0\0", "\x1a\0"])
def test_text_ends_before_a_buffers_zeros_and_ctrl_z(encoding: str, end: str) -> None:
    assert text_in(("prêt, 12 s" + end).encode(encoding)) == "prêt, 12 s"
