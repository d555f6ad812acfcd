"""Queue of alerts to one Alertmanager: the latest of each, sent many together.

What is newer replaces what still waits of the same alert. So it is never longer than there are
alerts, and an Alertmanager that was away hears how things stand, not how they came about.

Alerts that were never tried wait for no retry of others. What failed is tried again in smaller and
smaller requests, so that one alert that fails takes few others with it. What is refused is cut in
two, until the alert is found that is to blame. It does no I/O; times are monotonic seconds.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from aggregator.core.incidents.pushing import Push
from aggregator.core.notices.queue import INF, PAUSE_MAX_S
from aggregator.core.notices.turns import Owner, Turns
from venuewatch.base.wire.links import wait_before

PENDING_MAX: Final = 50_000
"""How many alerts may wait for one Alertmanager."""

TOGETHER_MAX: Final = 200
"""How many alerts are pushed in one request; to write them takes the event loop some 5 ms."""

_FRESH_FIRST_S: Final = 0.1
_FRESH_MAX_S: Final = 1.0
_DROPPED_AT_ONCE: Final = 0.01  # of those that may wait
_NEWS_OF_FOUR: Final = 3


class AlertsQueue:
    """The alerts that wait; ``retry_max_s`` is the longest wait (s) before another attempt.

    One request at a time is under way: from ``take`` until ``accepted``, ``refused`` or ``failed``.

    Attributes:
        next_at: after ``take`` returned nothing, when (s) it is to be called again at the latest.
    """

    def __init__(
        self, rng: random.Random, *, retry_max_s: float, pending_max: int = PENDING_MAX
    ) -> None:
        self._rng = rng
        self._retry_max_s = retry_max_s
        self._pending_max = pending_max
        self._pending: dict[str, Push] = {}
        self._known: set[str] = set()  # alerts that it has, and that are not over
        self._tried: set[str] = set()
        self._news: Turns[str] = Turns()
        self._others: Turns[str] = Turns()
        self._retries: Turns[str] = Turns()
        self._conditional: Turns[str] = Turns()
        self._turns_of: dict[str, Turns[str]] = {}
        self._parts: list[list[Push]] = []
        self._failures = 0
        self._retry_at = self._fresh_at = self._open_at = -INF
        self._size = TOGETHER_MAX
        self._is_retry = False
        self.next_at = INF

    @property
    def waiting(self) -> list[Push]:
        """The alerts that wait, those under way included."""
        return list(self._pending.values())

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def is_well(self) -> bool:
        """Whether nothing waits that has failed."""
        return not self._failures and not self._tried

    def add(self, pushes: Iterable[Push]) -> list[Push]:
        """Queue these, each in place of what still waits of the same alert; return the dropped."""
        for push in pushes:
            self._leave(push)
            self._pending[push.key] = push
            self._enter(push)
        return list(self._make_room())

    def keep(self, keys: set[str]) -> None:
        """Forget of all other alerts that the Alertmanager has them."""
        self._known &= keys

    def take(self, now: float) -> list[Push]:
        """Return what is to be pushed now, together; nothing if nothing is."""
        self.next_at = INF
        self._forget_stale(now)
        while self._parts:
            part = [push for push in self._parts.pop() if self._pending.get(push.key) is push]
            if part:
                return self._begin(part)
        if not self._pending:
            return []
        if now < self._open_at:
            self.next_at = self._open_at
            return []
        return self._begin(self._fresh(now) or self._retry(now) or self._doubtful(now))

    def accepted(self, pushes: Iterable[Push]) -> None:
        """Note that these were accepted, or need not be pushed."""
        self._failures = 0
        self._retry_at = self._fresh_at = -INF
        self._size = min(TOGETHER_MAX, 2 * self._size)
        for push in pushes:
            if push.is_over:
                self._known.discard(push.key)
            elif not push.is_conditional:
                self._known.add(push.key)
            self._settle(push)

    def refused(self, pushes: Sequence[Push]) -> list[Push]:
        """Note that a request would be refused again; return the alert that is dropped for it."""
        self._failures = 0
        if len(pushes) > 1:
            half = len(pushes) // 2
            self._parts += [list(pushes[half:]), list(pushes[:half])]
            return []
        for push in pushes:
            self._settle(push)
        return list(pushes)

    def failed(self, pushes: Iterable[Push], now: float, *, pause_s: float | None = None) -> None:
        """Note that a request failed. ``pause_s``: nothing is to be sent for so long."""
        wait_s = wait_before(self._failures, self._rng, max_s=self._retry_max_s)
        self._retry_at = now + wait_s
        self._fresh_at = now + min(_FRESH_MAX_S, _FRESH_FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        if self._is_retry:
            self._size = max(1, self._size // 2)
        if pause_s is not None:
            self._open_at = now + min(PAUSE_MAX_S, max(wait_s, pause_s))
        again = [*pushes, *(push for part in self._parts for push in part)]
        self._parts = []
        for push in again:
            current = self._pending.get(push.key)
            if current is not None:
                self._leave(current)
                self._tried.add(push.key)
                self._enter(current)

    # What goes next

    def _begin(self, pushes: list[Push]) -> list[Push]:
        self._is_retry = any(push.key in self._tried for push in pushes)
        return pushes

    def _fresh(self, now: float) -> list[Push]:
        if not (self._news or self._others):
            return []
        if now < self._fresh_at:
            self.next_at = min(self.next_at, self._fresh_at)
            return []
        return list(self._alternating())

    def _alternating(self) -> Iterator[Push]:
        """Take alerts that it does not know, and some of the others."""
        for place in range(TOGETHER_MAX):
            is_for_news = place % (_NEWS_OF_FOUR + 1) < _NEWS_OF_FOUR
            first, second = self._news, self._others
            if not is_for_news:
                first, second = second, first
            push = self._take_from(first) or self._take_from(second)
            if push is None:
                return
            yield push

    def _retry(self, now: float) -> list[Push]:
        return self._some_of(self._retries, now)

    def _doubtful(self, now: float) -> list[Push]:
        """Take conditional ones when no others wait: an answer about these may be slow, or fail."""
        if self._news or self._others or self._retries:
            return []
        return self._some_of(self._conditional, now)

    def _some_of(self, turns: Turns[str], now: float) -> list[Push]:
        if not turns:
            return []
        if self._failures and now < self._retry_at:
            self.next_at = min(self.next_at, self._retry_at)
            return []
        taken: list[Push] = []
        while len(taken) < self._size and (push := self._take_from(turns)) is not None:
            taken.append(push)
        return taken

    def _take_from(self, turns: Turns[str]) -> Push | None:
        key = turns.take()
        if key is None:
            return None
        del self._turns_of[key]
        return self._pending[key]

    def _enter(self, push: Push) -> None:
        """Let an alert wait for its turn."""
        if push.is_conditional:
            turns = self._conditional
        elif push.key in self._tried:
            turns = self._retries
        else:
            turns = self._others if push.key in self._known or push.is_over else self._news
        self._turns_of[push.key] = turns
        turns.add(_owner_of(push), push.key)

    def _leave(self, push: Push) -> None:
        turns = self._turns_of.pop(push.key, None)
        if turns is not None:
            turns.discard(_owner_of(push), push.key)

    # What is forgotten

    def _settle(self, push: Push) -> None:
        """Forget an alert that was pushed; one that was replaced meanwhile waits on."""
        current = self._pending.get(push.key)
        if current is None:
            return
        if current is push:
            self._drop(push)
            return
        self._leave(current)
        self._tried.discard(push.key)
        self._enter(current)

    def _forget_stale(self, now: float) -> None:
        """Forget alerts that waited until their end: they would read as over.

        They are pushed anew while they are open.
        """
        stale = [it for it in self._pending.values() if not it.is_over and it.ends_at <= now]
        for push in stale:
            self._drop(push)

    def _make_room(self) -> Iterator[Push]:
        while len(self._pending) > self._pending_max:
            counts = Counter(_owner_of(push) for push in self._pending.values())
            loudest = max(counts, key=counts.__getitem__)
            of_loudest = [it for it in self._pending.values() if _owner_of(it) == loudest]
            too_many = len(self._pending) - self._pending_max
            at_once = max(too_many, int(_DROPPED_AT_ONCE * self._pending_max))
            for push in of_loudest[-at_once:]:
                self._drop(push)
                yield push

    def _drop(self, push: Push) -> None:
        self._leave(push)
        self._tried.discard(push.key)
        del self._pending[push.key]


def _owner_of(push: Push) -> Owner:
    return Owner(push.incident.subject.venue, push.incident.subject.host)
