"""Deduplication of numbered messages: each is taken once, whatever order and however often.

Live readings, what the broker kept for us, and the backlog of a cut all carry the same numbers.
Numbers that belong together lie together, so a stream is a few ranges, not a set of numbers.
"""

import copy
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

BOOTS_MAX = 16
"""How many boots of one stream are remembered: an agent that is started again each four minutes has
as many in an hour. Beyond them the oldest one's numbers are forgotten: its repeats count as new."""

_RANGES_A_NUMBERING = 4  # that are handed over in the time of a numbering

RANGES_MAX = 1_000
"""How many ranges one boot may have; past that the lowest gap is given up as lost."""


Ranges: TypeAlias = Sequence[tuple[int, int]]
"""Ascending, disjoint, closed ranges of numbers."""


Numbering: TypeAlias = tuple[str, str, str]
"""A stream of one boot of one host: host, stream, boot."""


class HeardRanges(NamedTuple):
    """The numbers received of one numbering: a stream of one boot of one host."""

    host: str
    stream: str
    boot: str
    ranges: Ranges


_NONE: dict[str, "Heard"] = {}


class Heard:
    """The numbers received of one numbering, as ascending, disjoint, closed ranges.

    Attributes:
        count: how many.
        is_stored: some of them were handed over to be stored.
    """

    __slots__ = ("_highs", "_lows", "count", "is_stored")

    def __init__(self, ranges: Ranges = ()) -> None:
        self._lows = [low for low, _ in ranges]
        self._highs = [high for _, high in ranges]
        self.count = sum(high - low + 1 for low, high in ranges)
        self.is_stored = False

    def __deepcopy__(self, memo: dict[int, Any]) -> "Heard":
        """Return an independent copy."""
        copied = memo[id(self)] = object.__new__(Heard)
        copied._lows, copied._highs, copied.count = self._lows[:], self._highs[:], self.count
        copied.is_stored = self.is_stored
        return copied

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._lows, number) - 1
        return at >= 0 and number <= self._highs[at]

    @property
    def ranges(self) -> Ranges:
        """The numbers, as ranges."""
        return list(zip(self._lows, self._highs, strict=True))

    @property
    def gaps(self) -> int:
        """How many gaps are between the numbers."""
        return max(0, len(self._lows) - 1)

    @property
    def missing(self) -> int:
        """How many numbers between the lowest and the highest were never received."""
        return self._highs[-1] - self._lows[0] + 1 - self.count if self._highs else 0

    def awaits(self, number: int) -> bool:
        """Tell whether a number follows the highest."""
        return bool(self._highs) and number == self._highs[-1] + 1

    def add(self, number: int) -> bool:
        """Note a number; return whether it is new."""
        lows, highs = self._lows, self._highs
        if highs and number == highs[-1] + 1:  # as nearly all are
            highs[-1] = number
            self.count += 1
            return True
        if number in self:
            return False
        self.count += 1
        at = bisect_right(lows, number)
        joins_left = at > 0 and highs[at - 1] == number - 1
        joins_right = at < len(lows) and lows[at] == number + 1
        if joins_left and joins_right:
            highs[at - 1] = highs.pop(at)
            lows.pop(at)
        elif joins_left:
            highs[at - 1] = number
        elif joins_right:
            lows[at] = number
        else:
            lows.insert(at, number)
            highs.insert(at, number)
        if len(lows) > RANGES_MAX:
            self._give_up_lowest_gap()
        return True

    def remove(self, number: int) -> None:
        """Forget a number, so that it is new when it comes again."""
        if number not in self:
            return
        self.count -= 1
        at = bisect_right(self._lows, number) - 1
        low, high = self._lows[at], self._highs[at]
        parts = [(low, number - 1), (number + 1, high)]
        left = [part for part in parts if part[0] <= part[1]]
        self._lows[at : at + 1] = [low for low, _ in left]
        self._highs[at : at + 1] = [high for _, high in left]

    def _give_up_lowest_gap(self) -> None:
        """Treat the lowest gap as received, so that it is refused should it come after all."""
        self._lows.pop(1)
        self._highs.pop(0)


class Dedup:
    """The numbers received of every stream of every host.

    Of each stream at most ``BOOTS_MAX`` boots are remembered, here and in what is to be stored. So
    a host that has another boot in each message fills neither the memory nor the journal.

    Attributes:
        repeats: messages that had been received before.
        boots_forgotten: boots that were forgotten for a newer one.
        is_out_of_order: whether the last message did not follow the one before of its numbering, or
            one of its host was taken back: then more may be missing now, or fewer.
    """

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], dict[str, Heard]] = {}
        self._changed: dict[Numbering, Heard] = {}
        self._gone: list[Numbering] = []
        self.repeats = self.boots_forgotten = 0
        self.is_out_of_order = False
        self._taken_back: set[str] = set()

    def pieces(self, streams: int = 1_000) -> Iterator[Sequence[object]]:
        """Yield the parts of a copy in an order in which each is small."""
        every = list(self._streams.values())
        for first in range(0, len(every), streams):
            yield every[first : first + streams]
        yield (self,)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Dedup":
        """Return an independent copy; each numbering is copied once for all of a ``memo``."""
        copied = memo[id(self)] = object.__new__(Dedup)
        known = memo.get
        copied._streams = {
            of: known(id(boots)) or copy.deepcopy(boots, memo)
            for of, boots in self._streams.items()
        }
        copied._changed = {of: copy.deepcopy(heard, memo) for of, heard in self._changed.items()}
        copied._gone = self._gone[:]
        copied.repeats, copied.boots_forgotten = self.repeats, self.boots_forgotten
        copied.is_out_of_order = self.is_out_of_order
        copied._taken_back = self._taken_back.copy()
        return copied

    def add(self, host: str, boot: str, stream: str, number: int) -> bool:
        """Note a message; return whether it is new."""
        boots = self._streams.setdefault((host, stream), {})
        heard = boots.get(boot)
        if heard is None:
            heard = boots[boot] = Heard()
            self._forget_oldest(host, stream, boots)
        self.is_out_of_order = not heard.awaits(number) or host in self._taken_back
        self._taken_back.discard(host)
        if heard.add(number):
            self._changed[host, stream, boot] = heard
            return True
        self.repeats += 1
        return False

    def take_back(self, host: str, boot: str, stream: str, number: int) -> None:
        """Forget a message that was received, and could not be kept."""
        heard = self._streams.get((host, stream), _NONE).get(boot)
        if heard is not None:
            heard.remove(number)
            self._taken_back.add(host)
            self._changed[host, stream, boot] = heard

    def say_again(self, host: str, streams: Iterable[str]) -> None:
        """Count everything of a host as changed: nobody has it any more."""
        for stream in streams:
            for boot, heard in self._streams.get((host, stream), _NONE).items():
                self._changed[host, stream, boot] = heard

    def restore(self, known: Iterable[HeardRanges]) -> None:
        """Remember what an earlier process had received."""
        for host, stream, boot, ranges in known:
            boots = self._streams.setdefault((host, stream), {})
            boots[boot] = heard = Heard(ranges)
            heard.is_stored = True
            self._forget_oldest(host, stream, boots)

    @property
    def has_changed(self) -> bool:
        """Whether anything has, and was not handed over yet."""
        return bool(self._changed)

    def changed(self, at_most: int | None = None) -> list[HeardRanges]:
        """Hand over, once, what has changed, the first of it first; all of it without a bound.

        ``at_most``: so many numberings, or fewer of those that have many gaps.
        """
        if at_most is None:
            return self._hand_over(list(self._changed))
        room, some = at_most * _RANGES_A_NUMBERING, []
        for numbering, heard in self._changed.items():
            some.append(numbering)
            room -= max(_RANGES_A_NUMBERING, heard.gaps + 1)
            if room <= 0:
                break
        return self._hand_over(some)

    def changed_of(self, host: str, streams: Iterable[str]) -> list[HeardRanges]:
        """Hand over, once, what has changed of these streams of a host."""
        numberings = (
            (host, stream, boot)
            for stream in streams
            for boot in self._streams.get((host, stream), _NONE)
        )
        return self._hand_over([each for each in numberings if each in self._changed])

    def forgotten(self) -> list[Numbering]:
        """Hand over, once, which numberings that were stored are known no more."""
        gone, self._gone = self._gone, []
        return gone

    def forget(self, host: str, streams: Iterable[str]) -> None:
        """Know nothing of the streams of a host that is not watched any more."""
        self._taken_back.discard(host)
        for stream in streams:
            for boot, heard in self._streams.pop((host, stream), {}).items():
                self._drop((host, stream, boot), heard)

    def heard(self, host: str, stream: str) -> int:
        """Return how many different messages of a stream came, over the boots that are known."""
        return sum(heard.count for heard in self._streams.get((host, stream), {}).values())

    def missing(self, host: str, streams: Iterable[str]) -> int:
        """Return how many messages are missing between those of the same boot that came."""
        missing = 0
        for stream in streams:
            for heard in self._streams.get((host, stream), _NONE).values():
                missing += heard.missing
        return missing

    def _hand_over(self, numberings: Iterable[Numbering]) -> list[HeardRanges]:
        pages = []
        for numbering in numberings:
            heard = self._changed.pop(numbering)
            heard.is_stored = True
            pages.append(HeardRanges(*numbering, heard.ranges))
        return pages

    def _forget_oldest(self, host: str, stream: str, boots: dict[str, Heard]) -> None:
        """Forget the oldest boot of a stream where there are more than are remembered."""
        if len(boots) > BOOTS_MAX:
            boot = next(iter(boots))
            self._drop((host, stream, boot), boots.pop(boot))
            self.boots_forgotten += 1

    def _drop(self, numbering: Numbering, heard: Heard) -> None:
        self._changed.pop(numbering, None)
        if heard.is_stored:
            self._gone.append(numbering)
