"""A websocket server that says what a test wants, one connection at a time."""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Request, TextMessage
from wsproto.events import Ping as Ping  # noqa: PLC0414 - for tests to send
from wsproto.utilities import RemoteProtocolError

from tests.agent.checks import peers

Plan: TypeAlias = Callable[["Speaker"], None]
"""Talks on one connection, once its websocket is open."""


class Speaker:
    """One connection of a server. ``asked``: the request that opened it."""

    def __init__(self, conn: socket.socket, over: threading.Event) -> None:
        self.conn = conn
        self.over = over
        self.asked = Request("", "")
        self._server = WSConnection(ConnectionType.SERVER)

    def opens(self, *events: Event, subprotocol: str | None = None) -> None:
        """Accept the websocket, with ``events`` in the same segment."""
        while not self.asked.host:
            data = self.conn.recv(4096)
            if not data:
                raise ConnectionError("the client hung up")
            self._server.receive_data(data)
            for event in self._server.events():
                if isinstance(event, Request):
                    self.asked = event
        accept = self._server.send(AcceptConnection(subprotocol=subprotocol))
        self.conn.sendall(accept + b"".join(map(self._server.send, events)))

    def says(self, *events: Event) -> None:
        self.conn.sendall(b"".join(map(self._server.send, events)))

    def says_text(self, *texts: str) -> None:
        self.says(*map(TextMessage, texts))

    def hears(self) -> Event:
        """Return what the client says next."""
        while True:
            for event in self._server.events():
                return event
            data = self.conn.recv(4096)
            if not data:
                return CloseConnection(1006)
            with contextlib.suppress(RemoteProtocolError):
                self._server.receive_data(data)

    def rests(self) -> None:
        """Say nothing until the client hangs up."""
        while self.conn.recv(65_536):
            pass


@contextlib.contextmanager
def speaking(*plans: Plan) -> Iterator[int]:
    """Let each connection have the next plan, the last one for ever; yield the port."""
    left: queue.SimpleQueue[Plan] = queue.SimpleQueue()
    for plan in plans[:-1]:
        left.put(plan)

    def script(conn: socket.socket, over: threading.Event) -> None:
        speaker = Speaker(conn, over)
        plan = plans[-1] if left.empty() else left.get()
        plan(speaker)

    with peers.tcp_peer(script) as port:
        yield port
