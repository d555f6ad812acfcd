"""A session over a real socket: what breaks it is said, and never raises anything else."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import mqtt5
import paho.mqtt.client as paho
import pytest

from agent import config
from agent.mqtt.session import Session, SessionError
from venuewatch.base import clock

PATIENCE_S = 10.0
TICK = mqtt5.PublishPacket("tick", b"1")


class Server:
    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.peer: socket.socket
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        self.peer, _ = self._listening.accept()
        self.peer.settimeout(PATIENCE_S)
        self.peer.recv(4096)
        self.peer.sendall(mqtt5.ConnAckPacket().write())

    def say(self, packet: mqtt5.PingRespPacket | mqtt5.PublishPacket) -> None:
        self.peer.sendall(packet.write())

    def read_until(self, payload: bytes) -> list[object]:
        """Return the packets that have come, up to the publication of ``payload``."""
        heard = b""
        packets: list[object] = []
        while True:
            heard += self.peer.recv(4096)
            with contextlib.suppress(IndexError):  # half a packet
                while heard:
                    packet, size = mqtt5.read(memoryview(heard))
                    heard = heard[size:]
                    packets.append(packet)
                    if getattr(packet, "payload", None) == payload:
                        return packets

    def hang_up(self) -> None:
        self.peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._thread.join(PATIENCE_S)
        self.peer.close()
        self._listening.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def new_session(port: int) -> Session:
    return Session(
        config.Broker(port=port),
        config.Place("127.0.0.1", port),
        client_id="STA-1",
        will=("death", b"lost"),
        subscriptions=["tick"],
        on_message=lambda _topic, _payload: None,
    )


@pytest.fixture
def wake() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


@pytest.fixture
def session(server: Server, wake: socket.socket) -> Iterator[Session]:
    session = new_session(server.port)
    while not session.is_open:
        session.wait(PATIENCE_S, wake)
    yield session
    session.drop()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace our clock and paho's by one that a test sets."""
    now = [clock.monotonic()]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    monkeypatch.setattr(paho, "time_func", lambda: now[0])
    return now


def pings(packets: list[object]) -> int:
    return sum(isinstance(packet, mqtt5.PingReqPacket) for packet in packets)


def test_connection_that_sends_and_receives_is_not_pinged(
    time: list[float], server: Server, session: Session, wake: socket.socket
) -> None:
    for second in range(20):
        time[0] += 1.0
        session.publish("beat", b"%d" % second, qos=0)
        server.say(TICK)
        session.wait(PATIENCE_S, wake)

    assert pings(server.read_until(b"19")) == 0


@pytest.mark.parametrize("is_sending", [False, True])
def test_silent_connection_is_pinged_each_keepalive(
    time: list[float], server: Server, session: Session, wake: socket.socket, *, is_sending: bool
) -> None:
    for half_second in range(21):
        time[0] += 0.5
        if is_sending:
            session.publish("beat", b"0", qos=0)
        session.wait(0.0, wake)
        if half_second == 9:  # 5 s
            server.say(mqtt5.PingRespPacket())
            session.wait(PATIENCE_S, wake)
    session.publish("beat", b"last", qos=0)

    assert pings(server.read_until(b"last")) == 2


def test_connection_that_answers_no_ping_is_given_up(
    time: list[float], session: Session, wake: socket.socket
) -> None:
    time[0] += 5.0
    session.wait(0.0, wake)
    time[0] += 4.9
    session.wait(0.0, wake)
    time[0] += 0.1

    with pytest.raises(SessionError, match="the link broke"):
        session.wait(0.0, wake)


def test_a_message_that_nobody_acknowledged_is_not_with_the_broker(session: Session) -> None:
    receipt = session.publish("vitals", b"1", qos=1, expiry_s=60)

    assert not receipt.is_published()


def test_what_is_published_on_a_dead_connection_is_not_with_the_broker(
    server: Server, session: Session, wake: socket.socket
) -> None:
    server.hang_up()
    with pytest.raises(SessionError, match="the link broke"):
        session.wait(PATIENCE_S, wake)

    receipts = [session.publish("vitals", b"1", qos=1) for _ in range(100)]

    assert not any(receipt.is_published() for receipt in receipts)
    assert not session.is_open


def test_a_farewell_on_a_dead_connection_is_no_error(server: Server, session: Session) -> None:
    server.hang_up()

    session.close(("death", b"farewell"))

    assert not session.is_open


def test_a_port_where_nobody_listens_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(SessionError, match="is the broker running"):
        new_session(port)


GARBAGE = {
    "a topic that is not UTF-8": b"\x30\x05\x00\x02\xff\xfe\x00",
    "a topic longer than the packet": b"\x30\x04\x00\xff\x61\x00",
    "an unknown property": b"\x30\x06\x00\x01a\x02\xfe\x00",
    "properties longer than the packet": b"\x30\x04\x00\x01a\x7f",
    "an empty publish": b"\x30\x00",
    "a subscription's answer without a word": b"\x90\x00",
    "a packet type that is reserved": b"\xf0\x00\x00\x00",
    "an acknowledgement of nothing": b"\x40\x01\x00",
    "a length without end": b"\x30\xff\xff\xff\xff\xff",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_from_a_broker_ends_the_session_and_not_the_agent(
    server: Server, session: Session, wake: socket.socket, garbage: bytes
) -> None:
    server.peer.sendall(garbage)
    server.hang_up()

    with pytest.raises(SessionError):
        wait_often(session, wake)


def wait_often(session: Session, wake: socket.socket) -> None:
    for _ in range(20):
        session.wait(PATIENCE_S, wake)
