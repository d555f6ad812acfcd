"""Sends ICMP echoes (RFC 792, RFC 4443), without privilege where the system allows it.

Linux gives a datagram socket to the groups of ``net.ipv4.ping_group_range``, macOS to everybody;
else a raw socket is tried, for which root or CAP_NET_RAW is needed.
"""

import os
import socket
import struct

from agent.checks.net.connect import Target
from agent.checks.reading.asking import is_ours
from agent.checks.reading.times import Deadline
from venuewatch.base import clock

_HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_NONCE_BYTES = 16
_PADDING = b"venuewatch".ljust(40, b".")  # 64 bytes of ICMP in all, as ping sends


class Echoes:
    """One round of echoes to one address.

    Answers are known by a random nonce in their data: a datagram socket's identifier is the
    kernel's, and a raw socket hears the answers to everybody's echoes.
    """

    def __init__(self, target: Target) -> None:
        """Open a socket.

        Raises:
            PermissionError: neither sort of socket is allowed here.
            OSError: there is no way to the address.
        """
        self._is_v6 = target.family == socket.AF_INET6
        self._nonce = os.urandom(_NONCE_BYTES)
        self._sent_at: dict[int, float] = {}
        self._socket = _open(target.family)
        try:
            host, _, *scope = target.address  # ICMP knows no ports
            self._socket.connect((host, 0, *scope))
        except OSError:
            self._socket.close()
            raise

    def send(self, sequence: int) -> None:
        """Send the echo with this number (0 to 65535); raises OSError where there is no way."""
        kind = 128 if self._is_v6 else 8
        body = self._nonce + _PADDING
        blank = _HEADER.pack(kind, 0, 0, 0, sequence) + body
        # Of ICMPv6 the checksum is the kernel's work: it alone knows our address.
        sum_ = 0 if self._is_v6 else checksum(blank)
        self._sent_at[sequence] = clock.monotonic()
        self._socket.send(_HEADER.pack(kind, 0, sum_, 0, sequence) + body)

    def hear(self, deadline: Deadline) -> tuple[int, float]:
        """Return the next answer's number and its round trip (s); each number once.

        Raises:
            TimeoutError: none came.
            OSError: a router says that there is no way.
        """
        while True:
            self._socket.settimeout(deadline.left_s())
            packet = self._socket.recv(2048)
            at = clock.monotonic()
            sequence = answered(packet, self._nonce, is_v6=self._is_v6)
            if sequence in self._sent_at:
                return sequence, at - self._sent_at.pop(sequence)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def answered(packet: bytes, nonce: bytes, *, is_v6: bool) -> int:
    """Return the number of the echo that this packet answers, or -1 if it is none of ours.

    Raw sockets, and macOS' datagram ones, put the IPv4 header in front.
    """
    start = 0
    if not is_v6 and packet and packet[0] >> 4 == 4:  # noqa: PLR2004 - IP version 4
        start = (packet[0] & 0x0F) * 4
    icmp = packet[start:]
    if len(icmp) < _HEADER.size + len(nonce):
        return -1
    kind, code, sequence = icmp[0], icmp[1], int.from_bytes(icmp[6:8], "big")
    is_answer = kind == (129 if is_v6 else 0) and code == 0
    is_ours = icmp[_HEADER.size : _HEADER.size + len(nonce)] == nonce
    return sequence if is_answer and is_ours else -1


def checksum(packet: bytes) -> int:
    """Return the internet checksum (RFC 1071) of ``packet``, whose length must be even."""
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _open(family: int) -> socket.socket:
    """Return an ICMP socket; raises PermissionError where none is allowed, OSError for our lack."""
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, protocol)
        except OSError as error:
            if is_ours(error):
                raise
            continue  # not allowed, or (Windows) no such sort of socket
    raise PermissionError("this machine lets us send no ICMP echo")
