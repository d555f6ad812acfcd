"""A session over a real socket: what breaks it is said, and never raises anything else."""

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator

import mqtt5
import pytest

from agent import config
from agent.mqtt.connecting import CONNECT_TIMEOUT_S, connect
from agent.mqtt.paths import Paths
from agent.mqtt.segments import Segments
from agent.mqtt.session import (
    FAREWELL_WITHIN_S,
    PARTED_WITHIN_S,
    Name,
    Session,
    SessionError,
)
from agent.mqtt.stream import Stream
from venuewatch.base import clock

# The codec panics over bytes that are no UTF-8, with an exception that nobody can catch.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PATIENCE_S = 10.0
TICK = mqtt5.PublishPacket("tick", b"1")


class Server:
    """A broker that a test drives: it accepts the session, or says nothing at all."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self.port = self._listening.getsockname()[1]
        self.peer: socket.socket
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        self.peer, _ = self._listening.accept()
        self.peer.settimeout(PATIENCE_S)
        self.peer.recv(4096)
        self.peer.sendall(self._answer)

    def say(self, packet: mqtt5.Packet) -> None:
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

    def read_until_end(self) -> list[object]:
        """Return the packets that come, up to the DISCONNECT, and hang up, as a broker does."""
        heard = b""
        while not heard.endswith(mqtt5.DisconnectPacket().write()) and (
            some := self.peer.recv(65_536)
        ):
            heard += some
        self.hang_up()
        packets: list[object] = []
        while heard:
            packet, size = mqtt5.read(memoryview(heard))
            heard = heard[size:]
            packets.append(packet)
        return packets

    def hang_up(self) -> None:
        self.peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._thread.join(PATIENCE_S)
        self.peer.close()
        self._listening.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(mqtt5.ConnAckPacket().write())
    yield server
    server.close()


@pytest.fixture
def silent_server() -> Iterator[Server]:
    server = Server(b"")
    yield server
    server.close()


def new_session(port: int) -> Session:
    where = config.Broker(port=port)
    return Session(
        where,
        connect(where, Paths(), config.Place("127.0.0.1", port)),
        name=Name("STA-1", ("death", b"lost")),
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
    """Replace our clock by one that a test sets."""
    now = [clock.monotonic()]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
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

    with pytest.raises(SessionError, match="the broker was silent for 10 s"):
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


def test_broker_that_answers_no_connect_is_given_up_in_time(
    time: list[float], silent_server: Server, wake: socket.socket
) -> None:
    session = new_session(silent_server.port)
    time[0] += CONNECT_TIMEOUT_S

    with pytest.raises(SessionError, match="accepted the connection and did not answer"):
        session.wait(3_600.0, wake)
    session.drop()


def test_connection_that_the_kernel_gave_up_says_that_nothing_arrived(
    session: Session, wake: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(_stream: Stream, _data: bytes) -> None:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(Stream, "write", give_up)
    session.publish("beat", b"0", qos=0)

    with pytest.raises(SessionError, match="nothing that was sent has arrived"):
        session.wait(PATIENCE_S, wake)


def test_session_is_left_once_large_packets_are_lost_for_good(
    session: Session, wake: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Segments, "next_at", 0.0)
    monkeypatch.setattr(Segments, "advance", lambda _segments, _now: True)

    with pytest.raises(SessionError, match="large packets to the broker are lost"):
        session.wait(0.0, wake)
    assert session.was_path_narrow


def test_reason_of_the_end_is_told_though_a_write_failed_first(
    server: Server, session: Session, wake: socket.socket
) -> None:
    reason = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
    server.say(mqtt5.DisconnectPacket(reason_code=reason))
    server.peer.close()
    for number in range(3):  # the first is answered by a reset
        session.publish("beat", b"%d" % number, qos=0)
    was_open = session.is_open

    with pytest.raises(SessionError, match="the broker ended the session: Session taken over"):
        session.wait(PATIENCE_S, wake)
    assert not was_open
    assert session.was_taken_over


def test_refused_subscription_is_logged_and_the_session_goes_on(
    server: Server, session: Session, wake: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    server.say(mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED]))

    session.wait(PATIENCE_S, wake)

    assert caplog.messages == ["subscription_refused"]
    assert session.is_open


def test_clean_end_waits_until_a_slow_network_took_it(server: Server, session: Session) -> None:
    session.publish("vitals", b"1" * 4_000_000, qos=0)
    was_congested = session.is_congested
    received: list[object] = []
    reading = threading.Thread(target=lambda: received.extend(server.read_until_end()))
    reading.start()

    server.say(TICK)  # unread, it must not cost what is on its way

    session.leave()
    reading.join(PATIENCE_S)

    assert was_congested
    assert isinstance(received[-1], mqtt5.DisconnectPacket)


def test_a_farewell_on_a_dead_connection_is_no_error(server: Server, session: Session) -> None:
    server.hang_up()

    session.close(("death", b"farewell"))

    assert not session.is_open


@pytest.mark.timed
def test_a_farewell_that_nobody_acknowledges_is_over_within_a_second(session: Session) -> None:
    begin = clock.monotonic()

    session.close(("death", b"farewell"))

    assert PARTED_WITHIN_S - 0.1 <= clock.monotonic() - begin < 1.0


def test_a_farewell_that_is_refused_is_not_waited_for(server: Server, session: Session) -> None:
    reading = threading.Thread(target=server.read_until_end)
    reading.start()
    refused = mqtt5.PubAckReasonCode.NOT_AUTHORIZED
    server.say(mqtt5.PubAckPacket(2, reason_code=refused))  # the session publishes nothing else

    begin = clock.monotonic()
    session.close(("death", b"farewell"))
    took_s = clock.monotonic() - begin
    reading.join(PATIENCE_S)

    assert took_s < FAREWELL_WITHIN_S


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
