"""Resolves names and makes connections, within a deadline.

The operating system's resolver can't be told when to stop, so it is asked beside the check: see
``venuewatch/base/lookups.py``.
"""

import socket
from typing import Any, NamedTuple

from agent.checks.reading.times import Deadline
from venuewatch.base.lookups import Lookups


class Target(NamedTuple):
    """An address that a socket of ``family`` can be given."""

    family: int
    address: tuple[Any, ...]


def resolve(name: str, port: int, deadline: Deadline) -> list[Target]:
    """Return the addresses of a host name or IP, best first, at least one.

    Raises:
        TimeoutError: the resolver did not answer in time.
        OSError: it has none.
    """
    try:
        return _ask_system(name, port, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        pass  # a name, not a number
    return _lookups.ask(name, port).wait(deadline.left_s())


def lookups() -> int:
    """Return how many names the operating system is being asked for."""
    return len(_lookups)


def connect(address: str, port: int, deadline: Deadline) -> socket.socket:
    """Return a TCP connection to the first address that accepts one.

    Raises:
        TimeoutError: the deadline passed.
        OSError: the last address refused or could not be reached.
    """
    targets = resolve(address, port, deadline)
    for at, target in enumerate(targets, start=1):
        try:
            return connect_to(target, deadline.share(len(targets) - at + 1))
        except OSError:
            if at == len(targets):
                raise
    raise AssertionError("a resolver that answers has an address")


def connect_to(target: Target, deadline: Deadline) -> socket.socket:
    """Return a TCP connection to this address; raises as :func:`connect`."""
    sock = socket.socket(target.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(deadline.left_s())
        sock.connect(target.address)
    except BaseException:
        sock.close()
        raise
    return sock


def _ask_system(name: str, port: int, *, flags: int) -> list[Target]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [Target(family, address) for family, _, _, _, address in found]


def _ask_for(name: str, port: int) -> list[Target]:
    try:
        return _ask_system(name, port, flags=0)
    except UnicodeError:  # an empty or overlong label, refused before anybody is asked
        raise socket.gaierror(socket.EAI_NONAME, "Not a name") from None


_lookups = Lookups(_ask_for)
