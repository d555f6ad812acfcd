"""Values in XML, by a path of names; hostile and broken documents among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.extractors import Body, NoValueError
from agent.checks.extractors.xml import MAX_BYTES, Extractor
from agent.checks.reading.times import Deadline

BOARD = b"""<?xml version="1.0"?><b:Board xmlns:b="urn:b" createTime=" 12:00 ">
  <Clock/><Clock Running=""/><!-- no clock -->
  <Game id="7"><b:Clock b:Running="true">0<Minutes>12</Minutes>:34</b:Clock></Game>
  <Clock Running="false"> </Clock><Clock> last </Clock></b:Board>"""


def take(body: bytes, path: str) -> str:
    return Extractor(path).take(Body(body), Deadline(1.0))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("@createTime", "12:00"),
        ("Board@createTime", "12:00"),
        ("/Board@createTime", "12:00"),
        ("Game@id", "7"),
        ("Game/Clock@Running", "true"),
        ("x:Game/x:Clock@x:Running", "true"),
        ("/Board/Game/Clock@Running", "true"),
        ("Clock", "0:34"),
        ("/Board/Clock", "last"),
        ("Minutes", "12"),
        ("Clock/Minutes", "12"),
    ],
)
def test_first_value_at_the_path_is_taken(path: str, value: str) -> None:
    assert take(BOARD, path) == value


@pytest.mark.parametrize(
    "path", ["clock", "/Clock", "/Game/Clock", "Board/Minutes", "Clock@running", "@Running", "@b"]
)
def test_path_that_leads_nowhere_is_told(path: str) -> None:
    with pytest.raises(NoValueError, match=f"^has no {path}$"):
        take(BOARD, path)


def test_attribute_that_is_empty_is_told() -> None:
    with pytest.raises(NoValueError, match="has an empty value there"):
        take(BOARD, "Clock@Running")


@pytest.mark.parametrize(
    "body",
    [
        b'<a n="7"><b></a>',
        b'<a n="7">&x; <',
        b'<a n="7">caf\xe9</a>',
        b'\n<?xml version="1.0"?><a n="7"/>',
        '<a n="7"/>'.encode("utf-16"),
        b'\xef\xbb\xbf<a n="7"/>\x1a',
        b'<?xml version="1.0" encoding="latin1"?><a n="7"/>',
        b'<a n="7">' + b"x" * MAX_BYTES,
    ],
)
def test_body_broken_behind_its_value_has_it(body: bytes) -> None:
    assert take(body, "@n") == "7"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "has no b@n: Expected more: Expected XML: no element found, line 1"),
        (b"hello", "has no b@n: Expected more: Expected XML: syntax error, line 1"),
        (b"<a><c></a>", "has no b@n: Expected XML: mismatched tag, line 1"),
        (b"<a>", "has no b@n: Expected more: Expected XML: no element found, line 1"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a><b n="&e;"/></a>', "has no b@n: Expected no DOCTYPE"),
        (b"<a>" * 129, "has no b@n: Expected at most 128 elements inside one another"),
        (b"<a>" + b" " * MAX_BYTES, f"has no b@n: Expected at most {MAX_BYTES} bytes"),
        (b"<a><!--" + b"x" * 999_999, "has no b@n: Expected no tag or comment over 262144 bytes"),
        (b'<a><b n="' + b"x" * 1025 + b'"/>', "has a value of over 1024 characters there"),
    ],
)
def test_body_without_the_value_says_why(body: bytes, why: str) -> None:
    with pytest.raises(NoValueError) as told:
        take(body, "b@n")

    assert str(told.value) == why


def test_text_that_is_too_long_is_told() -> None:
    with pytest.raises(NoValueError, match="has a value of over 1024 characters there"):
        take(b"<a>" + b"x" * 999_999 + b"</a>", "a")


def test_body_that_was_cut_says_where() -> None:
    body = Body(b"<a><b/>", is_whole=False)

    with pytest.raises(NoValueError, match=r"^has no c@n in its first 7 bytes$"):
        Extractor("c@n").take(body, Deadline(1.0))


NAMES = st.sampled_from(["a", "b", "c@n", "@n", "/a/b", "b/c@n"])
PIECES = st.sampled_from([b"<a>", b"<b>", b"</b>", b'<c n="1"/>', b"x", b"\0", b"&", b"<!", b"<?"])


@given(st.lists(PIECES | st.binary(max_size=4), max_size=12), NAMES)
def test_any_bytes_have_a_value_or_none(pieces: list[bytes], path: str) -> None:
    try:
        value = take(b"".join(pieces), path)
    except NoValueError:
        return
    assert value
