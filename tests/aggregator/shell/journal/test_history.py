"""History: what the journal knows, read while its writer goes on."""

from pathlib import Path

import pytest

from aggregator.shell.journal.history import History
from aggregator.shell.journal.rows import ChangeRow, Rows, TransitionRow
from tests.aggregator.shell.conftest import Whys
from tests.aggregator.shell.journal.process import Reports, rows, visit
from tests.aggregator.shell.journal.schemas import incident
from venuewatch.base import clock


def passage(at: float, before: str, after: str, host: str = "STA-1") -> TransitionRow:
    return TransitionRow(at, "STA", host, before, after, "beat", None)


async def test_incidents_come_newest_first_below_a_number(path: Path) -> None:
    visit(path, Rows(incidents=[incident(number, "STA-1") for number in (1, 2, 3, 4)]))

    history = History(str(path))

    assert [one.number for one in history.incidents(before=4, limit=2)] == [3, 2]
    assert history.incidents(before=4, limit=2, venue="nowhere") == []
    assert history.incident(2) == incident(2, "STA-1")
    assert history.incident(9) is None


async def test_rows_that_make_no_sense_hide_no_older_incident(path: Path) -> None:
    visit(path, Rows(incidents=[incident(number, "STA-1") for number in range(1, 10)]))
    rows(path, "UPDATE incidents SET evidence = 'x' WHERE number IN (8, 7, 6, 4)")

    history = History(str(path))

    assert [one.number for one in history.incidents(before=9, limit=3)] == [5, 3, 2]
    assert [one.number for one in history.incidents(before=4, limit=9)] == [3, 2, 1]


async def test_the_latest_transitions_of_a_host_come_oldest_first(path: Path) -> None:
    now = clock.wall()
    walked = [passage(now + at, "up", "down") for at in (1.0, 2.0, 3.0)]
    visit(path, Rows(transitions=[*walked, passage(now + 2.5, "up", "down", "other")]))

    history = History(str(path))

    assert history.transitions("STA-1", since=0.0, limit=2) == walked[1:]
    assert history.transitions("STA-1", since=now + 2.5, limit=9) == walked[2:]


async def test_what_is_written_now_is_read_now(path: Path) -> None:
    reports = Reports()
    journal = reports.open(path)
    history = History(str(path))
    row = ChangeRow(1, 1, 5.0, "opened", "silent")

    before = history.changes(1)
    journal.store(Rows(incidents=[incident(1, "STA-1")], changes=[row]), 1)
    await reports.until_stored(1)
    after = history.changes(1)
    journal.close()

    assert (before, after) == ([], [row])


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_journal_that_can_not_be_read_is_empty(path: Path, whys: Whys, content: bytes) -> None:
    path.write_bytes(content)
    history = History(str(path))

    found = [history.incident(1), history.incident(1)]

    assert found == [None, None]
    assert len(whys("history_not_read")) == 1


def test_no_journal_is_made_by_asking(path: Path) -> None:
    assert History(str(path)).transitions("STA-1", since=0.0, limit=1) == []
    assert not path.exists()
