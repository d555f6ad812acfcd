"""Options of a connection, on real sockets and on objects that are none."""

import socket
import sys
from collections.abc import Iterator

import pytest

from agent.mqtt.thin_tcp import Connection, give_up_after

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")


class Told(socket.socket):
    def __init__(self, sock: socket.socket) -> None:
        super().__init__(fileno=sock.detach())
        self.acknowledged = 1
        self.least_round_trip_us = 0
        self.length = 152
        self.asked = 0

    def getsockopt(self, *asked: int) -> bytes:  # type: ignore[override]
        self.asked += 1
        info = bytearray(152)  # struct tcp_info, linux/tcp.h
        info[120:128] = self.acknowledged.to_bytes(8, sys.byteorder)
        info[148:152] = self.least_round_trip_us.to_bytes(4, sys.byteorder)
        return bytes(info[: min(self.length, asked[2])])


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    near.settimeout(10.0)
    far.settimeout(10.0)
    with near, far:
        yield near, far


@pytest.fixture
def told(pair: tuple[socket.socket, socket.socket]) -> Iterator[Told]:
    with Told(pair[0]) as told:
        yield told


@linux_only
def test_the_round_trip_is_the_least_that_the_kernel_has_measured(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    connection = Connection(near)
    near.sendall(b"!")
    far.sendall(far.recv(1))  # acknowledges it
    near.recv(1)

    connection.wrote()

    assert connection.round_trip_s is not None
    assert 0.0 < connection.round_trip_s < 5.0
    assert connection.is_acknowledged()
    assert connection.is_thin


@linux_only
def test_a_beat_is_acknowledged_once_the_peer_has_all_that_was_written_up_to_it(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(told)
    monkeypatch.setattr(connection, "_queued", lambda: 150)
    told.acknowledged = 1_000
    is_acknowledged = []

    connection.wrote()
    for told.acknowledged in (1_000, 1_149, 1_150, 1_300):
        is_acknowledged.append(connection.is_acknowledged())

    assert is_acknowledged == [False, False, True, True]


@linux_only
def test_before_the_first_beat_nothing_is_waited_for(told: Told) -> None:
    connection = Connection(told)

    is_acknowledged = connection.is_acknowledged()

    assert (is_acknowledged, told.asked) == (True, 1)  # once, whether it can be told at all


@linux_only
@pytest.mark.parametrize(("least_us", "known"), [(0, None), (580_000, 0.58), (2**32 - 1, None)])
def test_the_round_trip_is_unknown_while_the_kernel_has_none(
    told: Told, least_us: int, known: float | None
) -> None:
    connection = Connection(told)
    told.least_round_trip_us = least_us

    connection.wrote()

    assert connection.round_trip_s == known


@linux_only
def test_a_kernel_that_tells_less_has_streams_as_any(told: Told) -> None:
    """Linux before 4.6: its agents need the margin of those who can't tell what was lost."""
    told.least_round_trip_us, told.length = 580_000, 148
    connection = Connection(told)

    connection.wrote()

    assert (connection.is_thin, connection.round_trip_s) == (False, None)
    assert connection.is_acknowledged()


@linux_only
def test_where_acknowledged_bytes_are_not_counted_an_empty_queue_says_the_same(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.acknowledged = 0
    connection = Connection(told)
    queued = [100, 100, 0]
    monkeypatch.setattr(connection, "_queued", lambda: queued.pop(0))

    connection.wrote()

    assert [connection.is_acknowledged(), connection.is_acknowledged()] == [False, True]


def test_on_another_system_nothing_is_asked_and_beats_go_out_at_once(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    connection = Connection(told)

    connection.wrote()

    assert connection.is_acknowledged()
    assert (told.asked, connection.round_trip_s, connection.is_thin) == (0, None, False)


@linux_only
def test_a_connection_that_sends_in_vain_is_given_up_by_the_kernel(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, _ = pair

    give_up_after(near, 7.5)

    assert near.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7_500


def test_a_closed_connection_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    connection = Connection(near)
    connection.wrote()
    far.close()
    near.close()

    connection.wrote()

    assert connection.is_acknowledged()


def test_what_only_wraps_a_socket_is_left_alone() -> None:
    connection = Connection(object())

    connection.wrote()

    assert connection.is_acknowledged()
    assert (connection.round_trip_s, connection.is_thin) == (None, False)
