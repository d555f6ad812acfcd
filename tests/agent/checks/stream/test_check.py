"""A stream over real sockets: a decoder that answers, a box that dials, and hostile ones."""

import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from agent.checks.ways import Heard, Piece
from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, made, read, read_until, refused_port
from tests.agent.checks.stream.scene import Scene


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


def test_a_decoder_that_speaks_when_asked_is_asked(held: ExitStack) -> None:
    listener = held.enter_context(socket.create_server((LOOPBACK, 0)))
    listener.settimeout(PATIENCE_S)
    check = made(
        "stream",
        connect=f"{LOOPBACK}:{listener.getsockname()[1]}",
        send="GETSTATUS\r\n",
        ends="$",
        answers={"@Ping@": "me@AckPing@$"},
        number={"regex": r"^Passing@(\d+)"},
    )
    held.callback(check.close)
    check.read()
    decoder = held.enter_context(listener.accept()[0])
    decoder.settimeout(PATIENCE_S)
    asked = decoder.recv(100)

    decoder.sendall(b"Passing@7@$@Ping@$Passing@8@$")
    reading = read_until(check, lambda reading: reading.values.results_last_number == 8)

    assert asked == b"GETSTATUS\r\n"
    assert decoder.recv(100) == b"me@AckPing@$"
    assert reading.state == "flowing"


def test_a_box_that_dials_is_followed(held: ExitStack) -> None:
    port = refused_port()
    check = made("stream", listen=f"{LOOPBACK}:{port}", number={"json": "/n"})
    held.callback(check.close)
    box = held.enter_context(socket.create_connection((LOOPBACK, port), PATIENCE_S))

    box.sendall(b'{"n": 7}\r\n')
    reading = read_until(check, lambda reading: reading.values.results_last_number is not None)

    assert (reading.state, reading.values.results_last_number) == ("flowing", 7)


def test_a_port_that_is_taken_is_critical_until_it_is_free(held: ExitStack) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        check = made("stream", listen=f"{LOOPBACK}:{port}")
        held.callback(check.close)
        taken = check.read()
    free = check.read()

    assert taken.state == "critical"
    assert taken.detail.startswith(f"127.0.0.1, port {port}: ")
    assert free.state == "unknown"


def test_a_peer_that_is_not_allowed_is_told_and_hung_up_on(held: ExitStack) -> None:
    port = refused_port()
    check = made("stream", listen={"address": f"{LOOPBACK}:{port}", "peers": ["10.1.0.30"]})
    held.callback(check.close)
    stranger = held.enter_context(socket.create_connection((LOOPBACK, port), PATIENCE_S))
    stranger.sendall(b"*\r")

    reading = read_until(check, lambda reading: bool(reading.values.results_unauthorized_total))

    assert reading.state == "unknown"
    assert "refused: 127.0.0.1 is not among `peers`" in reading.detail


def test_a_source_that_can_not_be_reached_is_said_in_time() -> None:
    reading = read("stream", connect=f"{LOOPBACK}:{refused_port()}")

    assert reading.state == "unknown"
    assert reading.detail.startswith("nothing heard yet; nothing listens there; since ")


def test_a_frame_without_an_end_takes_bounded_memory() -> None:
    scene = Scene({"max_frame_bytes": 65_536, "silence_limit_s": 30.0})
    piece = bytes(range(32, 127)) * 690
    scene.says(piece)
    tracemalloc.start()
    try:
        for _ in range(100):
            scene.says(piece, piece)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    reading = scene.says(b"\rHOME 3\r")

    assert grown < 1_000_000
    assert reading.values.results_oversized_total == 1
    assert reading.values.results_messages_total == 1


def test_a_flood_without_an_end_is_delayed_in_time() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    piece = Piece(b"".join(b"N%d\r" % n for n in range(1_000)), source="1")
    flood = Heard([piece], unread=1)
    scene.way.next = [flood] * 1_000_000
    scene.follower._timeout_s = 0.2  # noqa: SLF001

    reading = scene.read()

    assert reading.state == "delayed"
    assert scene.way.next  # hours of it were left for the next reading


def test_a_flood_of_messages_takes_bounded_memory() -> None:
    scene = Scene({"number": {"regex": r"^N(\d+)"}})
    flood = b"".join(b"N%d\r" % n for n in range(2_500))
    tracemalloc.start()
    try:
        reading = scene.says(*[flood] * 4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert reading.values.results_messages_total == 10_000
    assert peak < 3_000_000
