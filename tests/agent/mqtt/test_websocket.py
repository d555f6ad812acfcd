"""A websocket to a scripted server: what it asks for, and what each answer leads to."""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)

from agent import config
from agent.mqtt.connecting import stream_to
from agent.mqtt.websocket import Websocket, authority

PATIENCE_S = 10.0

Script = Callable[[socket.socket], None]


@contextlib.contextmanager
def served(serve: Script) -> Iterator[int]:
    """Let ``serve`` have the first connection, in a thread; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.settimeout(PATIENCE_S)
                serve(peer)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(PATIENCE_S)


@contextlib.contextmanager
def opened(port: int, *, timeout_s: float = PATIENCE_S) -> Iterator[Websocket]:
    stream = stream_to(config.Place("127.0.0.1", port))
    with contextlib.closing(stream):
        yield Websocket(stream, "127.0.0.1", port, "/mqtt", timeout_s=timeout_s)


def accepted(peer: socket.socket, *events: Event) -> tuple[WSConnection, Request]:
    """Accept a websocket as a server does, and send ``events`` in the same segment."""
    server = WSConnection(ConnectionType.SERVER)
    while True:
        server.receive_data(peer.recv(4096))
        for event in server.events():
            if isinstance(event, Request):
                out = server.send(AcceptConnection(subprotocol="mqtt"))
                peer.sendall(out + b"".join(server.send(each) for each in events))
                return server, event


def read(websocket: Websocket) -> bytes:
    """Return what comes next."""
    while not (heard := websocket.read()):
        if not websocket.is_pending:
            select.select([websocket], [], [], PATIENCE_S)
    return heard


def answering(answer: bytes) -> Script:
    def serve(peer: socket.socket) -> None:
        peer.recv(4096)
        peer.sendall(answer)

    return serve


def test_request_names_subprotocol_host_and_origin() -> None:
    asked: list[Request] = []
    with served(lambda peer: asked.append(accepted(peer)[1])) as port, opened(port):
        pass

    (request,) = asked
    assert request.target == "/mqtt"
    assert request.subprotocols == ["mqtt"]
    assert request.host == f"127.0.0.1:{port}"
    assert (b"origin", f"http://127.0.0.1:{port}".encode()) in request.extra_headers


@pytest.mark.parametrize(
    ("scheme", "address", "port", "host"),
    [
        ("http", "mq.example", 8083, "mq.example:8083"),
        ("http", "mq.example", 80, "mq.example"),
        ("https", "mq.example", 443, "mq.example"),
        ("https", "mq.example", 80, "mq.example:80"),
        ("https", "fd00::1", 443, "[fd00::1]"),
        ("http", "fd00::1", 8083, "[fd00::1]:8083"),
    ],
)
def test_host_header_is_without_the_usual_port(
    scheme: str, address: str, port: int, host: str
) -> None:
    assert authority(scheme, address, port) == host


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "it opens no websocket: it answers 403"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 4\r\n\r\nmore",
            "it opens no websocket: it answers 301",
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "it is no websocket"),
        (b"HTTP/1.1 101 Switching\r\nConnection: \xe7\r\n\r\n", "expected an answer in ASCII"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "it is no websocket"),
        (b"\x00" * 70_000, "it is no websocket"),
        (b"", "the connection was closed"),
    ],
)
def test_server_that_opens_none_is_refused_with_its_answer(answer: bytes, why: str) -> None:
    with served(answering(answer)) as port, pytest.raises(OSError, match=why), opened(port):
        pass


def test_server_that_does_not_answer_is_given_up() -> None:
    may_end = threading.Event()

    with (
        served(lambda _peer: (may_end.wait(PATIENCE_S), None)[1]) as port,
        contextlib.ExitStack() as after,
    ):
        after.callback(may_end.set)
        with pytest.raises(TimeoutError), opened(port, timeout_s=0.05):
            pass


def test_path_that_http_does_not_allow_is_said() -> None:
    with served(lambda peer: (peer.recv(1), None)[1]) as port:
        stream = stream_to(config.Place("127.0.0.1", port))
        with (
            contextlib.closing(stream),
            pytest.raises(ValueError, match="expected a path without blanks"),
        ):
            Websocket(stream, "127.0.0.1", port, "/a b", timeout_s=PATIENCE_S)


@pytest.mark.parametrize("end", [CloseConnection(1000), TextMessage("no MQTT")])
def test_what_came_before_the_end_is_read_before_it(end: Event) -> None:
    with (
        served(lambda peer: (accepted(peer, BytesMessage(b"last"), end), None)[1]) as port,
        opened(port) as websocket,
    ):
        heard = read(websocket)

        with pytest.raises(ConnectionResetError, match="the websocket was closed"):
            read(websocket)
    assert heard == b"last"


def test_ping_of_a_proxy_is_answered_and_is_no_message() -> None:
    heard: list[bytes] = []

    def serve(peer: socket.socket) -> None:
        accepted(peer, Ping(b"are you there"))
        heard.append(peer.recv(4096))
        peer.recv(1)

    with served(serve) as port, opened(port) as websocket:
        if not heard:
            select.select([websocket], [], [], 0.0)
        came = websocket.read()

    assert came == b""
    assert heard[0][0] == 0x8A  # a pong, whole


def test_messages_go_both_ways_in_frames() -> None:
    def serve(peer: socket.socket) -> None:
        server, _ = accepted(peer)
        whole = b""
        while len(whole) < 100_000:
            server.receive_data(peer.recv(65_536))
            whole += b"".join(
                bytes(event.data) for event in server.events() if isinstance(event, BytesMessage)
            )
        half = len(whole) // 2
        peer.sendall(server.send(BytesMessage(whole[:half], message_finished=False)))
        peer.sendall(server.send(BytesMessage(whole[half:])))
        peer.recv(1)

    sent = bytes(range(250)) * 400
    came = b""
    with served(serve) as port, opened(port) as websocket:
        websocket.write(sent)
        while len(came) < len(sent):
            came += read(websocket)

    assert came == sent


def test_stray_bytes_of_a_server_end_the_websocket() -> None:
    def serve(peer: socket.socket) -> None:
        accepted(peer)
        peer.sendall(b"\xff" * 100)

    with (
        served(serve) as port,
        opened(port) as websocket,
        pytest.raises(ConnectionResetError, match="the websocket was closed"),
    ):
        read(websocket)
