"""Values in JSON, by pointer, and by names with dots."""

import contextlib
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.extractors import Body, NoValueError
from agent.checks.extractors.json import Extractor, json_field
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import made
from venuewatch.base import clock

BODY = rb"""{"CarData.z": 1, "a/b": {"~": 2, "~1": 3}, "": {"": 4}, "0": [5, [6, null]],
    "caf\u00e9": 7, "b": [true], " ": 8, "x.y": {"z.0": [{"w": 9}]}}"""
PATHS = st.lists(st.text(max_size=5), max_size=3)


def take(body: bytes, pointer: str) -> str:
    return Extractor(pointer).take(Body(body), Deadline(1.0))


def pointer_of(names: list[str]) -> str:
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/CarData.z", 1),
        ("/a~1b/~0", 2),
        ("/a~1b/~01", 3),
        ("//", 4),
        ("/0/1/0", 6),
        ("/0/1/1", None),
        ("/café", 7),
        ("/ ", 8),
        ("/x.y/z.0/0/w", 9),
        ("0.1.0", 6),
        ("a/b.~", 2),
    ],
)
def test_field_is_found_by_pointer_or_dots(path: str, value: object) -> None:
    assert json_field(Body(BODY), path) == value


@pytest.mark.parametrize(
    "path",
    [
        "/CarData",
        "CarData.z",
        "/0/2",
        "/0/-",
        "/0/-1",
        "/0/01",
        "/0/1e0",
        "/b/0/x",
        "/0/" + "9" * 250,
    ],
)
def test_field_that_is_not_there_is_told(path: str) -> None:
    with pytest.raises(NoValueError, match="has no field"):
        json_field(Body(BODY), path)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 500_000, b"1 2", b'{"a":1}}', b'{"a":1', b"{'a':1}", b'{"a":1,}', b"\xff"],
)
def test_body_that_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(NoValueError, match="is not JSON"):
        json_field(Body(body), "/a")


@given(PATHS, st.integers(), st.integers())
def test_each_leaf_has_a_pointer(names: list[str], number: int, other: int) -> None:
    document: Any = number
    for name in reversed(names):
        document = {"other": other, name: document}

    assert take(json.dumps(document).encode(), pointer_of(names)) == str(number)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 12}', "12"),
        (b'{"a": "12"}', "12"),
        (b'{"a": 12.0}', "12.0"),
        (b'{"a" : -1.50e+3 }', "-1.50e+3"),
        (b'{"a": 123456789012345678901234567890}', "123456789012345678901234567890"),
        (b'{"a": 1e999}', "1e999"),
        (b'{"a": true}', "true"),
        (b'{"a": "  x\\ty "}', "x\ty"),
        (b'{"a": 1, "a": 2}', "2"),
        (b'\xef\xbb\xbf{"a": 1}', "1"),
        ('{"a": "é"}'.encode("utf-16"), "é"),
        ('{"a": 1}'.encode("utf-16-be"), "1"),
        (b'{"b": "caf\xe9", "a": "\xe9"}', "é"),
        (b'\r\n{"a": 1}\r\n\0\0\x1a', "1"),
    ],
)
def test_value_is_taken_as_it_is_written(body: bytes, value: str) -> None:
    assert take(body, "/a") == value


@pytest.mark.parametrize(
    ("other", "its"),
    [
        ("NaN", None),
        ("-Infinity", None),
        ("[NaN, Infinity]", None),
        ('"NaN, \\" NaN"', 'NaN, " NaN'),
        ('"a\nb\0"', "a b"),
        ('"\\ud83d"', "\ufffd"),
        ('"\\ude00"', "\ufffd"),
        ('"\\ud83d\\ude00\\ud83d"', "\U0001f600\ufffd"),
        ('"\\\\ud83d\n"', "\\ud83d"),
    ],
)
def test_what_json_lacks_costs_only_itself(other: str, its: str | None) -> None:
    body = f'{{"b": {other}, "c": NaN, "a": 1}}'.encode()

    assert take(body, "/a") == "1"
    if its is not None:
        assert take(body, "/b") == its


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a": null}', "has null at '/a'"),
        (b'{"a": NaN}', "has null at '/a'"),
        (b'{"a": {}}', "has a table at '/a'"),
        (b'{"a": [1]}', "has a list at '/a'"),
        (b'{"a": ""}', "has an empty value there"),
        (b'{"a": "' + b"x" * 1025 + b'"}', "has a value of over 1024 characters there"),
        (b"[" + b"1," * 250_001 + b"1]", "has over 250000 parts, too many to read as JSON"),
        (b"\1\2\3\4" * 99, "is no text in UTF-8, UTF-16 or cp1252"),
    ],
)
def test_body_without_the_value_says_why(body: bytes, why: str) -> None:
    with pytest.raises(NoValueError, match=why):
        take(body, "/a")


def test_body_that_was_cut_is_not_read() -> None:
    body = Body(b'{"a": 1}', is_whole=False)

    with pytest.raises(NoValueError, match="is over 8 bytes, too long to read as JSON"):
        Extractor("/a").take(body, Deadline(1.0))


@pytest.mark.long
@pytest.mark.parametrize(
    "piece",
    [rb"\"", b'"', b'"\n', b'"\\ud83d', b"NaN", b"[{", b"\\n", b'"%06d":1,', b"[],", b"a\n"],
)
def test_hostile_json_costs_bounded_time_and_memory(piece: bytes) -> None:
    count = 4_000_000 // len(piece)
    many = b"".join(piece % at for at in range(count)) if b"%" in piece else piece * count
    bodies = [b'{"a": ' + many, b'{"a": "' + many + b'\0"}', b"{" + many + b'"a": NaN}']
    begin = clock.cpu()
    for body in bodies:
        with contextlib.suppress(NoValueError):
            take(body, "/a")
    took_s = clock.cpu() - begin

    tracemalloc.start()
    for body in bodies:
        with contextlib.suppress(NoValueError):
            take(body, "/a")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert took_s < 3.0
    assert most < 64 * 1_048_576


@given(st.binary(max_size=200), PATHS)
def test_any_bytes_have_a_value_or_none(body: bytes, names: list[str]) -> None:
    try:
        value = take(body, pointer_of(names))
    except NoValueError:
        return
    assert value == value.strip()


@pytest.mark.parametrize("path", ["/a~", "/~2", "/a/~/b"])
def test_pointer_with_a_stray_tilde_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="~0 for each ~ and ~1 for each / in a name"):
        made("http", url="http://127.0.0.1/", json_path=path)
