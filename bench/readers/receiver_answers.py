"""Answers of receivers and of servers that checks ask: heads, times, names, and values."""

from collections.abc import Callable, Sequence
from typing import Final

from agent.checks.host import perfdata
from agent.checks.net import dns_message, sntp
from agent.checks.net.dns_message import MalformedAnswerError
from aggregator.shell.outlets.answers import pause_s

ERRORS = (MalformedAnswerError,)

_NONCE = b"12345678"
_WALL = 1_800_000_000.0
_ASKED = dns_message.question(1, "a.example", "A")


def _retry_after(data: bytes) -> object:
    return pause_s(429, {"Retry-After": data.decode("utf-8", "surrogateescape")}, _WALL)


_READERS: Final[Sequence[Callable[[bytes], object]]] = (
    _retry_after,
    lambda data: dns_message.answer(data, _ASKED),
    lambda data: sntp.answer(data, _NONCE, _WALL),
    lambda data: perfdata.parse(data.decode(errors="replace")),
)


def read(data: bytes) -> None:
    """Read an answer; its first byte says of what."""
    if data:
        _READERS[data[0] % len(_READERS)](data[1:])


def seeds() -> Sequence[bytes]:
    """Return an answer of each kind."""
    question = _ASKED[12:]
    record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\x7f\0\0\1"
    dns = b"\0\1\x81\x80\0\1\0\1\0\0\0\0" + question + record
    ntp = b"\x24\1\0\0" + bytes(20) + _NONCE + b"\xea" * 16
    return [
        b"\0120",
        b"\0Wed, 21 Oct 2026 07:28:00 GMT",
        b"\1" + dns,
        b"\2" + ntp,
        b"\3rta=1.5ms;100;500;0 'pl x'=0%;20;60;0",
    ]
