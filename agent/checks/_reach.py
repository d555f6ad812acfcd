"""Whether a machine answers at all: ICMP echo, else TCP, where a refusal is an answer too."""

from contextlib import closing
from typing import Literal, NamedTuple, TypeAlias

from agent.checks._connect import Target, connect_to, resolve
from agent.checks._deadline import Deadline
from agent.checks._icmp import Echoes
from venuewatch.base import clock

Way: TypeAlias = Literal["icmp", "tcp"]

_REACH_TRIES = 3


class Pace(NamedTuple):
    """How many probes there are, how far apart (s), and how many answers are enough."""

    probes: int
    interval_s: float
    enough: int


class Rounds(NamedTuple):
    """What a few probes of one address came to.

    ``trips_s``: the round trips (s) that were answered, in the order sent. ``error``: the last
    thing that the network said against it, None when it was only silent.
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


class NoWayToAskError(Exception):
    """ICMP is not allowed here, and there is no port to try: nothing can be said."""


def reach(address: str, port: int | None, timeout_s: float) -> Rounds:
    """Find out whether a machine answers anything within ``timeout_s``: see ``is_reached``.

    Raises:
        NoWayToAskError: we may not send ICMP, and ``port`` is None.
        TimeoutError, OSError: the name cannot be resolved.
    """
    pace = Pace(_REACH_TRIES, interval_s=timeout_s / 8, enough=1)
    return probe(address, port, pace, Deadline(timeout_s))


def probe(address: str, port: int | None, pace: Pace, deadline: Deadline) -> Rounds:
    """Return the answers to a few probes, by ICMP if that is answered, else by TCP.

    With a ``port`` the echoes have half the time; if none is answered, or we may not send any,
    TCP has the rest.

    Raises: as :func:`reach`.
    """
    target = resolve(address, port or 0, deadline)[0]
    error: OSError | None = None
    try:
        rounds = _echo(target, pace, deadline.share(2) if port else deadline)
    except PermissionError:
        if port is None:
            raise NoWayToAskError from None
    else:
        if rounds.is_reached or port is None:
            return rounds
        error = rounds.error
    return _knock(target, pace, deadline, error)


def _echo(target: Target, pace: Pace, deadline: Deadline) -> Rounds:
    """Send echoes, and hear until enough are answered, time is up, or a router says no.

    Raises:
        PermissionError: this machine lets us send none.
    """
    trips: dict[int, float] = {}
    error: OSError | None = None
    try:
        with closing(Echoes(target)) as echoes:
            for sequence in range(pace.probes):
                is_last = sequence == pace.probes - 1
                echoes.send(sequence)
                until = deadline if is_last else deadline.within(pace.interval_s)
                _hear(echoes, trips, until, pace.enough)
                if len(trips) >= pace.enough:
                    break
    except PermissionError:
        raise
    except TimeoutError:
        pass  # the rest could not even be sent, and counts as lost
    except OSError as unreachable:
        error = unreachable
    answered = tuple(trips[sequence] for sequence in sorted(trips))
    sent = pace.probes if len(trips) < pace.enough else sequence + 1
    return Rounds("icmp", sent, answered, error)


def _hear(echoes: Echoes, trips: dict[int, float], until: Deadline, enough: int) -> None:
    """Add the answers that come to ``trips`` until enough are there, or time is up."""
    while len(trips) < enough:
        try:
            sequence, trip_s = echoes.hear(until)
        except TimeoutError:
            return
        trips[sequence] = trip_s


def _knock(target: Target, pace: Pace, deadline: Deadline, error: OSError | None) -> Rounds:
    """Connect up to ``probes`` times, one after the other; a refusal is an answer."""
    trips: list[float] = []
    sent = 0
    while sent < pace.probes and len(trips) < pace.enough and not deadline.is_over():
        begin = clock.monotonic()
        try:
            connect_to(target, deadline.share(pace.probes - sent)).close()
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
