"""A stream is taken apart the same, wherever the network cut it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.streams.frames import LINE_ENDS, Frames, refuse_bad_encoding

ENDS = st.lists(st.text("ab$\r\n", min_size=1, max_size=3), min_size=1, max_size=4)
NOISE = st.sampled_from([b"a", b"b", b"$", b"\r", b"\n", b"\xff", b"\xfe", b"\0", b"x"])
ENCODING = st.sampled_from(["auto", "utf-8", "utf-16-le", "utf-16-be", "cp1252", "shift_jis"])


def heard(pieces: list[bytes], *frames_of: object) -> tuple[list[bytes], int, bytes]:
    frames = Frames(*frames_of)  # type: ignore[arg-type]
    cuts = [frames.cut(piece) for piece in pieces]
    found = [frame for cut in cuts for frame in cut.frames]
    return found, sum(cut.oversized for cut in cuts), frames.rest()


def pieces_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    return [stream[begin:end] for begin, end in pairwise(places)]


@given(st.data(), ENDS, ENCODING)
def test_where_the_network_cuts_changes_nothing(
    data: st.DataObject, ends: list[str], encoding: str
) -> None:
    atoms = st.one_of(NOISE, st.sampled_from([end.encode() for end in ends]))
    stream = data.draw(st.lists(atoms, max_size=30).map(b"".join))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10))
    whole = heard([stream], ends, encoding, 12)

    assert heard(pieces_of(stream, cuts), ends, encoding, 12) == whole
    assert heard([stream[at : at + 1] for at in range(len(stream))], ends, encoding, 12) == whole


@given(st.lists(st.binary(max_size=200), max_size=20), ENCODING, st.integers(16, 64))
def test_any_bytes_leave_a_bounded_rest(pieces: list[bytes], encoding: str, limit: int) -> None:
    found, _, rest = heard(pieces, LINE_ENDS, encoding, limit)

    assert len(rest) <= limit
    assert all(0 < len(frame) <= limit for frame in found)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n"])
def test_lines_end_as_they_like(end: bytes) -> None:
    assert heard([b"*" + end + b"HOME 3 " + end], LINE_ENDS, "auto", 100)[0] == [b"*", b"HOME 3"]


@pytest.mark.parametrize(
    ("stream", "ends", "frames"),
    [
        (b"Finish@Passing@9@$Finish@Ping@$", ["$"], [b"Finish@Passing@9@", b"Finish@Ping@"]),
        (b"\x16\x01\x0212:31\x04\x17\x16\x0212:30\x04\x17", ["\x17"], None),
        (b"a--b---c", ["---", "--"], [b"a", b"b", b""]),
        (b"1\xffA2\xffA", ["\xffA"], [b"1", b"2"]),
    ],
)
def test_a_frame_ends_as_its_source_ends_it(
    stream: bytes, ends: list[str], frames: list[bytes] | None
) -> None:
    found = heard([stream], ends, "auto", 100)[0]

    if frames is None:
        assert found == [b"\x16\x01\x0212:31\x04", b"\x16\x0212:30\x04"]
    else:
        assert found == [frame for frame in frames if frame]


def test_an_end_may_come_in_parts() -> None:
    assert heard([b"a-", b"-b-", b"c--"], ["--"], "auto", 100)[0] == [b"a", b"b-c"]


def test_the_end_that_is_complete_first_ends_the_frame() -> None:
    assert heard([b"xabc-"], ["abc", "b"], "auto", 100) == ([b"xa"], 0, b"c-")


def test_a_frame_that_is_too_long_is_counted_once_when_it_ends() -> None:
    frames = Frames(LINE_ENDS, "auto", 100)

    endless = [frames.cut(b"x" * 90) for _ in range(10)]
    ended = frames.cut(b"\nHOME 3\n" + b"y" * 101 + b"\n")

    assert [cut.oversized for cut in endless] == [0] * 10
    assert ended.oversized == 2
    assert ended.frames == [b"HOME 3"]


def test_utf_16_is_found_by_its_mark_and_cut_between_its_characters() -> None:
    text = "MÜLLER 9.58\r\n\u0a0d BOLT 9.63\r\n"

    found = heard([b"\xff\xfe" + text.encode("utf-16-le")], LINE_ENDS, "auto", 100)[0]

    assert [frame.decode() for frame in found] == ["MÜLLER 9.58", "\u0a0d BOLT 9.63"]


def test_a_named_encoding_needs_no_mark() -> None:
    found = heard(["É 1\r\n".encode("utf-16-le")], LINE_ENDS, "utf-16-le", 100)[0]

    assert found == ["É 1".encode()]


@pytest.mark.parametrize("encoding", ["rot13", "base64", "idna", "unicode_escape", "no-such", ""])
def test_what_is_no_encoding_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match='Expected `encoding` to be "auto"'):
        refuse_bad_encoding(encoding)


@pytest.mark.parametrize("encoding", ["auto", "utf-16le", "UTF-8", "latin1", "cp1252", "cp932"])
def test_encodings_of_text_are_taken(encoding: str) -> None:
    refuse_bad_encoding(encoding)
