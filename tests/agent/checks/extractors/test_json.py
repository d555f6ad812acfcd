"""Fields of JSON bodies, by pointer and by dots."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.extractors import Body, NoValueError
from agent.checks.extractors.json import json_field
from tests.agent.checks.peers import made

BODY = rb"""{"CarData.z": 1, "a/b": {"~": 2, "~1": 3}, "": {"": 4}, "0": [5, [6, null]],
    "caf\u00e9": 7, "b": [true], " ": 8, "x.y": {"z.0": [{"w": 9}]}}"""


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


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 500_000, b"1 2"])
def test_body_that_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(NoValueError, match="is not JSON"):
        json_field(Body(body), "/a")


@given(st.recursive(st.integers(), lambda inner: st.dictionaries(st.text(max_size=5), inner)))
def test_each_leaf_has_a_pointer(document: Any) -> None:
    path, leaf = "", document
    while isinstance(leaf, dict) and leaf:
        name, leaf = next(iter(leaf.items()))
        path += "/" + name.replace("~", "~0").replace("/", "~1")
    if path:
        assert json_field(Body(json.dumps(document).encode()), path) == leaf


@pytest.mark.parametrize("path", ["/a~", "/~2", "/a/~/b"])
def test_pointer_with_a_stray_tilde_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="~0 for each ~ and ~1 for each / in a name"):
        made("http", url="http://127.0.0.1/", json_path=path)
