"""Resolves names and makes connections, within a deadline.

The operating system's resolver can't be told when to stop, so it is asked in a thread of its
own, one for each name. A second question for a name that still hangs waits for the same thread.
"""

import socket
import threading
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from agent.checks.reading.times import Deadline


class Target(NamedTuple):
    """An address that a socket of ``family`` can be given."""

    family: int
    address: tuple[Any, ...]


_pending: dict[tuple[str, int], "Future[list[Target]]"] = {}
_lock = threading.Lock()


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
    with _lock:
        answer = _pending.get((name, port))
        if answer is None:
            answer = _pending[name, port] = Future()
            # A daemon: a resolver that hangs must not keep the agent from ending.
            look_up = partial(_look_up, name, port, answer)
            threading.Thread(target=look_up, name="lookup", daemon=True).start()
    return answer.result(deadline.left_s())


def lookups() -> int:
    """Return how many names the operating system is being asked for."""
    return len(_pending)


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


def _look_up(name: str, port: int, answer: "Future[list[Target]]") -> None:
    try:
        settle = partial(answer.set_result, _ask_system(name, port, flags=0))
    except OSError as error:
        settle = partial(answer.set_exception, error)
    except UnicodeError:  # an empty or overlong label, refused before anybody is asked
        settle = partial(answer.set_exception, socket.gaierror(socket.EAI_NONAME, "Not a name"))
    with _lock:
        del _pending[name, port]
    settle()


def _ask_system(name: str, port: int, *, flags: int) -> list[Target]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [Target(family, address) for family, _, _, _, address in found]
