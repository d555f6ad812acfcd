"""Asks a question a connection, and counts the bytes: what is closed, the kernel forgets."""

import socket

from bench.kit.payload import Payload

_ANSWER_S = 10.0
_AT_ONCE = 65_536


class Caller:
    """Calls one port of the loopback again and again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._said = 0
        self._heard = 0

    def ask(self, question: bytes) -> bytes:
        """Return all that is said until the other one hangs up.

        Raises:
            OSError: nobody answers.
        """
        with socket.create_connection(("127.0.0.1", self._port), timeout=_ANSWER_S) as sock:
            sock.sendall(question)
            answer = b"".join(iter(lambda: sock.recv(_AT_ONCE), b""))
        self._said += len(question)
        self._heard += len(answer)
        return answer

    def payload(self) -> Payload:
        """Return what the one who is called has exchanged with us: it sent what we heard."""
        return Payload(sent=self._heard, received=self._said)
