"""The check says what a source has to be told, and answers its questions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.ways import Heard, Piece
from tests.agent.checks.stream.scene import Scene


def test_what_is_sent_once_connected_goes_to_each_new_stream() -> None:
    scene = Scene({"send": "GETSTATUS\r\n"})

    scene.hears(begun=["1"])
    scene.hears(begun=["2"])
    scene.read()

    assert scene.way.said == [(b"GETSTATUS\r\n", "1"), (b"GETSTATUS\r\n", "2")]


def test_what_answers_at_once_is_heard_in_the_same_reading() -> None:
    scene = Scene({"send": "GETSTATUS\r\n"})
    scene.way.next = [Heard(begun=["1"]), Heard([Piece(b"STATUS;1\r\n", source="1")])]

    assert scene.read().state == "flowing"


def test_what_is_sent_again_is_sent_when_it_is_due() -> None:
    scene = Scene({"send": "GETSTATUS\r\n", "send_every_s": 30.0})
    scene.hears(begun=["1"])

    for _ in range(7):
        scene.read(10.0)

    assert scene.way.said == [(b"GETSTATUS\r\n", "1")] + [(b"GETSTATUS\r\n", "")] * 2


def test_why_a_source_is_not_reached_is_told_before_what_could_not_be_sent() -> None:
    scene = Scene({"send": "GETSTATUS\r\n", "send_every_s": 30.0})
    scene.way.failure = "it is not connected"
    scene.wait(30.0)

    told = scene.hears(trouble="nothing listens there")
    scene.wait(30.0)
    unsaid = scene.hears()

    assert "; nothing listens there; since" in told.detail
    assert "; it is not connected; since" in unsaid.detail


def test_a_message_that_fits_is_answered_in_its_own_stream() -> None:
    scene = Scene({"ends": "$", "answers": {"@Ping@": "me@AckPing@$", "Hello.*": "Hi$"}})

    scene.hears(
        pieces=[
            Piece(b"@Ping@$@Ping@$Passing@1@$", source="1"),
            Piece(b"Hello you$", source="2"),
            Piece(b"@Ping", source="2"),
        ]
    )

    assert scene.way.said == [(b"me@AckPing@$", "1"), (b"Hi$", "2")]


def test_bytes_that_are_no_text_are_not_answered() -> None:
    scene = Scene({"answers": {".*": "Hi"}})

    reading = scene.sends(bytes(range(1, 9)) * 40)

    assert reading.state == "flowing"
    assert scene.way.said == []


def test_a_stream_that_ended_leaves_no_half_of_a_message() -> None:
    scene = Scene({"number": {"regex": r"N(\d+)"}})
    scene.hears(pieces=[Piece(b"N1\rN9999", source="1")], ended=["1"])

    reading = scene.says(b"9\r", source="1")

    assert reading.values.results_last_number == 1


def test_streams_are_not_mixed() -> None:
    scene = Scene({"number": {"regex": r"^N(\d+)$"}})

    reading = scene.hears(
        pieces=[Piece(b"N1", source="1"), Piece(b"N70\r", source="2"), Piece(b"00\r", source="1")]
    )

    assert reading.values.results_last_number == 100


def test_a_body_is_one_message_unless_ends_are_said() -> None:
    body = b'{"n":\r\n 7}\r\n'

    whole = Scene({"number": {"json": "/n"}}).sends(body)
    split = Scene({"number": {"json": "/n"}, "ends": "\n"}).sends(b'{"n": 7}\n{"n": 8}')

    assert whole.values.results_last_number == 7
    assert split.values.results_last_number == 8
    assert split.values.results_messages_total == 2


@pytest.mark.parametrize("blank", [b"", b"\n", b"\r\0", b"\r\0\n\0"])
def test_a_datagram_without_content_is_life_and_no_message(blank: bytes) -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.sends(b"HOME 3")
    for _ in range(10):
        scene.wait(20.0)
        reading = scene.sends(blank)

    assert reading.state == "flowing"
    assert reading.values.results_messages_total == 1
    assert "last good message 12:00:00" in reading.detail


@pytest.mark.parametrize("blank", [b"", b"\r\n"])
def test_a_page_without_content_is_broken(blank: bytes) -> None:
    scene = Scene({"silence_limit_s": 30.0, "latency_limit_s": 50.0}, sees_all=False)
    scene.sends(b"HOME 3")
    states = []
    for _ in range(4):
        scene.wait(20.0)
        reading = scene.sends(blank)
        states.append(reading.state)

    assert states == ["flowing", "flowing", "flowing", "delayed"]
    assert reading.detail.startswith("nothing but broken messages for 60 s")
    assert "4 broken: is empty" in reading.detail


def test_a_file_can_tell_by_its_name() -> None:
    scene = Scene({"number": {"file_name": r"^(\d+)-"}})

    assert scene.sends(b"...", name="012-1-F.lif").values.results_last_number == 12


def test_a_body_over_the_limit_is_counted_and_not_read() -> None:
    scene = Scene({"number": {"json": "/n"}, "max_frame_bytes": 100})

    reading = scene.sends(b'{"n": 7, "names": "%s"}' % (b"x" * 200))

    assert reading.state == "flowing"
    assert reading.values.results_oversized_total == 1
    assert reading.values.results_last_number is None


def test_a_pattern_that_explodes_is_unknown_and_said() -> None:
    scene = Scene({"number": {"regex": r"^(a+)+$"}})

    reading = scene.says(b"a" * 40 + b"!\r")

    assert reading.state == "unknown"
    assert "matching '^(a+)+$'" in reading.detail
    assert "; since 12:00:00 UTC, no good message yet" in reading.detail


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_any_bytes_in_any_pieces_mean_the_same(stream: bytes, cuts: list[int]) -> None:
    talk = {"number": {"json": "/n"}, "clock": {"columns": [1, 5]}, "max_frame_bytes": 64}
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    pieces = [stream[begin:end] for begin, end in pairwise(places)]

    whole = Scene(talk).says(stream) if stream else Scene(talk).says()

    assert Scene(talk).says(*pieces) == whole


def test_what_is_held_is_released() -> None:
    scene = Scene()

    scene.follower.close()

    assert scene.way.is_closed


@given(
    st.lists(st.binary(max_size=200), max_size=4), st.sampled_from(["auto", "utf-16le", "ascii"])
)
def test_any_bodies_leave_a_reading(bodies: list[bytes], encoding: str) -> None:
    scene = Scene(
        {
            "number": {"json": "/n"},
            "clock": {"columns": [1, 5]},
            "running": {"xml": "Clock@Running"},
            "stamp": {"file_name": "(.*)"},
            "answers": {"Ping": "Pong"},
            "encoding": encoding,
        }
    )

    reading = scene.sends(*bodies, name="2024-08-03 12:00:00")

    assert reading.state in {"flowing", "unknown"}
    assert "\n" not in reading.detail
