"""Documents in bodies: plain, packed, in forms, in parts, and hostile ones."""

import gzip
import random
from collections.abc import Iterator
from itertools import repeat
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.results_feed.bodies import MAX_PARTS, parts
from agent.checks.results_feed.header import FeedError, OversizedError

FORM = "application/x-www-form-urlencoded"
MULTIPART = 'multipart/form-data; boundary="--a b"'
XML = '<Body DocumentType="DT_KA" Name="Zoë & 100 %"/>'.encode()
MAX_BYTES = 100_000


def taken(content_type: str, body: Iterator[bytes], **more: bool) -> list[tuple[str, bytes]]:
    found = parts(content_type, body, MAX_BYTES, **more)
    return [(part.name, b"".join(part.content)) for part in found]


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def multipart(
    *fields: tuple[str, bytes], end: bytes = b"\r\n", boundary: bytes = b"--a b"
) -> bytes:
    body = b"preamble" + end
    for name, content in fields:
        head = b'Content-Disposition: form-data; filename="x"; name="%s"' % name.encode()
        body += b"--" + boundary + b" " + end + head + end + b"Content-Type: text/xml" + end
        body += end + content + end
    return body + b"--" + boundary + b"--" + end + b"epilogue"


FIELDS = [("a", b""), ("odf", XML), ("last", b"1\r\n-\r\n--\r\n\r")]


@given(st.integers(1, 40), st.sampled_from([b"\r\n", b"\n"]))
def test_parts_are_found_however_they_are_cut_and_end_their_lines(size: int, end: bytes) -> None:
    found = taken(MULTIPART, cut(multipart(*FIELDS, end=end), size))

    expected = FIELDS if end == b"\r\n" else [*FIELDS[:2], ("last", b"1\r\n-\r\n--\r\n")]
    assert found == expected


@given(st.integers(1, 40))
def test_fields_are_found_however_they_are_cut(size: int) -> None:
    body = urlencode([("a", ""), ("odf", XML), ("c", b"&=%+ \xff")]).encode()

    found = taken(FORM, cut(body + b"&bare&&%zz=%", size))

    assert found == [
        *(("a", b""), ("odf", XML), ("c", b"&=%+ \xff")),
        *(("", b"bare"), ("", b""), ("%zz", b"%")),
    ]


UNPACKED = st.binary(max_size=99).filter(lambda content: not content.startswith(b"\x1f\x8b"))


@given(st.lists(st.tuples(st.text(max_size=20), UNPACKED), min_size=1, max_size=9))
def test_form_is_what_was_written(fields: list[tuple[str, bytes]]) -> None:
    fields = [(f"x{name}", content) for name, content in fields]

    assert taken(FORM, iter([urlencode(fields).encode()])) == fields


@pytest.mark.parametrize(
    "kind", ["", "application/xml", "application/json", FORM, "multipart/mixed"]
)
@pytest.mark.parametrize(
    "body",
    [
        XML,
        b"\r\n " + XML,
        b"\xef\xbb\xbf" + XML,
        XML.decode().encode("utf-16"),
        b'{"a": "b&c=d%20"}',
    ],
)
def test_what_begins_as_document_is_one_whatever_it_is_called(kind: str, body: bytes) -> None:
    assert taken(kind, iter([body])) == [("", body)]
    assert taken(kind, iter([gzip.compress(body)])) == [("", body)]
    assert taken(kind, cut(body, 1)) == [("", body)]


AS_PROGRAMS_WRITE = [
    (
        "multipart/form-data; boundary=------------------------d74496d66958873e",
        (
            b"--------------------------d74496d66958873e\r\nContent-Disposition: form-data; "
            b'name="odf"; filename="a.xml"\r\nContent-Type: application/octet-stream\r\n\r\n%s\r\n'
            b"--------------------------d74496d66958873e--\r\n"
        ),
    ),
    (
        'multipart/form-data; boundary="6d1f2bb4-0d3f-4a4e"',
        (
            b"--6d1f2bb4-0d3f-4a4e\r\nContent-Type: text/xml\r\nContent-Disposition: "
            b"form-data; name=odf; filename=a.xml; filename*=utf-8''a.xml\r\n\r\n%s\r\n"
            b"--6d1f2bb4-0d3f-4a4e--\r\n"
        ),
    ),
    (
        "multipart/form-data; charset=ISO-8859-1; BOUNDARY=TWnr_xZ0",
        (
            b'\r\n--TWnr_xZ0\r\ncontent-disposition: form-data; name="odf"\r\n'
            b"content-transfer-encoding: binary\r\n\r\n%s\r\n--TWnr_xZ0--"
        ),
    ),
    ("application/x-www-form-urlencoded; charset=UTF-8", b"odf=%s"),
]


@pytest.mark.parametrize(("kind", "body"), AS_PROGRAMS_WRITE)
def test_forms_are_read_as_usual_programs_write_them(kind: str, body: bytes) -> None:
    content = quote_plus(XML).encode() if body.startswith(b"odf=") else XML

    assert taken(kind, cut(body % content, 11)) == [("odf", XML)]


def test_packed_fields_are_unpacked_and_so_is_the_form() -> None:
    packed = gzip.compress(XML, mtime=0)
    bodies = [(FORM, b"a=1&odf=" + quote_plus(packed).encode())]
    bodies.append((MULTIPART, multipart(("a", b"1"), ("odf", packed))))

    for kind, body in bodies:
        assert taken(kind, iter([body])) == [("a", b"1"), ("odf", XML)]
        assert taken(kind, iter([gzip.compress(body)])) == [("a", b"1"), ("odf", XML)]


def test_part_that_was_not_read_is_passed_over() -> None:
    body = multipart(("a", b"x" * 50_000), ("b", XML))

    found = parts(MULTIPART, cut(body, 1_000), MAX_BYTES)

    assert [part.name for part in found] == ["a", "b"]


MB = 1024 * 1024
BOMB = gzip.compress(b"<" + b" " * 20 * MB)
BOUNDARIES = ["-", "--", "a", "'()+_,-./:=?", "x" * 70, "a b", "é"]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_any_boundary_is_taken_as_it_is(boundary: str) -> None:
    body = multipart(("odf", XML), boundary=boundary.encode("latin-1"))

    found = taken(f'multipart/form-data; boundary="{boundary}"', cut(body, 3))

    assert found == [("odf", XML)]


HOSTILE = [
    ("multipart/form-data", b"--x\r\n\r\na"),
    ("multipart/form-data; boundary=", b"--\r\n\r\na"),
    (f"multipart/form-data; boundary={'x' * 71}", b"--" + b"x" * 71 + b"\r\n\r\na"),
    ('multipart/form-data; boundary="\r"', b"--\r\r\n\r\na"),
    (MULTIPART, b"no boundary" * 1_000),
    (MULTIPART, b"----a bc\r\n\r\na"),
    (MULTIPART, multipart(*[("a", b"1")] * (MAX_PARTS + 1))),
    (MULTIPART, b"----a b\r\nX: " + b"x" * 9_000),
    (MULTIPART, b"----a b\r\n" + b"X: y\r\n" * 3_000 + b"\r\na"),
    (FORM, b"a=1&" * (MAX_PARTS + 1)),
    (FORM, b"&" * 90_000),
    (FORM, b"odf=" + quote_plus(b"\x1f\x8b no gzip").encode()),
]


@pytest.mark.parametrize(("kind", "body"), HOSTILE)
def test_hostile_form_is_refused_with_what_was_expected(kind: str, body: bytes) -> None:
    with pytest.raises(FeedError, match="Expected"):
        taken(kind, cut(body, 16_384))


OVERSIZED = [
    ("", repeat(b" " * MB, 50)),
    ("", iter([BOMB])),
    (FORM, iter([BOMB])),
    (FORM, iter([b"a=" + quote_plus(BOMB).encode()])),
    (FORM, repeat(b"a=" + b"x" * MB, 50)),
    (FORM, iter([b"a=" + b"x" * 60_000 + b"&b=" + b"x" * 60_000])),
    (MULTIPART, iter([multipart(("a", BOMB))])),
    (MULTIPART, iter([multipart(*[("a", gzip.compress(b" " * 60_000))] * 2)])),
    (MULTIPART, repeat(b"preamble" * MB, 50)),
]


@pytest.mark.parametrize(("kind", "body"), OVERSIZED)
def test_documents_of_a_body_together_may_not_be_too_large(
    kind: str, body: Iterator[bytes]
) -> None:
    with pytest.raises(OversizedError, match="Expected at most"):
        taken(kind, body)


@given(st.sampled_from([FORM, MULTIPART]), st.integers(0, 2**32))
def test_damaged_form_is_divided_or_refused(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    whole = multipart(*FIELDS) if kind == MULTIPART else urlencode(FIELDS).encode()
    at = chance.randrange(len(whole))
    body = whole[:at] + chance.randbytes(chance.randrange(9)) + whole[at + chance.randrange(40) :]

    try:
        found = taken(kind, cut(body, 7))
    except FeedError:
        found = []

    assert sum(len(content) for _, content in found) <= len(body)
