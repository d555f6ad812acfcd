"""Runs the targets of an agent's checks on the loopback: name, web and TLS servers."""

import contextlib
import http.server
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

from bench.kit.mosquitto import Certificates

NAME = "results.example.org"
ADDRESS = "192.0.2.10"
PAGE = b"ready\n"

_HEADER_BYTES = 12
_ANSWER_FLAGS = 0x8180  # an answer without error, recursion desired and available
_TTL_S = 60
_HANDSHAKE_S = 10.0


class _Names(socketserver.BaseRequestHandler):
    """Answers every question with one A record."""

    def handle(self) -> None:
        asked, sock = self.request
        question = asked[_HEADER_BYTES : asked.index(b"\0", _HEADER_BYTES) + 5]  # type and class
        header = asked[:2] + struct.pack("!HHHHH", _ANSWER_FLAGS, 1, 1, 0, 0)
        record = struct.pack("!HHHIH", 0xC000 | _HEADER_BYTES, 1, 1, _TTL_S, 4)
        answer = header + question + record + socket.inet_aton(ADDRESS)
        sock.sendto(answer, self.client_address)


class _Web(http.server.BaseHTTPRequestHandler):
    """Has one page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Tls(socketserver.BaseRequestHandler):
    """Shakes hands, and waits until the other one hangs up."""

    context: ssl.SSLContext

    def handle(self) -> None:
        self.request.settimeout(_HANDSHAKE_S)
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(self.request, server_side=True) as sock,
        ):
            sock.recv(1)


def name_server() -> AbstractContextManager[int]:
    """Answer questions over UDP; yield the port."""
    return _serving(socketserver.UDPServer(("127.0.0.1", 0), _Names))


def web_server() -> AbstractContextManager[int]:
    """Serve one page; yield the port."""
    return _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web))


def tls_server(made: Certificates) -> AbstractContextManager[int]:
    """Shake hands with every client; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server_chain, made.server_key)
    handler = type("_TlsWithContext", (_Tls,), {"context": context})
    return _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler))


@contextlib.contextmanager
def _serving(server: socketserver.UDPServer | socketserver.TCPServer) -> Iterator[int]:
    """Serve in a thread while the block runs; yield the port."""
    thread = threading.Thread(target=server.serve_forever, name="target", daemon=True)
    with server:
        thread.start()
        try:
            yield int(server.socket.getsockname()[1])
        finally:
            server.shutdown()
            thread.join()
