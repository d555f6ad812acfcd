"""Waiting: bounded, late readings go first, and how things stand is never dropped."""

from collections.abc import Sequence

from aggregator.core.dedup import HeardRanges
from aggregator.core.storing import Number
from aggregator.shell.journal.late_readings import ReadingRow
from aggregator.shell.journal.rows import ChangeRow, HostRow, Notice, Rows, TransitionRow
from aggregator.shell.journal.waiting import Order, Waiting, size_of
from tests.aggregator.shell.journal.schemas import THEN, incident

BOUND = 1_000_000


class Dropped:
    """What was dropped."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.readings: list[Number] = []

    def __call__(self, tokens: Sequence[int], readings: Sequence[Number]) -> None:
        self.tokens += tokens
        self.readings += readings


def order(rows: Rows, *tokens: int) -> Order:
    return Order(rows, tokens, size_of(rows))


def late(number: int) -> Rows:
    reading = ReadingRow("STA-1", "b", "vitals", number, number, THEN, b"x" * 2_000)
    return Rows(
        readings=[reading],
        pages=[HeardRanges("STA-1", "vitals", "b", [(0, number)])],
        hosts=[host(f"STA-{number}", "up")],
    )


def host(name: str, state: str) -> HostRow:
    return HostRow(name, "STA", state, THEN, None, 1.0, THEN, was_up=True)


def moved(number: int) -> Rows:
    passage = TransitionRow(THEN + number, "STA", "STA-1", "up", "down", "beat", None)
    return Rows(
        transitions=[passage] * 10,
        notices=[Notice(f"{number}-1", b"x" * 500)],
        changes=[ChangeRow(number, 1, THEN, "opened", "silent")],
        incidents=[incident(number, "STA-1")],
        hosts=[host("STA-1", "up" if number % 2 else "down")],
    )


def taken(waiting: Waiting) -> Rows:
    """Return all that waits, as one."""
    while orders := waiting.take(0.0)[0]:
        waiting.keep(orders)
    (whole,) = waiting.all([])
    return whole.rows


def test_late_readings_go_first_and_are_never_acknowledged() -> None:
    dropped = Dropped()
    waiting = Waiting(dropped, size_max=BOUND)

    for number in range(1_000):
        waiting.put(order(late(number), number))
        assert waiting.size <= BOUND
    orders, _ = waiting.take(0.0)

    tokens = {token for each in orders for token in each.tokens}
    readings = {reading.seq for each in orders for reading in each.rows.readings}
    assert dropped.tokens
    assert tokens | set(dropped.tokens) == set(range(1_000))
    assert tokens & set(dropped.tokens) == set()
    assert readings | {number for *_, number in dropped.readings} == set(range(1_000))
    assert {each.host for one in orders for each in one.rows.hosts} == {
        f"STA-{number}" for number in range(1_000)
    }


def test_a_page_never_says_that_a_dropped_reading_was_heard() -> None:
    dropped = Dropped()
    waiting = Waiting(dropped, size_max=BOUND)

    for number in range(500):
        waiting.put(order(late(number), number))
    orders, _ = waiting.take(0.0)

    first_left = 1 + max(number for *_, number in dropped.readings)
    pages = [page for each in orders for page in each.rows.pages]
    stored = {reading.seq for each in orders for reading in each.rows.readings}
    assert len(stored) == 500 - first_left
    assert pages == [] or stored


def test_a_storm_keeps_how_things_stand() -> None:
    dropped = Dropped()
    waiting = Waiting(dropped, size_max=BOUND)

    for number in range(1, 1_000):
        waiting.put(order(moved(number), number))
    rows = taken(waiting)

    assert len(rows.incidents) == 999
    assert [each.state for each in rows.hosts] == ["up"]
    assert len(rows.transitions) < 999 * 10
    assert dropped.tokens == []


def test_what_was_refused_is_stored_before_what_came_later() -> None:
    waiting = Waiting(Dropped())
    waiting.put(order(Rows(hosts=[host("STA-1", "down")]), 1))
    first, _ = waiting.take(0.0)
    waiting.keep(first)
    waiting.put(order(Rows(hosts=[host("STA-1", "up")], gone=["STA-2"]), 2))
    second, _ = waiting.take(0.0)

    kept, new = waiting.all(second)

    assert (kept.tokens, new.tokens) == ((1,), (2,))
    assert [each.state for each in (*kept.rows.hosts, *new.rows.hosts)] == ["down", "up"]


def test_a_settled_notice_is_merged_away() -> None:
    waiting = Waiting(Dropped())
    waiting.keep([order(moved(1)), order(Rows(settled=["1-1"]))])

    (whole,) = waiting.all([])

    assert (whole.rows.notices, whole.rows.settled) == ((), ("1-1",))
