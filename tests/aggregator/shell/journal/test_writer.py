"""Writer: an order that it reports is stored, once, and outlives the process."""

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregator.core.dedup import HeardRanges
from aggregator.core.outputs import LateReading
from aggregator.shell.journal.late_readings import ReadingRow, reading_row
from aggregator.shell.journal.rows import NEXT_NUMBER, RECENT, ChangeRow, Rows, TransitionRow
from tests.aggregator.shell.journal.damage import live_on, locked
from tests.aggregator.shell.journal.process import Reports, column, rows, visit
from tests.aggregator.shell.journal.schemas import incident
from venuewatch.base import clock
from venuewatch.base.wire.messages import Vitals
from venuewatch.base.wire.readings import Readings


def reading(seq: int) -> ReadingRow:
    vitals = Vitals(boot="b", session=1, seq=seq, wall_ms=seq, readings=Readings(node_load1=seq))
    return reading_row(LateReading("STA-1", "b", "vitals", seq, seq, vitals), clock.wall())


def stored(path: Path) -> list[int]:
    return column(path, "SELECT seq FROM readings ORDER BY seq")


async def test_a_reading_that_comes_twice_is_stored_once(path: Path) -> None:
    visit(path, Rows(readings=[reading(1)]), Rows(readings=[reading(1)]))

    assert stored(path) == [1]


async def test_heard_numbers_are_known_after_a_restart(path: Path) -> None:
    known = HeardRanges("STA-1", "vitals", "b", [(0, 4), (7, 9)])
    visit(path, Rows(pages=[known._replace(ranges=[(0, 4)])]), Rows(pages=[known]))

    (found,) = visit(path).heard

    assert (*found[:3], list(found.ranges)) == ("STA-1", "vitals", "b", [(0, 4), (7, 9)])


async def test_a_refused_order_is_reported_once_and_stored_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Reports()
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.01)
    monkeypatch.setattr("aggregator.shell.journal.file.BUSY_S", 0.01)
    journal = reports.open(path)
    journal.remembered()

    with locked(path):
        for number in (1, 2):
            journal.store(Rows(readings=[reading(number)]), number)
            await reports.until(lambda token=number: token in reports.refused)  # type: ignore[misc]
        stored_too_early = list(reports.stored)
    await reports.until_stored(2)
    stored_then = stored(path)
    journal.close()

    assert (stored_too_early, stored_then) == ([], [1, 2])
    assert (reports.refused, reports.stored) == ([1, 2], [1, 2])


@pytest.mark.parametrize("number", [2**64, math.nan, None, object, "\ud800"], ids=str)
async def test_an_order_that_no_disk_takes_is_given_up_alone(path: Path, number: Any) -> None:
    reports = Reports()
    journal = reports.open(path)
    wrong = Rows(readings=[reading(9)], changes=[ChangeRow(number, 1, 1.0, "opened", "silent")])

    for token, order in enumerate(
        [Rows(readings=[reading(1)]), wrong, Rows(readings=[reading(3)])]
    ):
        journal.store(order, token)
    await reports.until_stored(2)
    await reports.until(lambda: bool(reports.refused))
    journal.close()

    assert (reports.stored, reports.refused) == ([0, 2], [1])
    assert stored(path) == [1, 3]


CLOSED = incident(1, "STA-1", opened_at=1.0, closed_at=2.0)


async def test_what_is_over_is_forgotten_but_not_its_number(path: Path) -> None:
    later = msgspec.structs.replace(CLOSED, number=4)
    old = [CLOSED, msgspec.structs.replace(CLOSED, number=2, closed_at=None), later]
    told = [ChangeRow(each.number, 1, 1.0, "opened", "silent") for each in old]
    walked = TransitionRow(1.0, "STA", "STA-1", "up", "down", "deadline_passed", 0.5)
    rows_then = Rows(readings=[reading(1)], incidents=old, changes=told, transitions=[walked])
    visit(path, rows_then, Rows(marks={NEXT_NUMBER: 5}))
    rows(path, "UPDATE readings SET stored_s = 0")
    live_on(path, hours=48)

    visit(path, Rows(readings=[reading(2)]))
    left = visit(path)

    assert [each.number for each in left.incidents] == [2]
    assert left.told == {2: 1}
    assert left.marks[NEXT_NUMBER] == 5
    assert stored(path) == [2]
    assert rows(path, "SELECT at FROM transitions") == []
    assert rows(path, "SELECT number FROM changes") == [(2,)]


async def test_only_the_latest_closed_incidents_are_read(path: Path) -> None:
    many = [
        msgspec.structs.replace(CLOSED, number=number, closed_at=clock.wall() + number)
        for number in range(1, RECENT + 11)
    ]
    visit(path, Rows(incidents=many))

    left = visit(path)

    assert [each.number for each in left.incidents] == list(range(11, RECENT + 11))
    assert left.marks[NEXT_NUMBER] == RECENT + 11
