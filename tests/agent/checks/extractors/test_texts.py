"""Values in text: a pattern's group, columns of a line, and a file's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.extractors import Body, Found, NoValueError, columns, file_name, regex
from agent.checks.patterns import matcher
from agent.checks.patterns.matcher import UnmatchedError
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import PATIENCE_S

NO_TEXT = b"\1\2\3\4" * 9
SCREEN = b"\x0212:34.5  B \r\nsecond line"


def soon() -> Deadline:
    return Deadline(PATIENCE_S)


def columns_of(content: bytes, first: int, last: int, encoding: str = "utf-8") -> str:
    return columns.Extractor((first, last)).take(Body(content, encoding), soon())


@pytest.mark.parametrize(
    ("first", "last", "value"),
    [(2, 8, "12:34.5"), (2, 2, "1"), (2, 3, "12"), (8, 99, "5  B"), (1, 3, "\x0212")],
)
def test_columns_are_counted_from_1_both_taken(first: int, last: int, value: str) -> None:
    assert columns_of(SCREEN, first, last) == value


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "has 0 columns, not 2"),
        (b"1\r23", "has 1 columns, not 2"),
        (b"1\n23", "has 1 columns, not 2"),
        (b"1   ", "has an empty value there"),
        (b"1\0\0\0", "has an empty value there"),
    ],
)
def test_line_that_ends_before_the_columns_is_told(content: bytes, why: str) -> None:
    with pytest.raises(NoValueError, match=why):
        columns_of(content, 2, 4)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8", "cp1252"])
def test_columns_are_characters_in_any_encoding(encoding: str) -> None:
    assert columns_of("é12:34é".encode(encoding), 2, 6, encoding) == "12:34"


@given(st.binary(max_size=64), st.integers(1, 70), st.integers(0, 70))
def test_columns_of_any_bytes_are_found_or_told(content: bytes, first: int, more: int) -> None:
    try:
        value = columns_of(content, first, first + more)
    except NoValueError:
        return
    assert 1 <= len(value) <= more + 1


def test_group_is_taken_from_each_body_at_once() -> None:
    bodies = [
        Body(b"bib=17;bib=18"),
        Body("bib=é".encode("utf-16")),
        Body(b"bib= \xe9"),
        Body(b""),
        Body(NO_TEXT),
        Body(b"a\nbib=" + b"9" * 2000),
        Body(b"bib=\nbib=5"),
        Body(b"bib= ;"),
    ]

    found = regex.Extractor("bib=([^;\n]*)").take_all(bodies, soon())

    assert found == [
        Found("17"),
        Found("é"),
        Found("é"),
        Found(None, "has nothing that matches"),
        Found(None, "is no text in UTF-8, UTF-16 or cp1252", is_broken=True),
        Found(None, "has a value of over 1024 characters there"),
        Found(None, "has an empty value there"),
        Found(None, "has an empty value there"),
    ]


@pytest.mark.parametrize(
    ("pattern", "content", "value"),
    [
        (r"^(\*|V=)", b"*", "*"),
        (r"^(\*|V=)", b"V=3", "V="),
        (r"(?m)^b=(.*)$", b"a=1\nb=2\nc=3", "2"),
        (r"(?:a|b)=(\d+)", b"b=7", "7"),
        (r"(?s)<(.*)>", b"<1\n2>", "1\n2"),
    ],
)
def test_pattern_matches_anywhere_in_the_body(pattern: str, content: bytes, value: str) -> None:
    extractor = regex.Extractor(pattern)

    assert extractor.take(Body(content), soon()) == value
    assert extractor.take_all([Body(content)] * 3, soon()) == [Found(value)] * 3


def test_group_that_takes_no_part_is_told() -> None:
    with pytest.raises(NoValueError, match="has nothing that matches"):
        regex.Extractor("a|(b)").take(Body(b"a"), soon())


def test_no_bodies_ask_nothing() -> None:
    assert regex.Extractor("(a)").take_all([], Deadline(-1.0)) == []


def test_bodies_beyond_one_question_are_asked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "_MAX_QUESTION_BYTES", 100)
    bodies = [Body(f"bib={number}".encode() + b" " * (number % 70)) for number in range(50)]

    found = regex.Extractor(r"bib=(\d+)").take_all(bodies, soon())

    assert found == [Found(str(number)) for number in range(50)]


def test_pattern_that_explodes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "LONGEST_S", 0.3)
    words = r"matching '\(\(\?:a\+\)\+\$\)' took over 0.3 s and was stopped"

    with pytest.raises(UnmatchedError, match=words):
        regex.Extractor("((?:a+)+$)").take_all([Body(b"a" * 64 + b"b")], soon())


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_are_asked_and_told_apart(contents: list[bytes]) -> None:
    found = regex.Extractor("([0-9]+)").take_all([Body(each) for each in contents], soon())

    assert len(found) == len(contents)
    assert all((each.value is None) is bool(each.why) for each in found)


def test_file_name_is_matched_without_its_content() -> None:
    extractor = file_name.Extractor(r"heat-(\d+)\.")
    bodies = [Body(b"heat-9.", name="heat-12.lif"), Body(b"heat-9."), Body(NO_TEXT, name="x")]

    assert extractor.take_all(bodies, soon()) == [
        Found("12"),
        Found(None, "is no file"),
        Found(None, "has nothing that matches"),
    ]
