"""Serves HTTP for the pushes of a results server, and for nothing else.

Each connection has a thread of its own, and there are few of them: one more is refused.
"""

import contextlib
import socket
import threading

from agent.checks.results_feed.pushes import Door, Hear, Pushes

__all__ = ["MAX_CONNECTIONS", "Door", "Receiver"]

MAX_CONNECTIONS = 16
_ACCEPT_S = 1.0
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Receiver:
    """Listens from its making until ``close``, and passes each push to ``hear``.

    ``hear`` is called from many threads. ``unauthorized`` counts refusals for the key.

    Raises:
        OSError: the address cannot be listened at.
    """

    def __init__(self, door: Door, hear: Hear) -> None:
        self._door = door
        self._hear = hear
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._is_closing = threading.Event()
        self.unauthorized = 0
        family = socket.AF_INET6 if ":" in door.address else socket.AF_INET
        self._listener = socket.create_server((door.address, door.port), family=family)
        self._listener.settimeout(_ACCEPT_S)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="feed-accept", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and close every connection."""
        self._is_closing.set()
        with contextlib.suppress(OSError):  # wakes it where the system can; else it looks each s
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(2 * _ACCEPT_S)
        with self._lock:
            for sock in self._connections:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with self._listener:
            while not self._is_closing.is_set():
                try:
                    sock, _ = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError:  # somebody came and went, or no descriptor is free
                    self._is_closing.wait(_ACCEPT_S)
                    continue
                self._admit(sock)

    def _admit(self, sock: socket.socket) -> None:
        with self._lock:
            is_full = len(self._connections) >= MAX_CONNECTIONS
            if not is_full:
                self._connections.add(sock)
        if is_full:
            with sock, contextlib.suppress(OSError):
                sock.settimeout(0)
                sock.send(_FULL if self._door.tls is None else b"")
            return
        # A daemon: a sender must not keep the agent from ending.
        thread = threading.Thread(target=self._serve, args=(sock,), name="feed-push", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            sock.close()
            with self._lock:
                self._connections.discard(sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            with sock, contextlib.suppress(OSError):  # the sender is gone, or too slow
                self._serve_over(sock)
        finally:
            with self._lock:
                self._connections.discard(sock)

    def _serve_over(self, sock: socket.socket) -> None:
        sock.settimeout(self._door.request_s)
        if self._door.tls is None:
            Pushes(sock, self._door, self._hear, self._count_refusal).serve()
            return
        # From here on ``sock`` is an empty shell, and only ``secured`` can be hung up on.
        with self._door.tls.wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False
        ) as secured:
            with self._lock:
                self._connections.symmetric_difference_update({sock, secured})
            try:
                secured.do_handshake()
                Pushes(secured, self._door, self._hear, self._count_refusal).serve()
            finally:
                with self._lock:
                    self._connections.symmetric_difference_update({sock, secured})

    def _count_refusal(self) -> None:
        with self._lock:
            self.unauthorized += 1
