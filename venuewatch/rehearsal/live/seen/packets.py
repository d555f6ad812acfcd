"""Witnesses that send packets from the centre, and wait for the word of a kernel."""

import contextlib
import itertools
import select
import socket
import struct
from functools import partial
from typing import Final

from aggregator.core.incidents.record import Subject
from venuewatch.base import clock
from venuewatch.rehearsal.live.host import Host
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.stage.machine import inside

_CLOSED_PORT: Final = 9  # nothing of ours listens there, so that a kernel refuses at once
_ANSWER_S: Final = 1.0
_SLOWER_S: Final = 0.1
_PACKETS: Final = 3

_MANY: Final = 800
_AT_ONCE: Final = 40
_UNDER_WAY: Final = 300  # a device of the stage holds 500
_LOST_TIMES: Final = 1.5
_LOST_MORE: Final = 0.01
_LATE_S: Final = 0.3
_PAUSE_S: Final = 0.02
_ECHO: Final = struct.Struct("!BBHHH")  # RFC 792: type, code, checksum, identifier, number
_ECHO_REQUEST: Final = 8
_ECHO_REPLY: Final = 0
_HEADER_WORDS: Final = 0x0F  # RFC 791: the length of the IP header, in words of four bytes
_identifiers = itertools.count(1)


def line(world: World, subject: Subject) -> bool | None:
    """Send packets from the centre to the hosts that are meant, and wait for their kernels' word.

    A line is not as it should be where most of the packets come late, or none comes.
    """
    for host in firsts(world, subject):
        usual_s = host.where.lan.uplink.round_trip_s + _SLOWER_S
        late = 0
        for _ in range(_PACKETS):
            took_s = round_trip_s(world, host.address, within_s=usual_s)
            late += took_s is None or took_s > usual_s
            if late > _PACKETS // 2:
                return False
    return True


def loss(world: World, subject: Subject) -> bool | None:
    """Send so many packets over a line that one in a hundred more is seen to be lost."""
    for host in firsts(world, subject):
        uplink = host.where.lan.uplink
        usual = 1 - (1 - uplink.way.loss) ** 2
        came = _echoes(world, host.address, uplink.round_trip_s + _LATE_S)
        if 1 - came / _MANY > usual * _LOST_TIMES + _LOST_MORE:
            return False
    return True


def firsts(world: World, subject: Subject) -> list[Host]:
    """Return the host of a subject, or the first one of its venue, or of each venue."""
    if subject.host:
        return [world.hosts[subject.host]]
    codes = [subject.venue] if subject.venue else list(world.lans)
    return [world.venue(code)[0] for code in codes]


def connection(
    world: World, address: str, port: int, *, within_s: float = _ANSWER_S
) -> socket.socket:
    """Return a TCP connection from the centre, which answers soon or not at all. Raises OSError."""
    connect = partial(socket.create_connection, (address, port), within_s)
    return inside(world.centre.namespace, connect)


def round_trip_s(world: World, address: str, *, within_s: float = _ANSWER_S) -> float | None:
    """Return how long (s) a kernel takes to refuse a connection; None: it says nothing by then."""
    begin = clock.monotonic()
    try:
        connection(world, address, _CLOSED_PORT, within_s=within_s).close()
    except ConnectionRefusedError:
        return clock.monotonic() - begin
    except OSError:
        return None
    return None


def _echoes(world: World, address: str, within_s: float) -> int:
    """Return how many of many echo requests a kernel answers, until so long (s) after the last."""
    make = partial(socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    of = next(_identifiers) & 0xFFFF
    came: set[int] = set()
    sent, last_at = 0, clock.monotonic()
    with inside(world.centre.namespace, make) as sock:
        sock.settimeout(0.0)
        while clock.monotonic() - last_at < within_s and len(came) < _MANY:
            if sent < _MANY and sent - len(came) <= _UNDER_WAY:
                for number in range(sent, sent + _AT_ONCE):
                    with contextlib.suppress(OSError):  # no way there: it is lost
                        sock.sendto(_request(of, number), (address, 0))
                sent, last_at = sent + _AT_ONCE, clock.monotonic()
            if select.select([sock], [], [], _PAUSE_S)[0]:
                came.update(_replies(sock, of))
    return len(came)


def _replies(sock: socket.socket, of: int) -> list[int]:
    """Return the numbers of the replies that have come to requests of ours."""
    numbers: list[int] = []
    while True:
        try:
            packet = sock.recv(2048)
        except BlockingIOError:
            return numbers
        start = 4 * (packet[0] & _HEADER_WORDS)
        kind, _, _, identifier, number = _ECHO.unpack_from(packet, start)
        if kind == _ECHO_REPLY and identifier == of:
            numbers.append(number)


def _request(identifier: int, number: int) -> bytes:
    head = _ECHO.pack(_ECHO_REQUEST, 0, 0, identifier, number)
    total = sum(struct.unpack("!4H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return _ECHO.pack(_ECHO_REQUEST, 0, ~total & 0xFFFF, identifier, number)
