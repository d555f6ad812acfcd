"""Serves TLS at the doors of a stage: whoever knocks gets a certificate, and nothing else."""

import contextlib
import selectors
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from venuewatch.rehearsal.stage.machine import inside

_THREADS: Final = 4
_TALK_S: Final = 2.0


class DoorPlan(msgspec.Struct, frozen=True):
    """A door in a namespace: its ``usual`` certificate, and one that is ``shown`` while there.

    Each is a file with key and certificate.
    """

    namespace: str
    address: str
    port: int
    usual: str
    shown: str


def serve(doors: Sequence[DoorPlan]) -> None:
    """Serve them for ever, each client in a thread of a few. Raises OSError at the beginning."""
    with selectors.DefaultSelector() as poll, ThreadPoolExecutor(_THREADS) as pool:
        for door in doors:
            at = (door.address, door.port)
            listener = inside(door.namespace, partial(socket.create_server, at))
            poll.register(listener, selectors.EVENT_READ, (listener, door))
        while True:
            for key, _ in poll.select():
                listener, door = key.data
                with contextlib.suppress(OSError):  # it has gone already
                    client, _ = listener.accept()
                    pool.submit(_show, client, door)


def _show(client: socket.socket, door: DoorPlan) -> None:
    """Shake hands with a client, and wait until it hangs up."""
    with client, contextlib.suppress(OSError):
        client.settimeout(_TALK_S)
        shown = Path(door.shown)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown if shown.exists() else door.usual)
        with context.wrap_socket(client, server_side=True) as talk:
            talk.recv(1)
