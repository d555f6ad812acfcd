"""One question to one neighbour: does anything answer there?"""

import errno
import ipaddress
import socket
from collections.abc import Sequence

from agent.checks._connect import lookups, resolve
from agent.checks._deadline import Deadline
from agent.checks._findings import why
from agent.checks._reach import NoWayToAskError, Rounds, reach
from agent.neighbours import Answer

LOOKUPS_MAX = 8
"""A resolver that hangs keeps a thread for each name; with this many, no further name is tried."""

# What our own machine says when nothing could go out: no word on the neighbour.
_OURS = {
    errno.EACCES,
    errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT,
    errno.EMFILE,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.EPERM,
}


class _NotAskedError(Exception):
    """The question was not put; the text is the line for people."""


def ask(address: str, port: int | None, timeout_s: float, networks: Sequence[str]) -> Answer:
    """Find out whether a machine answers anything within ``timeout_s``; it never takes longer.

    ``networks``: where questions may go, in CIDR notation; none for anywhere. A name is judged by
    the address that it leads to, and that address is asked.
    """
    deadline = Deadline(timeout_s)
    try:
        number = _permitted(_number(address, deadline), networks)
        rounds = reach(number, port, deadline.left_s())
    except _NotAskedError as error:
        return Answer(None, detail=str(error))
    except NoWayToAskError:
        return Answer(None, detail="ICMP echo is not allowed here, and there is no port to try")
    except OSError as error:
        return Answer(None, detail=why(error))
    return _judged(rounds)


def _number(address: str, deadline: Deadline) -> str:
    """Return an address's, or a name's first, number.

    Raises:
        OSError: the name cannot be resolved (in time).
        _NotAskedError: too many names are being resolved.
    """
    if lookups() >= LOOKUPS_MAX and not _is_number(address):
        raise _NotAskedError("too many names wait for the resolver")
    try:
        target = resolve(address, 0, deadline)[0]
    except TimeoutError:
        raise _NotAskedError("the name was not resolved in time") from None
    numbers = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    return socket.getnameinfo(target.address, numbers)[0]


def _permitted(number: str, networks: Sequence[str]) -> str:
    """Return ``number`` if it may be asked; raises _NotAskedError if not."""
    ip = ipaddress.ip_address(number)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_unspecified or ip.is_multicast:
        raise _NotAskedError(f"{number} is no machine's address")
    if networks and not any(ip in ipaddress.ip_network(network) for network in networks):
        raise _NotAskedError(f"{number} is in none of the networks that may be probed from here")
    return number


def _is_number(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _judged(rounds: Rounds) -> Answer:
    if rounds.is_reached:
        return Answer(is_reached=True, way=rounds.way)
    if rounds.error is None:
        return Answer(is_reached=False, way=rounds.way, detail="no answer in time")
    is_reached = None if rounds.error.errno in _OURS else False
    return Answer(is_reached, rounds.way, why(rounds.error))
