"""A stream over a real socket: it never waits, loses nothing, and trusts nobody unknown."""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme

from agent import config
from agent.mqtt.connecting import stream_to
from agent.mqtt.stream import UNSENT_MAX_BYTES, Stream

PATIENCE_S = 10.0
SMALL_BUFFER = 16_384
LARGE = bytes(range(256)) * 12_000


@contextlib.contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Let ``serve`` have the first connection, in a thread; yield the port."""
    with socket.create_server(("localhost", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)

        def accept() -> None:
            peer, _ = listening.accept()
            with peer, contextlib.suppress(OSError):
                peer.settimeout(PATIENCE_S)
                serve(peer)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(PATIENCE_S)


@contextlib.contextmanager
def connected(port: int, context: ssl.SSLContext | None = None) -> Iterator[Stream]:
    stream = stream_to(config.Place("localhost", port), context)
    stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
    yield stream
    stream.close()


def read_all(peer: socket.socket, size: int) -> bytes:
    heard = b""
    while len(heard) < size:
        heard += peer.recv(65_536)
    return heard


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_what_the_network_does_not_take_at_once_follows(
    authority: trustme.CA, *, is_encrypted: bool
) -> None:
    may_read, has_read = threading.Event(), threading.Event()
    heard: list[bytes] = []

    def serve(peer: socket.socket) -> None:
        if is_encrypted:
            peer = server_context(authority, "localhost").wrap_socket(peer, server_side=True)
        with peer:
            may_read.wait(PATIENCE_S)
            heard.append(read_all(peer, len(LARGE)))
        has_read.set()

    context = trusting(authority) if is_encrypted else None
    with served(serve) as port, connected(port, context) as stream:
        stream.write(LARGE)
        was_congested = stream.wants_write
        may_read.set()
        while stream.wants_write:
            select.select([], [stream], [], PATIENCE_S)
            stream.flush()
        has_read.wait(PATIENCE_S)

    assert was_congested
    assert heard == [LARGE]


def test_other_side_that_reads_nothing_is_given_up() -> None:
    may_end = threading.Event()

    def serve(_peer: socket.socket) -> None:
        may_end.wait(PATIENCE_S)

    with served(serve) as port, connected(port) as stream:
        stream.write(bytes(UNSENT_MAX_BYTES))
        with pytest.raises(ConnectionAbortedError, match="does not read"):
            stream.write(bytes(UNSENT_MAX_BYTES))
        may_end.set()


def test_more_than_one_record_of_tls_is_pending_until_read(authority: trustme.CA) -> None:
    def serve(peer: socket.socket) -> None:
        with server_context(authority, "localhost").wrap_socket(peer, server_side=True) as secure:
            secure.sendall(LARGE)
            secure.recv(1)

    heard = b""
    with served(serve) as port, connected(port, trusting(authority)) as stream:
        while len(heard) < len(LARGE):
            if not stream.is_pending:
                select.select([stream], [], [], PATIENCE_S)
            heard += stream.read()
        stream.write(b"1")

    assert heard == LARGE


def test_certificate_of_another_name_is_not_trusted(authority: trustme.CA) -> None:
    def serve(peer: socket.socket) -> None:
        server_context(authority, "other.example").wrap_socket(peer, server_side=True)

    with (
        served(serve) as port,
        pytest.raises(ssl.SSLCertVerificationError),
        connected(port, trusting(authority)),
    ):
        pass


def test_certificate_of_the_client_is_shown(authority: trustme.CA) -> None:
    shown: list[object] = []

    def serve(peer: socket.socket) -> None:
        context = server_context(authority, "localhost")
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        with context.wrap_socket(peer, server_side=True) as secure:
            secure.recv(1)
            shown.append(secure.getpeercert())

    context = trusting(authority)
    authority.issue_cert("agent.example").configure_cert(context)
    with served(serve) as port, connected(port, context) as stream:
        stream.write(b"1")

    assert "agent.example" in str(shown)


def test_end_of_the_other_side_is_told_once_all_is_read() -> None:
    with served(lambda peer: peer.sendall(b"last")) as port, connected(port) as stream:
        select.select([stream], [], [], PATIENCE_S)
        heard = stream.read()
        select.select([stream], [], [], PATIENCE_S)

        with pytest.raises(ConnectionResetError):
            stream.read()
    assert heard == b"last"
