"""Encodes and decodes DNS messages (RFC 1035), as far as asking for an address needs them.

Decoding ends soon, whatever a server sends: a name's pointers must lead strictly back and be
few, and a name has at most 255 bytes.
"""

import ipaddress
import struct
from typing import Literal, NamedTuple, TypeAlias

Record: TypeAlias = Literal["A", "AAAA"]

_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")  # a record's type, class, time to live, length of its data
_CODES: dict[Record, int] = {"A": 1, "AAAA": 28}
_SIZES: dict[int, int] = {1: 4, 28: 16}
_CNAME, _IN = 5, 1
_RESPONSE, _TRUNCATED, _RECURSE = 0x8000, 0x0200, 0x0100
_MAX_NAME = 255
_POINTER = 0xC0
_MAX_JUMPS = 64


class MalformedAnswerError(Exception):
    """The bytes are no answer to the question: they are not DNS, or another's."""


class Answer(NamedTuple):
    """A server's answer: its RCODE, the addresses of the name, ``is_truncated`` if not all."""

    code: int
    addresses: tuple[str, ...]
    is_truncated: bool


class _Entry(NamedTuple):
    owner: bytes
    kind: int
    start: int
    length: int


def encode_name(name: str) -> bytes:
    """Return a name as the wire has it, lower case.

    Raises:
        ValueError: a label is empty or over 63 bytes, the name over 255, or not ASCII.
    """
    if not name.isascii():
        raise ValueError("Expected a name in ASCII, with other letters as xn--…")
    labels = name.rstrip(".").lower().encode("ascii").split(b".")
    if any(not 1 <= len(label) <= 63 for label in labels):  # noqa: PLR2004 - RFC 1035, 2.3.4
        raise ValueError("Expected labels of 1 to 63 characters")
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(wire) > _MAX_NAME:
        raise ValueError("Expected a name of at most 253 characters")
    return wire


def question(number: int, name: str, record: Record) -> bytes:
    """Return the question for a name's addresses, to be recursed for."""
    header = _HEADER.pack(number, _RECURSE, 1, 0, 0, 0)
    return header + encode_name(name) + struct.pack("!HH", _CODES[record], _IN)


def answer(message: bytes, asked: bytes) -> Answer:
    """Read the answer to the question ``asked`` (as :func:`question` made it).

    Raises:
        MalformedAnswerError: it is not one.
    """
    try:
        return _answer(message, asked)
    except (struct.error, IndexError):
        raise MalformedAnswerError("it ends too early") from None


def _answer(message: bytes, asked: bytes) -> Answer:
    number, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    wanted, at = _name(asked, _HEADER.size)
    kind, _ = struct.unpack_from("!HH", asked, at)
    if number != int.from_bytes(asked[:2], "big") or not flags & _RESPONSE:
        raise MalformedAnswerError("it answers another question")
    place = _HEADER.size
    if questions == 0 and flags & 0x000F:  # a refusal need not repeat the question
        return Answer(flags & 0x000F, (), is_truncated=False)
    name, place = _name(message, place)
    if questions != 1 or name != wanted or message[place : place + 4] != asked[at : at + 4]:
        raise MalformedAnswerError("it answers another question")
    place += 4
    is_truncated = bool(flags & _TRUNCATED)
    entries = [] if is_truncated else _entries(message, place, answers)
    return Answer(flags & 0x000F, _addresses(message, entries, wanted, kind), is_truncated)


def _entries(message: bytes, place: int, count: int) -> list[_Entry]:
    entries = []
    for _ in range(count):
        owner, place = _name(message, place)
        kind, class_, _, length = _FIXED.unpack_from(message, place)
        place += _FIXED.size
        if place + length > len(message):
            raise MalformedAnswerError("it ends too early")
        if class_ == _IN:
            entries.append(_Entry(owner, kind, place, length))
        place += length
    return entries


def _addresses(message: bytes, entries: list[_Entry], name: bytes, kind: int) -> tuple[str, ...]:
    """Return the addresses of ``name``, over its aliases; others' records are left alone."""
    aliases = {
        entry.owner: _name(message, entry.start)[0] for entry in entries if entry.kind == _CNAME
    }
    names = {name}
    while name in aliases and aliases[name] not in names:
        name = aliases[name]
        names.add(name)
    return tuple(
        str(ipaddress.ip_address(message[entry.start : entry.start + entry.length]))
        for entry in entries
        if entry.kind == kind and entry.owner in names and entry.length == _SIZES[kind]
    )


def _name(message: bytes, place: int) -> tuple[bytes, int]:
    """Return the name at ``place`` in lower case, uncompressed, and where it ends."""
    labels: list[bytes] = []
    end, size, bound, jumps = 0, 1, place, 0
    while length := message[place]:
        if length >= _POINTER:
            end = end or place + 2
            place = (length & ~_POINTER) << 8 | message[place + 1]
            jumps += 1
            if place >= bound or jumps > _MAX_JUMPS:
                raise MalformedAnswerError("a name's pointers lead astray")
            bound = place
            continue
        label = message[place : place + 1 + length]
        size += len(label)
        if length > 63 or len(label) <= length or size > _MAX_NAME:  # noqa: PLR2004 - RFC 1035
            raise MalformedAnswerError("a name is too long")
        labels.append(label.lower())
        place += 1 + length
    return b"".join(labels), end or place + 1
