"""Connects the hosts of an invented fleet over 39 venues to a broker, and writes its inventory.

The hosts are raw sockets, as many as the machine allows.
"""

import contextlib
import random
import socket
from pathlib import Path
from typing import Final, NamedTuple

import mqtt5

from venuewatch.base import clock
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Birth, Death, encode
from venuewatch.base.wire.topics import Stream

VENUES = 39  # as many as the founding fleet has


def place(index: int, venues: int = VENUES) -> tuple[str, str]:
    """Return the venue's code and the name of host number ``index``, of so many venues."""
    return f"V{index % venues:02d}", f"host-{index:05d}"


def write_inventory(path: Path, hosts: int, venues: int = VENUES) -> None:
    """Write the inventory of a fleet of so many hosts over so many venues."""
    lines: list[str] = []
    for first in range(min(venues, hosts)):
        code = place(first, venues)[0]
        lines.append(f'[[venue]]\ncode = "{code}"\ntimezone = "Europe/Paris"\n')
        lines += [
            f'[[venue.host]]\nname = "{place(index)[1]}"\nrole = "server"\n'
            for index in range(first, hosts, venues)
        ]
    path.write_text("".join(lines), encoding="utf-8")


INTERVAL_S: Final = 1.0
PER_ADDRESS: Final = 20_000  # fewer than the ephemeral ports of one source address

_ABREAST = 64  # connections opened together; Mosquitto's listen backlog is 100
_ANSWER_S = 20.0
_KEEPALIVE_S = 60  # the most that mosquitto/venuewatch.conf grants
_PUBACK = 4
_BIND_ADDRESS_NO_PORT = 24  # Linux: the port is chosen at connect, by the whole four-tuple


class Member(NamedTuple):
    """One host of the fleet; ``phase_s`` is when in each interval it beats."""

    sock: socket.socket
    venue: str
    host: str
    topic: str
    boot: str
    phase_s: float


def gather(
    port: int, hosts: int, rng: random.Random, *, has_users: bool = False
) -> tuple[list[Member], str]:
    """Connect up to ``hosts`` hosts and say their births; return them, and why no more came.

    With ``has_users`` each says its name as the user's, too.
    """
    members: list[Member] = []
    while len(members) < hosts:
        first = len(members)
        try:
            indices = range(first, min(hosts, first + _ABREAST))
            members += _open(port, indices, rng, has_users=has_users)
        except OSError as error:
            return members, error.strerror or str(error)
    return members, ""


def _open(port: int, indices: range, rng: random.Random, *, has_users: bool) -> list[Member]:
    """Connect these hosts together, all or none.

    Raises:
        OSError: the machine or the broker does not let us.
    """
    with contextlib.ExitStack() as until_all_are_open:
        socks = [until_all_are_open.enter_context(socket.socket()) for _ in indices]
        for sock, index in zip(socks, indices, strict=True):
            _dial(sock, port, index)
        members = [
            _announced(sock, index, rng, has_user=has_users)
            for sock, index in zip(socks, indices, strict=True)
        ]
        for sock in socks:
            _await_ack(sock)
            sock.settimeout(0.0)
        until_all_are_open.pop_all()
    return members


def _dial(sock: socket.socket, port: int, index: int) -> None:
    sock.settimeout(_ANSWER_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
    sock.bind((f"127.0.0.{1 + index // PER_ADDRESS}", 0))
    sock.connect(("127.0.0.1", port))


def _announced(sock: socket.socket, index: int, rng: random.Random, *, has_user: bool) -> Member:
    """Open the session with its will and say the birth, without waiting in between."""
    venue, host = place(index)
    boot = f"{rng.getrandbits(40):010x}"
    will = mqtt5.Will(
        topics.topic(venue, host, Stream.DEATH),
        payload=encode(Death(boot, 1, "lost")),
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        retain=True,
    )
    connect = mqtt5.ConnectPacket(
        host,
        username=host if has_user else None,
        clean_start=True,
        will=will,
        keep_alive=_KEEPALIVE_S,
    )
    sock.sendall(connect.write() + birth_of(venue, host, boot))
    beats = topics.topic(venue, host, Stream.BEAT)
    return Member(sock, venue, host, beats, boot, rng.uniform(0.0, INTERVAL_S))


def farewell_of(member: Member, session: int) -> bytes:
    """Return the packet by which a host ends a session in order."""
    topic = topics.topic(member.venue, member.host, Stream.DEATH)
    death = Death(member.boot, session, "farewell")
    return mqtt5.PublishPacket(topic, encode(death), retain=True).write()


def birth_of(venue: str, host: str, boot: str, session: int = 1) -> bytes:
    """Return the packet by which a host begins a session."""
    birth = Birth(
        boot=boot,
        session=session,
        wall_ms=int(clock.wall() * 1000),
        interval_s=INTERVAL_S,
        vitals_every_s=10.0,
        agent_version="bench",
        own_ticks=True,
    )
    topic = topics.topic(venue, host, Stream.BIRTH)
    packet = mqtt5.PublishPacket(
        topic, encode(birth), qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True, packet_id=1
    )
    return packet.write()


def _await_ack(sock: socket.socket) -> None:
    """Read until the broker has acknowledged the birth.

    Raises:
        OSError: the broker refused or closed the connection, or did not answer in time.
    """
    heard = b""
    while True:
        more = sock.recv(4096)
        if not more:
            raise ConnectionResetError("the broker closed a connection")
        heard += more
        while len(heard) > 1 and len(heard) >= 2 + heard[1]:  # answers are under 128 bytes
            if heard[0] >> 4 == _PUBACK:
                return
            heard = heard[2 + heard[1] :]
