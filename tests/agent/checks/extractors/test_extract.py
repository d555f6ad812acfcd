"""Settings of an extractor: exactly one, which can be meant; and the files behind their names."""

from typing import Any

import msgspec
import pytest

from agent import modules_in
from agent.checks import extractors
from agent.checks.extractors import Body, Extract
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import PATIENCE_S

EACH = {"regex": "(a)", "json": "/a", "xml": "a@b", "columns": [1, 2], "file_name": "(a)"}
ONE = "Expected exactly one of `regex`, `json`, `xml`, `columns`, `file_name`, got "
GROUP = "to have one group ( ) around the value, and others as (?: ), got "
PATH = "Expected `xml` to be Element@Attribute, Parent/Element@Attribute, Element or @Attribute"
COLUMNS = "Expected `columns` to be the first and the last, counted from 1"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, f"{ONE}none"),
    ({"json": "/a", "xml": "a@b"}, f"{ONE}`json` and `xml`"),
    (EACH, f"{ONE}`regex` and `json` and `xml` and `columns` and `file_name`"),
    ({"regex": "a"}, f"Expected `regex` {GROUP}0 in a"),
    ({"regex": "(a)(b)"}, f"Expected `regex` {GROUP}2 in (a)(b)"),
    ({"regex": ""}, f"Expected `regex` {GROUP}0 in "),
    ({"regex": "("}, "Expected `regex` to be a regular expression: missing )"),
    ({"file_name": "(?:a)"}, f"Expected `file_name` {GROUP}0 in (?:a)"),
    ({"json": "a.b"}, "Expected `json` to begin with /, as /messageId, got 'a.b'"),
    ({"json": "/a~"}, "Expected `json` to have ~0 for each ~ and ~1 for each / in a name"),
    *(({"xml": path}, f"{PATH}, got {path!r}") for path in ("", "/", "a@", "a//b", "@", "a[1]")),
    *(({"xml": path}, f"{PATH}, got {path!r}") for path in ("//a", "a/@b", "a b", "a@b@c", "*")),
    ({"columns": [8, 2]}, COLUMNS),
    ({"columns": [0, 2]}, "Expected `int` >= 1 - at `$.columns[0]`"),
    ({"columns": [1]}, "Expected `array` of length 2, got 1 - at `$.columns`"),
    ({"columns": [1, 65_537]}, "Expected `int` <= 65536 - at `$.columns[1]`"),
    ({"path": "/a"}, "Object contains unknown field `path`"),
    ({"json": "/" + "a" * 1024}, "Expected `str` of length <= 1024 - at `$.json`"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED)
def test_extract_that_can_not_be_meant_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(given, Extract)

    assert words in str(refused.value)


def test_each_setting_has_a_file_of_its_name() -> None:
    assert sorted(modules_in(extractors.__path__[0])) == ["__init__", *sorted(EACH)][1:]
    assert set(Extract.__struct_fields__) == set(EACH)


@pytest.mark.parametrize("name", EACH)
def test_each_setting_alone_makes_its_extractor(name: str) -> None:
    made = msgspec.convert({name: EACH[name]}, Extract).extractor()

    assert type(made).__module__ == f"{extractors.__name__}.{name}"


@pytest.mark.parametrize(
    ("given", "bodies"),
    [
        ({"json": "/a"}, [b'{"b": 1}', b'{"a": ""}', b'{"a": 1', b"hello"]),
        ({"xml": "@a"}, [b"<b/>", b'<b a=""/>', b"<b", b"<b></c>"]),
        ({"regex": "a=(.*)"}, [b"b=1", b"a=", b"\1\2\3\4", b"\1" * 9]),
        ({"columns": [3, 4]}, [b"b", b"b   ", b"\1\2\3\4", b"\1" * 9]),
    ],
)
def test_broken_body_is_told_from_one_without_the_value(
    given: dict[str, Any], bodies: list[bytes]
) -> None:
    extractor = msgspec.convert(given, Extract).extractor()

    found = extractor.take_all([Body(each) for each in bodies], Deadline(PATIENCE_S))

    assert [each.is_broken for each in found] == [False, False, True, True]
    assert all(each.value is None and each.why for each in found)
