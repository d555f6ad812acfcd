"""Encodes and decodes SNTP messages (RFC 4330, RFC 5905 section 7.3)."""

import struct
from typing import NamedTuple

_PACKET = struct.Struct("!BBbb4s4s4s8s8s8s8s")
_VERSION, _CLIENT, _SERVER = 4, 3, 4
_EPOCH_S = 2_208_988_800  # 1900-01-01 to 1970-01-01
_ERA_S = 1 << 32  # NTP's seconds start again in 2036
_UNSYNCHRONISED = 3
_MAX_STRATUM = 15


class Answer(NamedTuple):
    """A server's answer.

    ``received_s`` and ``sent_s`` are T2 and T3, unixtime on the server's clock. ``kiss`` is the
    code with which it refuses us, empty if it does not.
    """

    stratum: int
    is_synchronised: bool
    received_s: float
    sent_s: float
    kiss: str = ""


def question(nonce: bytes) -> bytes:
    """Return a request; its transmit time is 8 random bytes, which only the true answer knows."""
    blank = bytes(8)
    first = _VERSION << 3 | _CLIENT
    return _PACKET.pack(first, 0, 0, 0, bytes(4), bytes(4), bytes(4), blank, blank, blank, nonce)


def answer(packet: bytes, nonce: bytes, near_s: float) -> Answer | None:
    """Return the answer to the request with ``nonce``; None if this packet is another.

    ``near_s``: unixtime now, roughly, to know which of NTP's eras of 136 years is meant.
    """
    if len(packet) < _PACKET.size:
        return None
    first, stratum, _, _, _, _, reference, _, origin, received, sent = _PACKET.unpack_from(packet)
    leap, version, mode = first >> 6, first >> 3 & 7, first & 7
    if mode != _SERVER or version not in {3, 4} or origin != nonce:
        return None
    if stratum == 0:
        kiss = reference.decode("ascii", "replace").rstrip("\0 ") or "no code"
        return Answer(0, is_synchronised=False, received_s=0.0, sent_s=0.0, kiss=kiss)
    is_synchronised = leap != _UNSYNCHRONISED and stratum <= _MAX_STRATUM and any(sent)
    return Answer(stratum, is_synchronised, _unixtime(received, near_s), _unixtime(sent, near_s))


def offset_s(asked_s: float, server: Answer, heard_s: float) -> float:
    """Return how far (s) the server's clock is ahead: ((T2 - T1) + (T3 - T4)) / 2, RFC 5905."""
    return ((server.received_s - asked_s) + (server.sent_s - heard_s)) / 2


def round_trip_s(asked_s: float, server: Answer, heard_s: float) -> float:
    """Return the way there and back (s) without the server's own time, never below 0."""
    return max(0.0, (heard_s - asked_s) - (server.sent_s - server.received_s))


def _unixtime(stamp: bytes, near_s: float) -> float:
    """Return an NTP timestamp as unixtime, in the era that brings it nearest to ``near_s``."""
    seconds = int.from_bytes(stamp[:4], "big") - _EPOCH_S
    fraction = int.from_bytes(stamp[4:], "big") / (1 << 32)
    era = round((near_s - seconds) / _ERA_S)
    return seconds + era * _ERA_S + fraction
