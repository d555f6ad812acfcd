"""HTTP proxies for tests: each is a script for ``tcp_peer``."""

import contextlib
import select
import socket
import sys
import threading

from tests.agent.checks.peers import LOOPBACK, PATIENCE_S, Script

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
_LOOK_EVERY_S = 0.05


class PlayedProxy:
    """A proxy that lets everybody through to one port, whatever they ask for.

    Attributes:
        asked: the questions so far.
        is_cut: while it is set, tunnels end, and questions are answered 502.
    """

    def __init__(self, port: int, *, address: str = LOOPBACK) -> None:
        self._place = (address, port)
        self.asked: list[bytes] = []
        self.is_cut = threading.Event()

    def __call__(self, conn: socket.socket, over: threading.Event) -> None:
        """Serve one connection."""
        self.asked.append(_question_on(conn))
        if self.is_cut.is_set():
            conn.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(self._place, PATIENCE_S) as there:
            conn.sendall(OPEN)
            ends = {conn: there, there: conn}
            while not (over.is_set() or self.is_cut.is_set()):
                for sock in select.select(list(ends), [], [], _LOOK_EVERY_S)[0]:
                    data = sock.recv(65_536)
                    if not data:
                        return
                    ends[sock].sendall(data)


def refusing(answer: bytes) -> Script:
    """Return a proxy that answers each question so."""

    def serve(conn: socket.socket, _over: threading.Event) -> None:
        _question_on(conn)
        conn.sendall(answer)

    return serve


def _question_on(conn: socket.socket) -> bytes:
    question = b""
    while not question.endswith(b"\r\n\r\n"):
        piece = conn.recv(4_096)
        if not piece:
            break
        question += piece
    return question


def main() -> None:
    """Be a proxy to a broker, by its address, its port and our own port, until killed."""
    address, port, own_port = sys.argv[1:]
    proxy, over = PlayedProxy(int(port), address=address), threading.Event()

    def serve(conn: socket.socket) -> None:
        with conn, contextlib.suppress(OSError):
            conn.settimeout(PATIENCE_S)
            proxy(conn, over)

    with socket.create_server(("", int(own_port))) as listening:
        while True:
            conn, _ = listening.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    main()
