"""Witness of what checks look at: each kind of thing has a look of its own."""

import os
import socket
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

from aggregator.core.incidents.record import Subject
from venuewatch.base import clock
from venuewatch.base.validity import not_after
from venuewatch.rehearsal.live.programs import runs
from venuewatch.rehearsal.live.seen import feeds
from venuewatch.rehearsal.live.watched.certificate import Certificate
from venuewatch.rehearsal.live.watched.disk import Disk
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.watched.lines import Lines
from venuewatch.rehearsal.live.watched.page import Page
from venuewatch.rehearsal.live.watched.servers import Servers
from venuewatch.rehearsal.live.watched.service import Service
from venuewatch.rehearsal.live.watched.temperature import Temperature
from venuewatch.rehearsal.live.watched.thing import Thing
from venuewatch.rehearsal.live.world import World
from venuewatch.rehearsal.stage.machine import Machine, inside

Look: TypeAlias = Callable[[Any], bool | None]

_ANSWER_S: Final = 1.0
_CLOSED_PORT: Final = 9  # nothing of ours listens there, so that a kernel refuses at once
_ROOM_BYTES: Final = 65_536
_OLD_S: Final = 5.0
_HOT_C: Final = 30.0
_DAYS: Final = 7.0
_DAY_S: Final = 86_400.0


def certificate(thing: Certificate) -> bool | None:
    """Shake hands from its host, and look for how long the certificate is valid."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            _connection(thing.site.machine, thing.site.lan.gateway, thing.port) as plain,
            context.wrap_socket(plain) as talk,
        ):
            shown = talk.getpeercert(binary_form=True)
    except OSError:
        return None
    expires = not_after(shown) if shown else None
    return expires is not None and expires - clock.wall() > _DAYS * _DAY_S


def disk(thing: Disk) -> bool:
    """Count its free bytes."""
    there = os.statvfs(thing.folder)
    return there.f_bavail * there.f_frsize >= _ROOM_BYTES


def lines(thing: Lines) -> bool:
    """Send a packet over each, and wait for the word of the kernel at its other end."""
    return all(_answers(thing.site.machine, line.far.partition("/")[0]) for line in thing.lines)


def page(thing: Page) -> bool:
    """Look at when it was written."""
    try:
        written_at = thing.path.stat().st_mtime
    except FileNotFoundError:
        return False
    return clock.wall() - written_at < _OLD_S


def servers(thing: Servers) -> bool:
    """Send a packet to each from the gateway, and wait for the word of its kernel."""
    return all(_answers(thing.site.machine, address) for address in thing.addresses)


def service(thing: Service) -> bool:
    """Look in /proc whether it runs."""
    return runs(thing.process)


def temperature(thing: Temperature) -> bool:
    """Read what it shows, as anybody may."""
    return float(thing.path.read_text(encoding="ascii")) < _HOT_C


LOOKS: Final[Mapping[type[Thing], Look]] = {
    Certificate: certificate,
    Disk: disk,
    Feed: feeds.feed,
    Lines: lines,
    Page: page,
    Servers: servers,
    Service: service,
    Temperature: temperature,
}
"""How each kind of thing is looked at; names are looked at for a whole venue."""


def watched(world: World, subject: Subject) -> bool | None:
    """Look at what a host's check looks at, by a way of our own."""
    if subject.host not in world.hosts:
        return None
    thing = world.hosts[subject.host].equipment.things.get(subject.check)
    look = LOOKS.get(type(thing)) if thing is not None else None
    return None if look is None else look(thing)


def names(world: World, subject: Subject) -> bool | None:
    """Ask a venue's name server from its first host."""
    server = world.name_servers.get(subject.venue)
    return None if server is None else server.answers(world.venue(subject.venue)[0].machine)


def _connection(machine: Machine, address: str, port: int) -> socket.socket:
    at = (address, port)
    return inside(machine.namespace, partial(socket.create_connection, at, _ANSWER_S))


def _answers(machine: Machine, address: str) -> bool:
    """Tell whether a kernel refuses a connection, as one does that is there."""
    try:
        _connection(machine, address, _CLOSED_PORT).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True
