"""Visitors of the web port who mean no good, from many addresses of the loopback.

Those who hang ask for a page and read nothing of it. Those who say half send half a request. Who is
closed comes again at once, for as long as the block runs.
"""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

from bench.kit.processes import LOOPBACK

HANG = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"GET /metrics HTTP/1.1\r\nHost: lo"

_TURN_S = 0.2
_AT_ONCE = 200  # connections that come again in one turn


class Visitors:
    """So many visitors of ``port`` who say the same; ``came`` counts their connections.

    ``network``: the third number of their addresses, of which there are ``addresses``.
    """

    def __init__(self, port: int, said: bytes, count: int, network: int, addresses: int) -> None:
        self.came = 0
        self._port = port
        self._said = said
        self._count = count
        self._froms = [f"127.0.{network}.{1 + at}" for at in range(addresses)]
        self._open: dict[int, socket.socket] = {}
        self._poll = select.poll()

    def visit(self, stop: threading.Event) -> None:
        """Come, and come again, until ``stop`` is set."""
        try:
            while not stop.wait(_TURN_S):
                self._drop_ended()
                for _ in range(min(_AT_ONCE, self._count - len(self._open))):
                    self._come()
        finally:
            for sock in self._open.values():
                sock.close()

    def _come(self) -> None:
        sock = socket.socket()
        try:
            sock.settimeout(1.0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.bind((self._froms[self.came % len(self._froms)], 0))
            sock.connect((LOOPBACK, self._port))
            sock.sendall(self._said)
        except OSError:
            sock.close()
            return
        self.came += 1
        self._open[sock.fileno()] = sock
        self._poll.register(sock, select.POLLRDHUP)

    def _drop_ended(self) -> None:
        for number, _ in self._poll.poll(0):
            self._poll.unregister(number)
            self._open.pop(number).close()


@contextlib.contextmanager
def visiting(*visitors: Visitors) -> Iterator[None]:
    """Let visitors come while the block runs."""
    stop = threading.Event()
    threads = [threading.Thread(target=each.visit, args=(stop,)) for each in visitors]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
