"""Reaches a machine by ICMP echo, else by TCP, where a refusal is an answer too."""

import ipaddress
import socket
from contextlib import closing
from typing import Literal, NamedTuple, TypeAlias

from agent.checks.net.connect import Target, connect_to, lookups, resolve
from agent.checks.net.icmp import Echoes
from agent.checks.reading.times import Deadline
from venuewatch.base import clock

Way: TypeAlias = Literal["icmp", "tcp"]

LOOKUPS_MAX = 8
"""A resolver that hangs keeps a thread for each name; with this many, no further name is tried."""


class Plan(NamedTuple):
    """How many probes there are, how far apart (s), and how many answers are enough."""

    probes: int
    interval_s: float
    enough: int


class Rounds(NamedTuple):
    """The results of a few probes of one address.

    ``trips_s``: the round trips (s) that were answered, in the order sent. ``error``: the last
    error of the network, None where it was only silent.
    """

    way: Way
    sent: int
    trips_s: tuple[float, ...] = ()
    error: OSError | None = None

    @property
    def is_reached(self) -> bool:
        """Whether anything came back at all."""
        return bool(self.trips_s)

    @property
    def loss(self) -> float:
        """The share (0 to 1) that was not answered; nothing sent is all lost."""
        return 1 - len(self.trips_s) / self.sent if self.sent else 1.0

    @property
    def jitter_s(self) -> float | None:
        """The mean difference (s) of consecutive round trips; None of fewer than two."""
        if len(self.trips_s) < 2:  # noqa: PLR2004 - a difference needs two
            return None
        pairs = zip(self.trips_s, self.trips_s[1:], strict=False)
        return sum(abs(after - before) for before, after in pairs) / (len(self.trips_s) - 1)


class NotAskedError(Exception):
    """Nothing was asked, so nothing is known; the text is the line for people."""


def number_of(address: str, deadline: Deadline) -> str:
    """Return an address's, or a name's first, number.

    Raises:
        OSError: the name cannot be resolved.
        NotAskedError: it is not resolved in time, or too many names are being resolved.
    """
    if lookups() >= LOOKUPS_MAX and not _is_number(address):
        raise NotAskedError("too many names wait for the resolver")
    try:
        target = resolve(address, 0, deadline)[0]
    except TimeoutError:
        raise NotAskedError("the name was not resolved in time") from None
    numbers = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    return socket.getnameinfo(target.address, numbers)[0]


def probe(address: str, port: int | None, plan: Plan, deadline: Deadline) -> Rounds:
    """Return the answers to a few probes, by ICMP if that is answered, else by TCP.

    With a ``port`` the echoes have half the time; if none is answered, or none may be sent,
    TCP has the rest.

    Raises:
        NotAskedError: ICMP may not be sent, and ``port`` is None.
        TimeoutError, OSError: the name cannot be resolved.
    """
    target = resolve(address, port or 0, deadline)[0]
    error: OSError | None = None
    try:
        rounds = _echo(target, plan, deadline.share(2) if port else deadline)
    except PermissionError:
        if port is None:
            words = "ICMP echo is not allowed here, and there is no port to try"
            raise NotAskedError(words) from None
    else:
        if rounds.is_reached or port is None:
            return rounds
        error = rounds.error
    return _knock(target, plan, deadline, error)


def _echo(target: Target, plan: Plan, deadline: Deadline) -> Rounds:
    """Send echoes, and hear until enough are answered, time is up, or a router says no.

    Raises:
        PermissionError: this machine lets us send none.
    """
    trips: dict[int, float] = {}
    error: OSError | None = None
    try:
        with closing(Echoes(target)) as echoes:
            for sequence in range(plan.probes):
                is_last = sequence == plan.probes - 1
                echoes.send(sequence)
                until = deadline if is_last else deadline.within(plan.interval_s)
                _hear(echoes, trips, until, plan.enough)
                if len(trips) >= plan.enough:
                    break
    except PermissionError:
        raise
    except TimeoutError:
        pass  # the rest could not even be sent, and counts as lost
    except OSError as unreachable:
        error = unreachable
    answered = tuple(trips[sequence] for sequence in sorted(trips))
    sent = plan.probes if len(trips) < plan.enough else sequence + 1
    return Rounds("icmp", sent, answered, error)


def _hear(echoes: Echoes, trips: dict[int, float], until: Deadline, enough: int) -> None:
    """Add the answers that come to ``trips`` until enough are there, or time is up."""
    while len(trips) < enough:
        try:
            sequence, trip_s = echoes.hear(until)
        except TimeoutError:
            return
        trips[sequence] = trip_s


def _knock(target: Target, plan: Plan, deadline: Deadline, error: OSError | None) -> Rounds:
    """Connect up to ``probes`` times, one after the other; a refusal is an answer."""
    trips: list[float] = []
    sent = 0
    while sent < plan.probes and len(trips) < plan.enough and not deadline.is_over():
        begin = clock.monotonic()
        try:
            connect_to(target, deadline.share(plan.probes - sent)).close()
        except (ConnectionRefusedError, ConnectionResetError):
            trips.append(clock.monotonic() - begin)
        except TimeoutError:
            pass
        except OSError as unreachable:
            error = unreachable
        else:
            trips.append(clock.monotonic() - begin)
        sent += 1
    return Rounds("tcp", sent, tuple(trips), error)


def _is_number(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
