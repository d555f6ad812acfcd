"""Counts the bytes that a process, or a caller, exchanged over TCP.

A process's come from the kernel's counters through ``ss``. A connection that is closed has none, so
a caller that asks one question a connection counts its own. Payload is what TCP carries: TLS and
HTTP are in it, TCP's and IP's headers are not.
"""

import re
import socket
import subprocess
from typing import NamedTuple

from bench.kit.machine import program

_SENT = re.compile(r"\bbytes_acked:(\d+)")
_RECEIVED = re.compile(r"\bbytes_received:(\d+)")


class Payload(NamedTuple):
    """Bytes over the open connections of a process, since each was opened."""

    sent: int
    received: int


def payload(pid: int) -> Payload | None:
    """Return what ``pid`` has exchanged so far; None where there is no ``ss`` to tell."""
    path = program("ss")
    if path is None:
        return None
    asked = [path, "--tcp", "--info", "--numeric", "--processes", "--no-header", "--oneline"]
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
    if ran.returncode:  # an old ss has no --oneline
        return None
    lines = [line for line in ran.stdout.splitlines() if f"pid={pid}," in line]
    return Payload(_sum(_SENT, lines), _sum(_RECEIVED, lines))


def _sum(pattern: re.Pattern[str], lines: list[str]) -> int:
    return sum(int(count) for line in lines for count in pattern.findall(line))


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
            OSError: no answer.
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
