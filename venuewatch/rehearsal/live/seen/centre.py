"""Witnesses of the centre itself: its clock, its line, its disk, and who comes to it."""

import http.client
import os
import socket
import sys
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

import msgspec

from aggregator.core.incidents.record import Subject
from venuewatch.base import clock
from venuewatch.rehearsal.live.receiver import PATH, PORT
from venuewatch.rehearsal.live.seen.packets import round_trip_s
from venuewatch.rehearsal.live.servers import Web
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.stage.machine import inside
from venuewatch.rehearsal.stage.network import CENTRE, VENUES

_ANSWER_S: Final = 1.0
_OFF_S: Final = 1.0
_ROOM_BYTES: Final = 65_536
_ESTABLISHED: Final = "01"  # linux/tcp_states.h
_OF_VENUES: Final = ip_network(VENUES)


class _Centre(msgspec.Struct, frozen=True):
    at: float


def aggregator_clock(world: World, _: Subject) -> bool | None:
    """Ask the aggregator for the time."""
    text = world.aggregator.get("/api/v1/centre")
    if text is None:
        return None
    return abs(msgspec.json.decode(text, type=_Centre).at - clock.wall()) < _OFF_S


def aggregator_line(world: World, _: Subject) -> bool | None:
    """Send a packet from the aggregator's place to the address at which the broker is."""
    return round_trip_s(world, CENTRE) is not None


def disk(world: World, _: Subject) -> bool | None:
    """Look whether there is room where the journal is."""
    try:
        there = os.statvfs(world.disk.folder)
    except OSError:
        return None
    return there.f_bavail * there.f_frsize >= _ROOM_BYTES


def receiver(world: World, _: Subject) -> bool | None:
    """Ask the receiver of notices as a stranger would."""
    web = Web(world.centre, PORT, _ANSWER_S)
    try:
        web.request("GET", PATH)
        return web.getresponse().status < HTTPStatus.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        web.close()


def fleet(world: World, _: Subject) -> bool | None:
    """Ask the aggregator which hosts its inventory lists."""
    listed = {labels["host"] for labels, _ in world.aggregator.page().of("venuewatch_host_info")}
    return listed == set(world.hosts) if listed else None


def strangers(world: World, _: Subject) -> bool | None:
    """Look for connections with the broker from where no venue is."""
    return all(ip_address(address) in _OF_VENUES for address in connected(world))


def connected(world: World) -> set[str]:
    """Return the addresses that have a connection with the broker, as the centre's kernel says."""

    def read() -> str:
        return Path("/proc/thread-self/net/tcp").read_text(encoding="ascii")

    found = set()
    for row in inside(world.centre.namespace, read).splitlines()[1:]:
        _, local, remote, state, *_ = row.split()
        if state == _ESTABLISHED and int(local.partition(":")[2], 16) == world.broker.port:
            number = int(remote.partition(":")[0], 16)
            found.add(socket.inet_ntoa(number.to_bytes(4, sys.byteorder)))
    return found
