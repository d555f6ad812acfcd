"""Queue of notices to one receiver: who goes next, when, and who is dropped. See the package.

It does no I/O: ``take`` hands out a notice that is under way from then on, until ``delivered``,
``refused`` or ``failed`` says what became of it.
"""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal, NamedTuple, TypeAlias

from aggregator.core.incidents.record import IncidentChanged
from aggregator.core.notices.loudest import Loudness
from aggregator.core.notices.turns import Owner, Turns
from venuewatch.base.wire.links import wait_before

INF: Final = float("inf")

WAITING_MAX: Final = 10_000
"""How many notices may wait before repeats are dropped: a few days of a bad rehearsal."""

BYTES_MAX: Final = 32 * 2**20
"""How long (bytes) they may be together, before repeats are dropped."""

FIRST_WORDS_MAX: Final = 100_000
"""How many may wait at all: three for each host of the largest fleet."""

UNDER_WAY_MAX: Final = 4
"""How many notices that were never tried are under way at a time; of a venue 2, of a host 1."""

RETRIES_MAX: Final = 2
"""How many others are, of a host 1; one in all while nothing succeeds."""

PAUSE_MAX_S: Final = 60.0
"""For how long (s) at most a receiver that asks for a pause gets it."""

FAILING_S: Final = 30.0
"""From when on (s) it is told that a receiver fails."""

LOST_S: Final = 300.0
"""For how long (s) it is told that notices were lost."""

_FRESH_FIRST_S: Final = 0.1
_FRESH_MAX_S: Final = 1.0
_OF_VENUE_MAX: Final = 2
_ROUND: Final = 4  # turns, of which one is not for first words
_HARD: Final = 4  # times as many bytes, before first words are dropped
_BODY_BYTES: Final = 600  # of a notice without evidence and children
_EVIDENCE_BYTES: Final = 250
_CHILD_BYTES: Final = 30
_ENDS: Final = frozenset({"closed", "removed"})

Change: TypeAlias = Literal["opened", "sharpened", "closed", "removed"]


class Waiting(NamedTuple):
    """A notice that waits. ``content`` is its body, or what it is made of; ``size``: in bytes.

    ``seq`` counts the changes of incident ``number`` from 1.
    """

    id: str
    number: int
    seq: int
    owner: Owner
    change: str
    content: bytes | IncidentChanged
    size: int


def waiting_of(changed: IncidentChanged) -> Waiting:
    """Return the notice of a change, with about the size that its body will have."""
    incident, seq = changed.incident, changed.seq
    size = _BODY_BYTES + _EVIDENCE_BYTES * len(incident.evidence)
    size += _CHILD_BYTES * len(incident.children)
    owner = Owner(incident.subject.venue, incident.subject.host)
    id_ = f"{incident.number}-{seq}"
    return Waiting(id_, incident.number, seq, owner, changed.change, changed, size)


class _Chain:
    """The notices of one incident that wait, in order.

    ``attempts``: how often the first was tried; ``ready_at``: before that (s) it is not tried
    again; ``failed_since``: when (s) that began. ``sharpened``: how many are that.
    """

    __slots__ = (
        "attempts",
        "counted",
        "failed_since",
        "is_under_way",
        "notices",
        "owner",
        "ready_at",
        "sharpened",
    )

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.notices: list[Waiting] = []
        self.is_under_way = False
        self.attempts = 0
        self.ready_at = -INF
        self.failed_since = INF
        self.sharpened = 0
        self.counted = 0  # as what may be dropped

    @property
    def is_first(self) -> bool:
        """Whether the receiver does not know the incident yet."""
        return self.notices[0].change == "opened"

    @property
    def is_over_unheard(self) -> bool:
        """Whether the receiver never heard of the incident, which is over."""
        is_unheard = self.is_first and not self.is_under_way
        return is_unheard and self.notices[-1].change in _ENDS

    @property
    def repeats(self) -> int:
        """How many of them may be dropped."""
        if not self.notices:
            return 0
        if self.is_over_unheard:
            return len(self.notices)
        return self.sharpened - (self.is_under_way and self.notices[0].change == "sharpened")

    def dropped(self) -> list[Waiting]:
        """Return what is dropped of it first: the oldest ``sharpened``, or else all that is idle.

        The end of an incident is not left out without its beginning, nor the reverse.
        """
        first = int(self.is_under_way)
        if self.sharpened and not self.is_over_unheard:
            later = islice(self.notices, first, None)
            return [next(notice for notice in later if notice.change == "sharpened")]
        return self.notices[first:]

    def add(self, notice: Waiting) -> bool:
        """Put a notice in its place; return False if it waits already."""
        first = int(self.is_under_way)
        place = len(self.notices)
        while place > first and self.notices[place - 1].seq > notice.seq:
            place -= 1
        if place and self.notices[place - 1].seq == notice.seq:
            return False
        self.notices.insert(place, notice)
        self.sharpened += notice.change == "sharpened"
        return True

    def take_out(self, notice: Waiting) -> None:
        """Forget a notice; the next one was not tried yet."""
        if notice is self.notices[0]:
            self.attempts, self.ready_at, self.failed_since = 0, -INF, INF
        self.notices.remove(notice)
        self.sharpened -= notice.change == "sharpened"


class NoticeQueue:
    """What waits for one receiver; ``retry_max_s`` is the longest wait before another attempt.

    Attributes:
        waiting: how many wait, those under way included.
        lost: how many were refused or dropped.
        next_at: after ``take`` returned None, when (s) it is to be called again at the latest.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        retry_max_s: float,
        waiting_max: int = WAITING_MAX,
        bytes_max: int = BYTES_MAX,
        first_words_max: int = FIRST_WORDS_MAX,
    ) -> None:
        self._rng = rng
        self._retry_max_s = retry_max_s
        self._waiting_max = waiting_max
        self._bytes_max = bytes_max
        self._first_words_max = first_words_max
        self._chains: dict[int, _Chain] = {}
        self._turns: dict[tuple[bool, bool], Turns[int]] = {
            (is_first, is_fresh): Turns()
            for is_first in (True, False)
            for is_fresh in (True, False)
        }
        self._loudness = Loudness()
        self._droppable: dict[Owner, dict[int, None]] = {}
        self._under_way: Counter[tuple[bool, Owner | str | None]] = Counter()
        self._failures = 0  # in a row
        self._failing_since = INF
        self._retry_at = self._fresh_at = self._open_at = -INF
        self._lost_at = -INF
        self._turn = 0
        self._bytes = 0
        self.waiting = 0
        self.lost = 0
        self.next_at = INF

    # What happens

    def add(self, notice: Waiting, now: float) -> list[Waiting]:
        """Queue a notice; return those that are dropped for it. One that waits is left out."""
        chain = self._chains.get(notice.number)
        if chain is None:
            chain = self._chains[notice.number] = _Chain(notice.owner)
        self._leave_turn(notice.number, chain)
        is_new = chain.add(notice)
        self._settle(notice.number, chain)
        if not is_new:
            return []
        self.waiting += 1
        self._bytes += notice.size
        return list(self._make_room(now))

    def take(self, now: float) -> Waiting | None:
        """Return the notice that is to be sent now, which is under way then; None for none."""
        self.next_at = INF
        if now < self._open_at:
            self.next_at = self._open_at if self._chains else INF
            return None
        for is_first, is_fresh in self._order():
            turns = self._turns[is_first, is_fresh]
            number = self._take_turn(turns, now, is_fresh=is_fresh) if turns else None
            if number is not None:
                self._turn += 1
                return self._begin(number)
        return None

    def delivered(self, notice: Waiting) -> None:
        """Note that the receiver has accepted a notice: what failed may be tried again soon."""
        self._failures, self._failing_since = 0, INF
        self._retry_at = self._fresh_at = -INF
        self._end(notice)

    def refused(self, notice: Waiting, now: float) -> None:
        """Note that the receiver will never take a notice, and works."""
        self.delivered(notice)
        self.lost += 1
        self._lost_at = now

    def failed(self, notice: Waiting, now: float, *, pause_s: float | None = None) -> None:
        """Note that an attempt failed. ``pause_s``: nothing is to be sent for so long."""
        chain = self._chains[notice.number]
        self._release(chain)
        chain.failed_since = min(chain.failed_since, now)
        wait_s = wait_before(chain.attempts, self._rng, max_s=self._retry_max_s)
        chain.attempts += 1
        chain.ready_at = now + wait_s
        if not self._failures:
            self._failing_since = now
        pause = wait_before(self._failures, self._rng, max_s=self._retry_max_s)
        self._retry_at = max(self._retry_at, now + pause)
        fresh_s = _FRESH_FIRST_S * 2.0 ** min(self._failures, 10)
        self._fresh_at = now + min(_FRESH_MAX_S, fresh_s)
        self._failures += 1
        if pause_s is not None:
            self._open_at = max(self._open_at, now + min(PAUSE_MAX_S, max(pause, pause_s)))
        self._settle(notice.number, chain)

    # What is told

    @property
    def is_well(self) -> bool:
        """Whether nothing waits that has failed."""
        retries = self._turns[True, False] or self._turns[False, False]
        return not (self._failures or retries or self._under_way[False, None])

    def failing_since(self, now: float) -> float | None:
        """Return since when (s) the receiver, or a notice, fails for long; None if none does."""
        tried = () if self.is_well else self._chains.values()
        since = min((chain.failed_since for chain in tried), default=INF)
        since = min(since, self._failing_since)
        return since if now >= since + FAILING_S else None

    def has_lost(self, now: float) -> bool:
        """Tell whether notices were lost lately."""
        return now < self._lost_at + LOST_S

    # Who goes next

    def _order(self) -> Iterator[tuple[bool, bool]]:
        """Yield which kinds of notices go first in this turn: (first words, never tried)."""
        fresh_first = bool(self._turn % 2)
        is_for_first = self._turn % _ROUND != _ROUND - 1
        for is_first in (is_for_first, not is_for_first):
            for is_fresh in (fresh_first, not fresh_first):
                yield is_first, is_fresh

    def _take_turn(self, turns: Turns[int], now: float, *, is_fresh: bool) -> int | None:
        if self._failures:
            gate = self._fresh_at if is_fresh else self._retry_at
            if now < gate:
                self.next_at = min(self.next_at, gate)
                return None
        most = UNDER_WAY_MAX if is_fresh else 1 if self._failures else RETRIES_MAX
        under_way = self._under_way
        if under_way[is_fresh, None] >= most:
            return None
        return turns.take(
            is_venue_free=lambda venue: under_way[is_fresh, venue] < _OF_VENUE_MAX,
            is_free=lambda owner: not under_way[is_fresh, owner],
            is_ready=lambda number: self._is_ready(number, now),
        )

    def _is_ready(self, number: int, now: float) -> bool:
        ready_at = self._chains[number].ready_at
        if now < ready_at:
            self.next_at = min(self.next_at, ready_at)
        return now >= ready_at

    def _begin(self, number: int) -> Waiting:
        chain = self._chains[number]
        chain.is_under_way = True
        self._count_under_way(chain, 1)
        self._recount(number, chain)
        return chain.notices[0]

    def _release(self, chain: _Chain) -> None:
        self._count_under_way(chain, -1)
        chain.is_under_way = False

    def _count_under_way(self, chain: _Chain, by: int) -> None:
        for whose in (None, chain.owner.venue, chain.owner):
            key = not chain.attempts, whose
            self._under_way[key] += by
            if not self._under_way[key]:
                del self._under_way[key]

    def _end(self, notice: Waiting) -> None:
        chain = self._chains[notice.number]
        self._release(chain)
        self._take_out(chain, notice)
        self._settle(notice.number, chain)

    def _settle(self, number: int, chain: _Chain) -> None:
        """Let an incident wait for its next turn, or forget it."""
        self._recount(number, chain)
        if not chain.notices:
            del self._chains[number]
        elif not chain.is_under_way:
            self._turns[chain.is_first, not chain.attempts].add(chain.owner, number)

    def _leave_turn(self, number: int, chain: _Chain) -> None:
        if chain.notices and not chain.is_under_way:
            self._turns[chain.is_first, not chain.attempts].discard(chain.owner, number)

    # Who is dropped

    def _make_room(self, now: float) -> Iterator[Waiting]:
        while self.waiting > self._waiting_max or self._bytes > self._bytes_max:
            loudest = self._loudness.loudest()
            number = None if loudest is None else next(iter(self._droppable[loudest]))
            if loudest is None and self._is_beyond_all_bounds():
                number = self._latest_of_fullest()
            if number is None:
                return
            yield from self._drop(number, now)

    def _is_beyond_all_bounds(self) -> bool:
        return self.waiting > self._first_words_max or self._bytes > _HARD * self._bytes_max

    def _latest_of_fullest(self) -> int | None:
        """Return the latest incident of who has most of those that should not be dropped."""
        idle = [(it.owner, number) for number, it in self._chains.items() if not it.is_under_way]
        counts = Counter(owner for owner, _ in idle)
        most = max(counts.values(), default=0)
        return next((number for owner, number in reversed(idle) if counts[owner] == most), None)

    def _drop(self, number: int, now: float) -> list[Waiting]:
        chain = self._chains[number]
        self._leave_turn(number, chain)
        dropped = chain.dropped()
        for notice in dropped:
            self._take_out(chain, notice)
        self.lost += len(dropped)
        self._lost_at = now
        self._settle(number, chain)
        return dropped

    def _take_out(self, chain: _Chain, notice: Waiting) -> None:
        chain.take_out(notice)
        self.waiting -= 1
        self._bytes -= notice.size

    def _recount(self, number: int, chain: _Chain) -> None:
        """Note how many notices of an incident may be dropped."""
        count = chain.repeats
        self._loudness.change(chain.owner, count - chain.counted)
        chain.counted = count
        of_owner = self._droppable.setdefault(chain.owner, {})
        if count:
            of_owner[number] = None
        else:
            of_owner.pop(number, None)
            if not of_owner:
                del self._droppable[chain.owner]
