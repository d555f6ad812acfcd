"""Tests of text in cells: no line is wider than asked for, and no word is lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.kit.examples import examples
from venuewatch.terminal import cells

TEXT = st.text(alphabet="ab  長é́-", max_size=60)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("長い", 4), ("e\u0301", 1), ("", 0)])
def test_a_wide_sign_takes_two_cells_a_combining_none(text: str, width: int) -> None:
    assert cells.width_of(text) == width


@given(TEXT, st.integers(1, 30))
@examples(200)
def test_a_cut_text_fits_and_says_so(text: str, width: int) -> None:
    shown = cells.cut(text, width)

    assert cells.width_of(shown) <= width
    assert shown == text or shown.endswith("…")
    assert cells.width_of(cells.padded(text, width)) == width


@given(TEXT, st.integers(4, 30))
@example("a長長", 4)
@examples(200)
def test_a_folded_text_fits_and_loses_nothing(text: str, width: int) -> None:
    lines = cells.folded(text, width, indent="  ")

    assert max(map(cells.width_of, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_texts_stand_in_as_many_columns_as_fit() -> None:
    assert cells.side_by_side(["aa", "b", "c", "dd"], 8) == ["aa  b", "c   dd"]


def test_a_table_aligns_its_columns_and_folds_the_last() -> None:
    rows = [("NO", "WHAT"), ("長い", "x y zzzz")]

    assert cells.table(rows, 14) == [["NO    WHAT"], ["長い  x y zzzz"]]
    assert cells.table([("abcdef", "x y")], 9) == [["abc…  x y"]]
    assert cells.table(rows, 10) == [["NO    WHAT"], ["長い  x y", "      zzzz"]]
