"""Segments of a connection: what is asked of the kernel, what it is told, and what is logged."""

import contextlib
import logging
import math
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

from agent.mqtt.paths import LOOK_EVERY_S, REPEATS_IN_VAIN, SEGMENT_BYTES, Paths
from agent.mqtt.segments import SILENT, WHY, Segments, has_arrived, keep_small, note_loss
from tests.agent.checks.peers import LOOPBACK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")

NOW = 100.0
LARGE = 4_000
IP_MTU_DISCOVER, NEVER_SPLIT, MAY_SPLIT = 10, 2, 0  # linux/in.h


class Told(socket.socket):
    """A socket whose kernel tells what the test says; ``queued`` bytes wait in it."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock.family, sock.type, fileno=sock.detach())
        self.queued = 0
        self.repeats = 0
        self.acknowledged = 0
        self.data_ms = self.ack_ms = 0
        self.length = 256
        self.asked = 0

    def getsockopt(self, *asked: int) -> bytes:  # type: ignore[override]
        self.asked += 1
        info = bytearray(256)  # struct tcp_info, linux/tcp.h
        info[2] = self.repeats
        struct.pack_into("=I", info, 16, 1_448)
        struct.pack_into("=II", info, 52, self.data_ms, self.ack_ms)
        struct.pack_into("=Q", info, 120, self.acknowledged)
        return bytes(info[: min(self.length, asked[2])])


@contextlib.contextmanager
def connected(address: str, family: socket.AddressFamily) -> Iterator[Told]:
    with socket.create_server((address, 0), family=family) as listening:
        near = socket.create_connection(listening.getsockname()[:2])
        far, _ = listening.accept()
    with far, Told(near) as made:
        yield made


@pytest.fixture(autouse=True)
def _queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.mqtt.segments.queued_bytes", lambda sock: sock.queued)


@pytest.fixture
def told() -> Iterator[Told]:
    with connected(LOOPBACK, socket.AF_INET) as made:
        made.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, NEVER_SPLIT)
        yield made


@pytest.fixture
def paths() -> Paths:
    return Paths()


def may_split(sock: socket.socket) -> bool:
    kept = socket.socket.getsockopt(sock, socket.IPPROTO_IP, IP_MTU_DISCOVER)
    return kept == MAY_SPLIT


def write(told: Told, segments: Segments, now: float) -> None:
    """Have much written."""
    segments.before_write(LARGE, now)
    told.queued += LARGE


def lose(told: Told, segments: Segments, now: float) -> bool:
    """Have a large write repeated in vain; return whether the connection is to be left."""
    told.repeats += REPEATS_IN_VAIN
    return segments.advance(now)


def test_lost_large_write_is_split_and_said_once(
    told: Told, paths: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    segments = Segments(told, paths, NOW)
    write(told, segments, NOW)
    before = may_split(told)

    is_over = [lose(told, segments, NOW + 1.0), lose(told, segments, NOW + 2.0)]

    assert is_over == [False, True]
    assert (before, may_split(told)) == (False, True)
    assert caplog.messages == ["segments_made_small"]
    assert paths.is_narrow(LOOPBACK, NOW + 2.0)
    fields = vars(caplog.records[0])["venuewatch_fields"]
    assert (fields["broker"], fields["why"]) == (LOOPBACK, WHY)
    assert "docs/networks.md" in fields["do"]


def test_connection_whose_packets_none_may_split_is_left_at_once(paths: Paths) -> None:
    with contextlib.ExitStack() as stack:
        try:
            told = stack.enter_context(connected("::1", socket.AF_INET6))
        except OSError:
            pytest.skip("no IPv6 here")
        segments = Segments(told, paths, NOW)
        write(told, segments, NOW)

        assert lose(told, segments, NOW + 1.0)
        assert paths.is_narrow("::1", NOW + 1.0)


@pytest.mark.parametrize(("data_ms", "is_lossy"), [(100, True), (1_000, False)])
def test_peer_is_heard_by_data_that_acknowledges_nothing(
    told: Told, paths: Paths, data_ms: int, *, is_lossy: bool
) -> None:
    segments = Segments(told, paths, NOW)
    write(told, segments, NOW)
    told.data_ms, told.ack_ms = data_ms, 1_000

    lose(told, segments, NOW + 1.0)

    assert paths.is_narrow(LOOPBACK, NOW + 1.0) is is_lossy


def test_silence_from_the_first_large_write_to_the_end_is_remembered(
    told: Told, paths: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    segments = Segments(told, paths, NOW)
    write(told, segments, NOW)
    told.repeats = 1
    segments.advance(NOW + LOOK_EVERY_S)

    segments.ended(NOW + 10.0)

    assert paths.is_narrow(LOOPBACK, NOW + 10.0)
    assert vars(caplog.records[0])["venuewatch_fields"]["why"] == SILENT


def test_end_of_a_connection_whose_large_writes_arrived_is_none_of_the_path(
    told: Told, paths: Paths, caplog: pytest.LogCaptureFixture
) -> None:
    segments = Segments(told, paths, NOW)
    write(told, segments, NOW)
    told.acknowledged, told.queued = LARGE, 0
    segments.advance(NOW + LOOK_EVERY_S)
    told.repeats = 9
    write(told, segments, NOW + 10.0)
    next_at = segments.next_at

    segments.ended(NOW + 20.0)

    assert next_at == math.inf
    assert not paths.is_narrow(LOOPBACK, NOW + 20.0)
    assert not caplog.messages


def test_certificate_of_our_own_is_watched_that_was_sent_before(told: Told, paths: Paths) -> None:
    told.queued = LARGE
    segments = Segments(told, paths, NOW)

    lose(told, segments, NOW + 1.0)

    assert paths.is_narrow(LOOPBACK, NOW + 1.0)


def test_nothing_is_looked_at_before_its_time(told: Told, paths: Paths) -> None:
    segments = Segments(told, paths, NOW)
    write(told, segments, NOW)
    told.repeats = REPEATS_IN_VAIN

    assert segments.next_at == NOW + LOOK_EVERY_S
    assert not segments.advance(NOW + LOOK_EVERY_S / 2)
    assert not paths.is_narrow(LOOPBACK, NOW)


def test_kernel_that_tells_less_is_asked_once(told: Told, paths: Paths) -> None:
    told.length = 104  # Linux before 4.2
    segments = Segments(told, paths, NOW)
    told.length = 256

    write(told, segments, NOW + 1.0)

    assert segments.next_at == math.inf
    assert told.asked == 1


def test_without_a_socket_nothing_is_known(paths: Paths) -> None:
    segments = Segments(None, paths, NOW)

    segments.before_write(LARGE, NOW)
    segments.ended(NOW)

    assert (segments.next_at, segments.advance(NOW + 9.0)) == (math.inf, False)


def test_another_hour_is_said_again(paths: Paths, caplog: pytest.LogCaptureFixture) -> None:
    for at in (NOW, NOW + 10.0, NOW + 7_200.0):
        note_loss(paths, LOOPBACK, WHY, at)

    assert caplog.messages == ["segments_made_small"] * 2


@pytest.mark.parametrize(("acknowledged", "is_there"), [(0, False), (1, False), (2, True)])
def test_beginning_of_a_connection_is_nothing_that_was_written(
    told: Told, acknowledged: int, *, is_there: bool
) -> None:
    told.acknowledged = acknowledged

    assert has_arrived(told) is is_there


def test_small_segments_are_asked_of_the_peer_too() -> None:
    with socket.create_server((LOOPBACK, 0)) as listening, socket.socket() as near:
        near.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, NEVER_SPLIT)
        keep_small(near)
        near.connect(listening.getsockname())
        far, _ = listening.accept()
        with far:
            sizes = [each.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) for each in (near, far)]
        is_split = may_split(near)

    assert max(sizes) <= SEGMENT_BYTES
    assert min(sizes) >= SEGMENT_BYTES - 12  # less the time stamps
    assert is_split, "a path may be narrower than that"
