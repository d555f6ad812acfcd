"""Numbers and truths, as programs write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.reading.values import number_of, truth_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("12.0", 12),
        ("12.", 12),
        ("0012", 12),
        ("+12", 12),
        ("-12", -12),
        (" 12\r\n\0", 12),
        ("1e3", 1000),
        ("1200e-2", 12),
        ("1.25E1", 12.5),
        (".5", 0.5),
        ("-0.5", -0.5),
        ("0", 0),
        ("638123456789012345", 638123456789012345),
        ("9" * 40, int("9" * 40)),
    ],
)
def test_number_is_read_as_programs_write_it(text: str, number: float) -> None:
    found = number_of(text)

    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "+", "-", "e3", "1,234", "1 234", "1_0", "0x1f", "1.2.3", "--1", "1-"),
        *("NaN", "Infinity", "-inf", "true", "null", "12 s", "1e999", "1e", "9" * 41, "\u0661"),
    ],
)
def test_text_that_is_no_number_is_not_guessed(text: str) -> None:
    assert number_of(text) is None


@given(st.integers(-(10**38), 10**38))
def test_whole_number_is_exact_also_with_a_fraction_of_zeros(number: int) -> None:
    assert number_of(str(number)) == number
    assert number_of(f"{number}.00") == number


@given(st.floats(1e-9, 1e12), st.sampled_from(["", "+", "-"]))
def test_number_with_a_fraction_is_pythons(number: float, sign: str) -> None:
    assert number_of(sign + repr(number)) == float(sign + repr(number))


@pytest.mark.parametrize("text", ["true", "TRUE", "Y", "1", "1.0", "live", "Running", " yes\n"])
def test_truth_is_told_in_any_case(text: str) -> None:
    assert truth_of(text) is True


@pytest.mark.parametrize("text", ["false", "N", "0", "0.0", "", "Stopped", "paused", "null"])
def test_opposite_of_a_truth_is_told(text: str) -> None:
    assert truth_of(text) is False


@pytest.mark.parametrize("text", ["2", "-1", "maybe", "truee", "12:34", "[]"])
def test_word_that_is_no_truth_is_not_guessed(text: str) -> None:
    assert truth_of(text) is None


@given(st.text(max_size=64))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(number_of(text), int | float | None)
    assert truth_of(text) in (True, False, None)
