"""Answers of a name server, as bytes."""

import socket
import struct

from agent.checks.net import dns_message as message

NAME = "results.example"
ASKED = message.question(7, NAME, "A")


def reply(
    asked: bytes, *records: bytes, code: int = 0, flags: int = 0x8180, echo: bytes | None = None
) -> bytes:
    """Answer the question ``asked``; its name can be pointed to at 12."""
    question = asked[12:] if echo is None else echo
    return (
        asked[:2]
        + struct.pack("!HHHHH", flags | code, 1, len(records), 0, 0)
        + question
        + b"".join(records)
    )


def record(address: str, owner: bytes = b"\xc0\x0c", kind: int = 1) -> bytes:
    packed = socket.inet_aton(address)
    return owner + struct.pack("!HHIH", kind, 1, 60, len(packed)) + packed


def alias(owner: bytes, target: bytes) -> bytes:
    return owner + struct.pack("!HHIH", 5, 1, 60, len(target)) + target
