"""Serves HTTP for the pushes of a results server, and for nothing else.

Each connection has a thread of its own, and there are few of them (``places.py``).
"""

import contextlib
import socket
import ssl
import threading

from agent.checks.reading.times import Deadline
from agent.checks.results_feed.door import Desk, Door, HttpError
from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.places import Place, Places
from agent.checks.results_feed.pushes import Line, Pushes, tls_refusal
from venuewatch.base import threads

__all__ = ["Desk", "Door", "Receiver"]

_ACCEPT_S = 1.0
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Receiver:
    """Listens from its making until ``close``, and passes each push to ``desk``.

    ``places`` are those of its connections.

    Raises:
        OSError: the address cannot be listened at.
    """

    def __init__(self, door: Door, desk: Desk) -> None:
        self._door = door
        self._desk = desk
        self.places = Places()
        self._is_closing = threading.Event()
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
        self.places.end_all()

    def _accept(self) -> None:
        with self._listener:
            while not self._is_closing.is_set():
                try:
                    sock, peer = self._listener.accept()
                except TimeoutError:
                    continue
                except OSError:  # somebody came and went, or no descriptor is free
                    self._is_closing.wait(_ACCEPT_S)
                    continue
                self._admit(sock, str(peer[0]))

    def _admit(self, sock: socket.socket, address: str) -> None:
        place = self.places.take(sock, address)
        if place is None:
            self._desk.refuse(_no_room())
            with sock, contextlib.suppress(OSError):
                sock.settimeout(0)
                sock.send(_FULL if self._door.tls is None else b"")
            return
        # A daemon: a sender must not keep the agent from ending.
        thread = threading.Thread(target=self._serve, args=(place,), name="feed-push", daemon=True)
        try:
            threads.begin(thread)
        except RuntimeError:  # the system gives no more
            self._desk.refuse(_no_room())
            sock.close()
            self.places.leave(place)

    def _serve(self, place: Place) -> None:
        try:
            with place.sock, contextlib.suppress(OSError):  # the sender is gone, or too slow
                self._serve_over(place)
        finally:
            self.places.leave(place)

    def _serve_over(self, place: Place) -> None:
        sock, door = place.sock, self._door
        first = Deadline(min(door.head_s, door.request_s, door.idle_s))
        sock.settimeout(first.left_s())
        ends = sock.getpeername()[0], sock.getsockname()[0]

        def note(is_waiting: bool) -> None:  # noqa: FBT001 - its only argument
            self.places.note(place, is_waiting=is_waiting)

        def refuse(error: FeedError) -> None:
            self._desk.refuse(_no_room() if place.is_ended else error)

        desk = Desk(self._desk.take, refuse)
        if door.tls is None:
            Pushes(Line(sock, *ends), door, desk, note, first).serve()
            return
        # From here on ``sock`` is an empty shell, and only ``secured`` can be hung up on.
        with door.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as secured:
            place.sock = secured
            try:
                secured.do_handshake()
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):  # it hung up, as a port scanner does
                return
            except ssl.SSLError as error:
                refuse(tls_refusal(error))
                raise
            Pushes(Line(secured, *ends), door, desk, note, first).serve()


def _no_room() -> HttpError:
    return HttpError(503, "full", "Expected fewer connections at a time")
