"""Probes: asks the neighbours of a silent host to reach it, and collects their answers.

Up to three hosts of the same venue that are heard themselves are asked at once, gateways first.
Only listed hosts are asked about, and only at the inventory's addresses. A host that nobody could
explain is asked about again as soon as a neighbour is back. Times are monotonic seconds.
"""

from typing import NamedTuple

from aggregator.core.fleet import Venue
from aggregator.core.host import INF, Host
from aggregator.core.margins import LONG_WAY_S
from aggregator.core.states import HostState
from aggregator.core.ticks import first_number
from aggregator.core.verdicts.silence import Answer, Inquiry
from venuewatch.base.wire.messages import Probe, Probed

ASKED_MAX = 3
PROBE_TIMEOUT_S = 0.7
"""How long (s) a neighbour may try; its answer then has the rest of a second for its way."""

ANSWER_WITHIN_S = 1.0
_WAY_MAX_S = 2.0


class Asked(NamedTuple):
    """An inquiry that has begun: what is known at once, and what each neighbour is asked."""

    inquiry: Inquiry
    probes: tuple[tuple[str, Probe], ...] = ()


class EndedInquiry(NamedTuple):
    """An inquiry about ``host`` that is over at ``at``."""

    at: float
    host: Host
    inquiry: Inquiry


class _Open:
    """An inquiry under way, until ``over_at``."""

    __slots__ = ("answers", "asked", "host", "number", "over_at")

    def __init__(self, host: Host, number: int, asked: tuple[str, ...], over_at: float) -> None:
        self.host = host
        self.number = number
        self.asked = asked
        self.over_at = over_at
        self.answers: dict[str, Answer] = {}

    def end(self, at: float) -> EndedInquiry:
        answers = tuple(self.answers.values())
        return EndedInquiry(at, self.host, Inquiry(self.asked, answers, is_over=True))


class Probes:
    """The inquiries under way, each about one silent host, and the hosts to ask about later.

    ``name``: the aggregator's. Another one gets the answers to our probes, too, and we to its.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: dict[int, _Open] = {}
        self._number: int | None = None
        self._next_at = INF
        self._unexplained: dict[Host, None] = {}  # in the order in which they fell

    def ask(self, venue: Venue, host: Host, at: float) -> Asked:
        """Begin to ask about ``host``; where nobody can be asked, that is known at once."""
        if not host.is_listed or not host.address:
            obstacle = "the inventory has no address for it"
            return Asked(Inquiry(is_over=True, obstacle=obstacle))
        asked = _neighbours(venue, host)
        if not asked:
            return Asked(Inquiry(is_over=True, obstacle="no other host of the venue is heard"))
        if self._number is None:
            self._number = first_number(self._name, at)
        self._number += 1
        way_s = min(_WAY_MAX_S, max(_way_s(other.round_trip_s or 0.0) for other in asked))
        names = tuple(other.name for other in asked)
        opened = _Open(host, self._number, names, at + ANSWER_WITHIN_S + way_s)
        self._open[self._number] = opened
        self._next_at = min(self._next_at, opened.over_at)
        probe = Probe(
            number=self._number,
            host=host.name,
            address=host.address,
            port=host.probe_port,
            timeout_s=PROBE_TIMEOUT_S,
        )
        return Asked(Inquiry(names), tuple((name, probe) for name in names))

    def receive_answer(self, by: Host, probed: Probed, now: float) -> EndedInquiry | None:
        """Take in an answer; return the inquiry that it ends, None if it ends none.

        An inquiry ends with the first neighbour that reached the machine, or the last one asked.
        """
        opened = self._open.get(probed.number)
        if opened is None or by.name not in opened.asked or opened.host.name != probed.host:
            return None
        opened.answers[by.name] = Answer(now, by.name, probed.is_reached, probed.way, probed.detail)
        if not probed.is_reached and len(opened.answers) < len(opened.asked):
            return None
        self._remove([probed.number])
        return opened.end(now)

    def next_deadline(self) -> float:
        """Return when (s) the next inquiry is over; INF for never."""
        return self._next_at

    def take_ended(self, now: float) -> list[EndedInquiry]:
        """Return the inquiries that are over by ``now``, in order of time."""
        over = sorted(
            (opened for opened in self._open.values() if opened.over_at <= now),
            key=lambda opened: (opened.over_at, opened.number),
        )
        self._remove([opened.number for opened in over])
        return [opened.end(opened.over_at) for opened in over]

    def forget(self, host: Host) -> None:
        """Wait for no more answers about ``host``: it is not down any more."""
        self._remove([number for number, opened in self._open.items() if opened.host is host])
        self._unexplained.pop(host, None)

    def ask_later(self, host: Host) -> None:
        """Remember that nobody has explained why ``host`` is down."""
        self._unexplained[host] = None

    def take_unexplained(self, venue: str) -> list[Host]:
        """Return, once, the hosts of a venue that are to be asked about again."""
        hosts = [host for host in self._unexplained if host.venue == venue]
        for host in hosts:
            del self._unexplained[host]
        return hosts

    def credit(self, lag_s: float) -> None:
        """Wait longer by what we ourselves were stalled."""
        for opened in self._open.values():
            opened.over_at += lag_s
        self._next_at += lag_s

    def _remove(self, numbers: list[int]) -> None:
        for number in numbers:
            del self._open[number]
        if numbers:
            overs = (opened.over_at for opened in self._open.values())
            self._next_at = min(overs, default=INF)


def _way_s(round_trip_s: float) -> float:
    """Return how long (s) a question and its answer are under way; on a long way one is lost."""
    return round_trip_s if round_trip_s <= LONG_WAY_S else 3.0 * round_trip_s


def _neighbours(venue: Venue, host: Host) -> list[Host]:
    """Return the hosts to ask: gateways first, then the latest heard."""
    fresh = [
        other
        for other in venue.hosts.values()
        if other is not host and other.state is HostState.UP and other.is_listed
    ]
    fresh.sort(key=lambda other: (not other.is_gateway, -(other.evidence_at or 0.0), other.name))
    return fresh[:ASKED_MAX]
