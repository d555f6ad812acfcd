"""Resolves names and makes connections, within a deadline.

The operating system's resolver can't be told when to stop, so it is asked in a thread of its
own, one for each name. A second question for a name that still hangs waits for the same thread.
"""

import socket
import threading
from typing import Any, NamedTuple

from agent.checks.reading.times import Deadline


class Target(NamedTuple):
    """An address that a socket of ``family`` can be given."""

    family: int
    address: tuple[Any, ...]


class _Lookup:
    """One question to the operating system, answered in a thread."""

    def __init__(self, name: str, port: int) -> None:
        self._question = (name, port)
        self._done = threading.Event()
        self._answer: list[Target] | OSError = []
        # A daemon: a resolver that hangs must not keep the agent from ending.
        threading.Thread(target=self._run, name="lookup", daemon=True).start()

    def wait(self, deadline: Deadline) -> list[Target]:
        """Return the addresses; raises TimeoutError, or the resolver's OSError."""
        if not self._done.wait(deadline.left_s()):
            raise TimeoutError
        if isinstance(self._answer, OSError):
            raise self._answer
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = _ask_system(*self._question, flags=0)
        except OSError as error:
            self._answer = error
        except UnicodeError:  # an empty or overlong label, refused before anybody is asked
            self._answer = socket.gaierror(socket.EAI_NONAME, "Not a name")
        with _lock:
            _pending.pop(self._question, None)
        self._done.set()


_pending: dict[tuple[str, int], _Lookup] = {}
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
        lookup = _pending.get((name, port))
        if lookup is None:
            lookup = _pending[name, port] = _Lookup(name, port)
    return lookup.wait(deadline)


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


def _ask_system(name: str, port: int, *, flags: int) -> list[Target]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    return [Target(family, address) for family, _, _, _, address in found]
