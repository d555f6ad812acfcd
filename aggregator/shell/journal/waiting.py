"""Waiting: what is ordered and not yet stored, within a bound of bytes.

Orders wait one by one. When they are too many, or the disk has refused them, they are merged: of
each host, incident and numbering the latest row stays. What is still too much is dropped, in this
order: late readings (their agents still have them), transitions, notices, changes, closed
incidents. How things stand now is kept in any case: the fleet bounds it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from aggregator.core.dedup import HeardRanges, Numbering
from aggregator.core.storing import Number
from aggregator.shell.http.api.record import IncidentJson
from aggregator.shell.journal.late_readings import ReadingRow
from aggregator.shell.journal.rows import ChangeRow, HostRow, Notice, Rows
from aggregator.shell.journal.rows import TransitionRow as Transition

WAITING_MAX = 64 * 2**20
"""How many bytes may wait: some minutes of the worst day."""

ROOM_UNTIL = 48 * 2**20
"""So many bytes may wait when another late reading is taken."""

_AT_ONCE = 1_000  # orders that share a transaction, so that a busy moment costs one sync
_SIZE_AT_ONCE = 2**20  # of them, so that the WAL stays short
_SHED_TO, _MORE = 0.75, 1.25  # so that not every order looks through all others
_ROW = 400  # bytes of a row of a few words, as Python holds it
_RANGE = 128

Dropped: TypeAlias = Callable[[Sequence[int], Sequence[Number]], None]
"""Gets the tokens of orders that will never be whole, and the readings that are dropped."""


class Order(NamedTuple):
    """Rows to be stored in one transaction; ``tokens`` are reported then.

    ``size``: what it needs of our memory, in bytes, about. ``ends``: the incidents that the core
    knows to be open; all others in the journal are ended then, as nobody will.
    """

    rows: Rows
    tokens: tuple[int, ...] = ()
    size: int = 0
    ends: frozenset[int] | None = None
    is_merged: bool = False


def size_of(rows: Rows) -> int:
    """Return about how many bytes of memory rows need."""
    plain = len(rows.changes) + len(rows.known) + len(rows.transitions) + len(rows.hosts)
    plain += len(rows.gone) + len(rows.forgotten) + len(rows.settled) + len(rows.marks)
    size = plain * _ROW + sum(map(_reading_size, rows.readings))
    size += sum(map(_page_size, rows.pages)) + sum(map(_incident_size, rows.incidents))
    size += sum(_ROW + len(body) for body in rows.catalogues.values())
    return size + sum(map(_notice_size, rows.notices))


def _reading_size(row: ReadingRow) -> int:
    return _ROW + len(row.body)


def _page_size(page: HeardRanges) -> int:
    return _ROW + _RANGE * len(page.ranges)


def _incident_size(row: IncidentJson) -> int:
    parts = len(row.evidence) * 2 + len(row.children) / 4 + len(row.alive)
    return _ROW * (2 + int(parts))


def _notice_size(notice: Notice) -> int:
    return _ROW + len(notice.body)


class Merged:
    """Orders as one: later rows take the place of earlier ones.

    Attributes:
        size: what all of it needs, in bytes, about.
    """

    def __init__(self) -> None:
        self.size = 0
        self.count = 0
        self._readings: dict[Number, ReadingRow] = {}
        self._catalogues: dict[str, bytes] = {}
        self._pages: dict[tuple[str, str, str], HeardRanges] = {}
        self._forgotten: dict[Numbering, None] = {}
        self._incidents: dict[int, IncidentJson] = {}
        self._changes: dict[tuple[int, int], ChangeRow] = {}
        self._known: dict[tuple[int, int], ChangeRow] = {}
        self._transitions: list[Transition] = []
        self._hosts: dict[str, HostRow] = {}
        self._gone: dict[str, None] = {}
        self._notices: dict[str, Notice] = {}
        self._settled: dict[str, None] = {}
        self._marks: dict[str, float] = {}
        self._at = 0.0
        self._tokens: dict[int, None] = {}
        self._with_readings: set[int] = set()
        self._ends: frozenset[int] | None = None

    def add(self, order: Order) -> None:
        """Add an order that is later than all others."""
        rows = order.rows
        self.count += 1
        for reading in rows.readings:
            self._readings.setdefault(_number(reading), reading)
        self._catalogues.update(rows.catalogues)
        for numbering in rows.forgotten:
            self._pages.pop(numbering[:3], None)
            self._forgotten[numbering] = None
        self._pages.update((page[:3], page) for page in rows.pages)
        self._incidents.update((each.number, each) for each in rows.incidents)
        self._changes.update(((each.number, each.seq), each) for each in rows.changes)
        self._known.update(((each.number, each.seq), each) for each in rows.known)
        self._transitions += rows.transitions
        for name in rows.gone:
            self._hosts.pop(name, None)
            self._gone[name] = None
        self._hosts.update((host.host, host) for host in rows.hosts)
        self._notices.update((notice.id, notice) for notice in rows.notices)
        for name in rows.settled:
            self._notices.pop(name, None)
            self._settled[name] = None
        self._marks.update(rows.marks)
        self._at = max(self._at, rows.at)
        self._tokens.update(dict.fromkeys(order.tokens))
        if rows.readings:
            self._with_readings.update(order.tokens)
        if order.ends is not None:
            self._ends = order.ends
        self.size += order.size

    def order(self) -> Order:
        """Return all of it as one order."""
        return Order(self._rows(), tuple(self._tokens), self.size, self._ends, is_merged=True)

    def shed(self, size_max: float, dropped: Dropped) -> None:
        """Drop what is too much; ``dropped`` is told of late readings."""
        self.size = size_of(self._rows())
        if self.size > size_max and self._readings:
            self._drop_readings(dropped)
        while self.size > size_max and self._transitions:
            del self._transitions[: len(self._transitions) // 2 + 1]
            self.size = size_of(self._rows())
        for drop in (self._notices.clear, self._drop_changes, self._drop_closed):
            if self.size > size_max:
                drop()
                self.size = size_of(self._rows())

    def _drop_readings(self, dropped: Dropped) -> None:
        for host, boot, stream, _ in self._readings:
            self._pages.pop((host, stream, boot), None)  # they would say that it was heard
        dropped(sorted(self._with_readings), list(self._readings))
        for token in self._with_readings:
            self._tokens.pop(token, None)
        self._with_readings.clear()
        self._readings.clear()
        self._catalogues.clear()
        self.size = size_of(self._rows())

    def _drop_changes(self) -> None:
        last: dict[int, ChangeRow] = {}
        for change in self._changes.values():
            last[change.number] = change
        self._changes = {(each.number, each.seq): each for each in last.values()}

    def _drop_closed(self) -> None:
        still_open = {number for number, each in self._incidents.items() if each.closed_at is None}
        self._incidents = {number: self._incidents[number] for number in still_open}
        self._changes = {key: each for key, each in self._changes.items() if key[0] in still_open}

    def _rows(self) -> Rows:
        return Rows(
            tuple(self._readings.values()),
            tuple(self._pages.values()),
            tuple(self._forgotten),
            tuple(self._incidents.values()),
            tuple(self._changes.values()),
            tuple(self._known.values()),
            tuple(self._transitions),
            tuple(self._hosts.values()),
            tuple(self._gone),
            tuple(self._notices.values()),
            tuple(self._settled),
            dict(self._marks),
            dict(self._catalogues),
            self._at,
        )


class Waiting:
    """Orders between the loop and the thread that stores them."""

    def __init__(self, dropped: Dropped, *, size_max: int = WAITING_MAX) -> None:
        self._dropped = dropped
        self._size_max = size_max
        self._has_some = threading.Condition()
        self._orders: list[Order] = []
        self._size = 0
        self._is_closed = False
        self._shed_at: float = size_max
        self._kept: Merged | None = None
        self._shed_kept_at: float = size_max

    @property
    def size(self) -> int:
        """How many bytes wait, about."""
        kept = self._kept
        return self._size + (kept.size if kept is not None else 0)

    @property
    def has_kept(self) -> bool:
        """Whether orders are kept that could not be stored."""
        return self._kept is not None

    def put(self, order: Order) -> None:
        """Have an order wait, on the loop."""
        with self._has_some:
            self._orders.append(order)
            self._size += order.size
            if self.size > self._shed_at:
                merged = _merged(self._orders)
                others = self.size - self._size
                merged.shed(self._size_max * _SHED_TO - others, self._dropped)
                self._orders, self._size = [merged.order()], merged.size
                self._shed_at = self._next_shed_at(self.size)
            self._has_some.notify()

    def close(self) -> None:
        """Let no ``take`` wait any more."""
        with self._has_some:
            self._is_closed = True
            self._has_some.notify()

    def take(self, timeout_s: float | None) -> tuple[list[Order], bool]:
        """Wait for an order; return those that wait, and whether no more will come."""
        with self._has_some:
            self._has_some.wait_for(lambda: self._orders or self._is_closed, timeout_s)
            count = _count_at_once(self._orders)
            taken, self._orders = self._orders[:count], self._orders[count:]
            self._size = sum(order.size for order in self._orders)
            self._shed_at = self._size_max
            return taken, self._is_closed and not self._orders

    def all(self, orders: Sequence[Order]) -> Sequence[Order]:
        """Return ``orders`` behind those that are kept, which are one."""
        if self._kept is None:
            return orders
        kept = [self._kept.order()] if self._kept.count else []
        return [*kept, *orders]

    def keep(self, orders: Iterable[Order]) -> None:
        """Keep orders that can not be stored now."""
        if self._kept is None:
            self._kept = Merged()
        for order in orders:
            self._kept.add(order)
        if self._kept.size > self._shed_kept_at:
            self._kept.shed(self._size_max * _SHED_TO, self._dropped)
            self._shed_kept_at = self._next_shed_at(self._kept.size)

    def _next_shed_at(self, size: int) -> float:
        """Return at which size to drop again: what can not be dropped may be over the bound."""
        return self._size_max if size <= self._size_max * _SHED_TO else size * _MORE

    def stored(self) -> None:
        """Forget what was kept: it is stored."""
        self._kept, self._shed_kept_at = None, self._size_max


def _count_at_once(orders: Sequence[Order]) -> int:
    """Return how many of these orders share a transaction: one at least."""
    size = 0
    for count, order in enumerate(orders[:_AT_ONCE]):
        size += order.size
        if size > _SIZE_AT_ONCE and count:
            return count
    return min(len(orders), _AT_ONCE)


def _merged(orders: Iterable[Order]) -> Merged:
    merged = Merged()
    for order in orders:
        merged.add(order)
    return merged


def _number(reading: ReadingRow) -> Number:
    return reading.host, reading.boot, reading.stream, reading.seq
