"""Asks the neighbours of a silent host to reach it, and collects their words.

Up to three hosts of the same venue that are heard themselves are asked at once, gateways first.
Only listed hosts are asked, and only at the inventory's addresses. Times are monotonic seconds.
"""

from itertools import count

from aggregator.core.cases import Inquiry, Word
from aggregator.core.events import ProbeWanted
from aggregator.core.fleet import INF, Host, Venue
from aggregator.core.margins import LONG_WAY_S
from aggregator.core.states import HostState
from venuewatch.base.wire.messages import Probed

ASKED_MAX = 3
PROBE_TIMEOUT_S = 0.7
"""How long (s) a neighbour may try; its word then has the rest of a second for its way."""

WORD_WITHIN_S = 1.0
_WAY_MAX_S = 2.0


class _Open:
    """An inquiry under way, until ``over_at``."""

    __slots__ = ("asked", "host", "number", "over_at", "words")

    def __init__(self, host: Host, number: int, asked: tuple[str, ...], over_at: float) -> None:
        self.host = host
        self.number = number
        self.asked = asked
        self.over_at = over_at
        self.words: dict[str, Word] = {}

    def inquiry(self, *, is_over: bool) -> Inquiry:
        return Inquiry(self.asked, tuple(self.words.values()), is_over=is_over)


class Probes:
    """The inquiries under way, each about one silent host."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._numbers = count(1)
        self._next_at = INF

    def ask(self, venue: Venue, host: Host, at: float) -> tuple[Inquiry, list[ProbeWanted]]:
        """Begin to ask about ``host``: return what is known at once, and whom to ask."""
        if not host.is_listed or not host.address:
            return Inquiry(is_over=True, obstacle="the inventory has no address for it"), []
        asked = _neighbours(venue, host)
        if not asked:
            return Inquiry(is_over=True, obstacle="no other host of the venue is heard"), []
        number = next(self._numbers)
        way_s = min(_WAY_MAX_S, max(_way_s(other.round_trip_s or 0.0) for other in asked))
        names = tuple(other.name for other in asked)
        over_at = at + WORD_WITHIN_S + way_s
        self._open[number] = _Open(host, number, names, over_at)
        self._next_at = min(self._next_at, over_at)
        wanted = [
            ProbeWanted(
                at,
                venue.code,
                name,
                number,
                host.name,
                host.address,
                host.probe_port,
                PROBE_TIMEOUT_S,
            )
            for name in names
        ]
        return Inquiry(names), wanted

    def hear(self, by: Host, probed: Probed, now: float) -> tuple[Host, Inquiry] | None:
        """Take in a word; return whose inquiry it ends and how, None if it ends none.

        It ends with the first who reached the machine, or the last who was asked.
        """
        opened = self._open.get(probed.number)
        if opened is None or by.name not in opened.asked or opened.host.name != probed.host:
            return None
        opened.words[by.name] = Word(now, by.name, probed.is_reached, probed.way, probed.detail)
        if not probed.is_reached and len(opened.words) < len(opened.asked):
            return None
        self._remove([probed.number])
        return opened.host, opened.inquiry(is_over=True)

    def next_deadline(self) -> float:
        """Return when (s) the next inquiry is over; INF for never."""
        return self._next_at

    def take_over(self, now: float) -> list[tuple[float, Host, Inquiry]]:
        """Return the inquiries that are over by ``now``, with their times, in order."""
        over = sorted(
            (opened for opened in self._open.values() if opened.over_at <= now),
            key=lambda opened: (opened.over_at, opened.number),
        )
        self._remove([opened.number for opened in over])
        return [(opened.over_at, opened.host, opened.inquiry(is_over=True)) for opened in over]

    def forget(self, host: Host) -> None:
        """Wait for no more words about ``host``."""
        self._remove([number for number, opened in self._open.items() if opened.host is host])

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
    """Return who is asked: gateways first, then who was heard last."""
    fresh = [
        other
        for other in venue.hosts.values()
        if other is not host and other.state is HostState.UP and other.is_listed
    ]
    fresh.sort(key=lambda other: (not other.is_gateway, -(other.evidence_at or 0.0), other.name))
    return fresh[:ASKED_MAX]
