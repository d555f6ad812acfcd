"""Stream of a server, as a check's websocket takes it, from its answer to the handshake on."""

from collections.abc import Sequence

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

from agent.checks.net.url import parse
from agent.checks.net.websocket import Websocket

ERRORS = ()

_STEP = 89
_MAX_BYTES = 4096


def read(data: bytes) -> None:
    """Take the bytes in pieces; the server shakes hands first if the first byte is odd."""
    client = Websocket(parse("http://hall/live"), {}, (), _MAX_BYTES)
    if data and data[0] & 1:
        client.receive(_said_by(_server_of(client.hello), AcceptConnection()))
    for at in range(1, len(data), _STEP):
        received = client.receive(data[at : at + _STEP])
        if any(len(each) > _MAX_BYTES for each in received.messages):
            raise AssertionError("a message is larger than it may be")
        if received.ended:
            return


def seeds() -> Sequence[bytes]:
    """Return texts, bytes, fragments, a ping and a farewell, and answers that open nothing."""
    hello = Websocket(parse("http://hall/live"), {}, (), _MAX_BYTES).hello
    server = _server_of(hello)
    _said_by(server, AcceptConnection())
    said = _said_by(
        server,
        TextMessage('{"clock": "12:31"}'),
        TextMessage("in two ", message_finished=False),
        Ping(b"still there?"),
        TextMessage("parts"),
        BytesMessage(b"\0" * 5000),
        CloseConnection(1001, "later"),
    )
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    compressed = b"\xc1\x05\x00\x01\x02\x03\x04"
    return [b"\1" + said, b"\1" + compressed, b"\0" + refused, b"\0" + switching]


def _server_of(hello: bytes) -> WSConnection:
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(hello)
    assert [type(event) for event in server.events()] == [Request]  # noqa: S101 - ours
    return server


def _said_by(server: WSConnection, *events: Event) -> bytes:
    return b"".join(server.send(event) for event in events)
