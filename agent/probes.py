"""Probes neighbours: the aggregator asks this agent whether another machine answers.

A probe comes from the network. So their number at once and a second, the time of each and its
target are bounded here. Each is asked in another thread. The answer is "not known" where nothing
could be asked, since trouble of this agent is no evidence against a neighbour.

Probes go to the networks of this machine's own interfaces, or to those that are configured instead.
They go to loopback, link-local and multicast addresses only where a configured network is of these
alone: a question from the network is no way to what listens on this machine only.
"""

import errno
import ipaddress
import queue
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from agent import config
from agent.checks.reading.times import Deadline
from agent.checks.reading.words import why
from agent.runner import Threads
from venuewatch.base import clock
from venuewatch.base.wire.messages import Probe, Probed

if TYPE_CHECKING:
    from agent.checks.net.reach import Rounds

UNDER_WAY_MAX = 5
A_SECOND_MAX = 10

WORTH_S = 3
"""How long (s) an answer is of use: the aggregator decides about a second after it asked."""

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRIES = 3

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


class Answer(NamedTuple):
    """The answer to one probe; ``is_reached`` is None where it could not be asked."""

    is_reached: bool | None
    way: Literal["icmp", "tcp", ""] = ""
    detail: str = ""


class _Ended(NamedTuple):
    probe: Probe
    answer: Answer
    duration_s: float
    at: float


class Probes:
    """Has neighbours asked, and keeps the answers until they can be sent.

    Times are monotonic seconds. Nothing here waits for anything.

    Attributes:
        dropped: how many questions were too many; they are not answered.
    """

    def __init__(self, settings: config.Probing, threads: Threads, *, boot: str) -> None:
        self._settings = settings
        self._threads = threads
        self._boot = boot
        self._ended: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._under_way = 0
        self._asked_at: deque[float] = deque(maxlen=A_SECOND_MAX)
        self.dropped = 0

    def begin_boot(self, boot: str) -> None:
        """Be another boot from the next answer on."""
        self._boot = boot

    def ask(self, probe: Probe, now: float) -> None:
        """Have a neighbour asked, or drop the question if there are too many."""
        is_often = len(self._asked_at) == A_SECOND_MAX and now - self._asked_at[0] < 1.0
        if is_often or self._under_way >= UNDER_WAY_MAX:
            self.dropped += 1
            return
        self._asked_at.append(now)
        self._under_way += 1
        if self._settings.enabled:
            self._threads.run(partial(self._ask, probe, now))
        else:
            self._ended.put(_Ended(probe, Answer(None, detail="probes are off here"), 0.0, now))

    def answers(self, now: float, session: int) -> list[Probed]:
        """Return the answers that have come since the last call, but those that are too old.

        An answer that is not fetched takes the place of a further question.
        """
        fresh = []
        while not self._ended.empty():
            ended = self._ended.get()
            self._under_way -= 1
            if now - ended.at <= WORTH_S:
                fresh.append(self._said(ended, session))
        return fresh

    def _ask(self, probe: Probe, asked_at: float) -> None:
        """Ask, in a thread: the probe's time began when it was received."""
        try:
            left_s = probe.timeout_s - (clock.monotonic() - asked_at)
            answer = ask(probe.address, probe.port, left_s, self._settings.networks)
        except Exception as error:  # noqa: BLE001 - a bug of ours says nothing of a neighbour
            answer = Answer(None, detail=type(error).__name__)
        at = clock.monotonic()
        self._ended.put(_Ended(probe, answer, at - asked_at, at))

    def _said(self, ended: _Ended, session: int) -> Probed:
        return Probed(
            boot=self._boot,
            session=session,
            number=ended.probe.number,
            host=ended.probe.host,
            is_reached=ended.answer.is_reached,
            way=ended.answer.way,
            duration_s=round(ended.duration_s, 6),
            detail=ended.answer.detail,
        )


def ask(address: str, port: int | None, timeout_s: float, networks: Sequence[str]) -> Answer:
    """Find out whether a machine answers anything within ``timeout_s``; it never takes longer.

    ``networks``: where probes may go, in CIDR notation; without any, to the networks of our own
    interfaces. A name is judged by the address that it leads to, and that address is asked.
    """
    from agent.checks.net import reach  # noqa: PLC0415 - most hosts are never asked, and spare it

    deadline = Deadline(timeout_s)
    try:
        number = reach.number_of(address, deadline)
        if forbidden := _forbidden(number, networks):
            return Answer(None, detail=forbidden)
        plan = reach.Plan(_TRIES, deadline.left_s() / 8, enough=1)
        rounds = reach.probe(number, port, plan, deadline)
    except reach.NotAskedError as error:
        return Answer(None, detail=str(error))
    except OSError as error:
        return Answer(None, detail=why(error))
    return _judged(rounds)


def _forbidden(number: str, networks: Sequence[str]) -> str:
    """Return why an address may not be asked, "" if it may."""
    ip = ipaddress.ip_address(number.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_unspecified:
        return f"{number} is no machine's address"
    allowed = [ipaddress.ip_network(network) for network in networks] or list(_own_networks())
    containing = [network for network in allowed if ip in network]
    if _is_special(ip):
        containing = [network for network in containing if _is_special(network)]
    if not containing:
        return f"{number} is in none of the networks that may be probed from here"
    return ""


def _is_special(of: _Address | _Network) -> bool:
    """Tell whether all of an address or a network is on this machine, on one link, or of groups."""
    return of.is_loopback or of.is_link_local or of.is_multicast


def _own_networks() -> Iterator[_Network]:
    """Yield the networks of this machine's interfaces, as they are now."""
    import psutil  # noqa: PLC0415 - few agents probe

    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family not in {socket.AF_INET, socket.AF_INET6} or not each.netmask:
                continue
            address = ipaddress.ip_address(each.address.partition("%")[0])
            ones = int(ipaddress.ip_address(each.netmask)).bit_count()
            network = ipaddress.ip_network((address, ones), strict=False)
            if ones and not _is_special(network):
                yield network


def _judged(rounds: "Rounds") -> Answer:
    if rounds.is_reached:
        return Answer(is_reached=True, way=rounds.way)
    if rounds.error is None:
        return Answer(is_reached=False, way=rounds.way, detail="no answer in time")
    is_reached = None if rounds.error.errno in _OURS else False
    return Answer(is_reached, rounds.way, why(rounds.error))
