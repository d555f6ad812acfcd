"""Journal outlet: each change is on the disk before the webhook gets its notice."""

import asyncio
import math
from functools import partial
from pathlib import Path
from typing import cast

import msgspec
import pytest

from aggregator.config import JournalConfig
from aggregator.core.incidents.record import Incident, Subject
from aggregator.core.outputs import KnownHost, Publish, Store
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.outlets.journal import Inlets, JournalOutlet
from aggregator.shell.outlets.webhook import notice
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.journal.damage import locked
from tests.aggregator.shell.journal.process import STA, VENUES, Process, Reports, column, rows
from tests.aggregator.shell.journal.schemas import OLD, load
from tests.kit.machine import WALL
from venuewatch.base.wire.messages import Acknowledge

YEAR_S = 31_536_000.0
FALLS_AT = 9.125 + 1.0 + 1.75
"""When STA-1 is overdue that beat last before 10 s."""


def up(path: Path) -> Process:
    """Return a process in which all hosts were up until 10 s."""
    process = Process(path)
    process.live(10)
    return process


@pytest.fixture
async def process(path: Path) -> Process:
    """Return a process in which all hosts were up until 10 s, and STA-1 fell before 14 s."""
    process = up(path)
    await process.written()
    process.live(14, without=["STA-1"])
    return process


async def test_a_notice_is_sent_after_its_commit(process: Process) -> None:
    await process.written()
    process.end()

    assert [notice.id for notice in process.told] == process.outbox == ["1-1"]
    notice = msgspec.json.decode(process.told[0].body)
    assert (notice["id"], notice["change"], notice["aggregator"]) == ("1-1", "opened", "centre")
    incident = notice["incident"]
    assert (incident["host"], incident["opened_at"]) == ("STA-1", WALL + FALLS_AT)


async def test_the_clock_is_written_down_as_soon_as_it_jumped(process: Process, path: Path) -> None:
    await process.written()
    (before,) = column(path, "SELECT value FROM marks WHERE name = 'alive_at'")

    process.wall.note(process.now, WALL + process.now + YEAR_S)
    process.wall_step_s = YEAR_S
    process.live(14.9)  # the next time that it is written down anyway is at 15 s
    await process.written()
    (after,) = column(path, "SELECT value FROM marks WHERE name = 'alive_at'")
    process.end()

    assert after - before > YEAR_S - 60.0


async def test_at_rest_one_mark_is_stored_each_thirty_seconds(path: Path) -> None:
    process = up(path)
    await process.written()
    process.reports.stored.clear()

    process.live(130)
    await process.reports.until(lambda: len(process.reports.stored) >= 4)
    stored = list(process.reports.stored)
    process.end()

    assert len(stored) == 4


async def test_what_is_stored_says_that_we_lived_shortly_before(
    process: Process, path: Path
) -> None:
    await process.written()

    (alive_at,) = column(path, "SELECT value FROM marks WHERE name = 'alive_at'")
    process.die()

    assert alive_at == WALL + 10.0  # STA-1 fell before 14 s


async def test_a_store_without_rows_is_refused_and_keeps_none_back(path: Path) -> None:
    reports = Reports()
    nothing = Inlets(*[lambda *_: None] * len(Inlets._fields))
    outlet = JournalOutlet(
        JournalConfig(path=str(path)),
        WallTime(0.0, WALL),
        nothing._replace(stored=reports.on_stored, not_stored=reports.on_refused),
        closing_notice=partial(notice, "closed", aggregator="centre", url_of=str),
        notice_of=None,
    )
    host = KnownHost("STA", "STA-1", HostState.UP, math.nan, None, 1.0, None, was_up=True)
    nameless = host._replace(state=cast("HostState", "up"))

    with pytest.raises(AttributeError):
        outlet.take([Store(1, 0.0), Store(2, 0.0, hosts=[nameless]), Store(3, 0.0, hosts=[host])])
    outlet.take([Store(4, 0.0, hosts=[host._replace(since=1.0)])])
    await reports.until(lambda: len(reports.stored + reports.refused) == 4)
    outlet.close()

    assert (reports.stored, reports.refused) == ([1, 4], [2, 3])
    assert column(path, "SELECT since FROM hosts") == [WALL + 1.0]


async def test_a_settled_notice_leaves_the_outbox(process: Process, path: Path) -> None:
    process.live(20)

    process.centre.notice_settled(process.now, ["1-1"])
    process.end()

    assert column(path, "SELECT id FROM outbox") == ["1-2"]


async def test_waiting_notices_are_sent_after_a_restart_in_order(
    process: Process, path: Path
) -> None:
    process.live(18, without=["AQU-1"])
    process.live(24)
    process.end()

    again = Process(path, at=50)
    again.end()

    ids = [notice.id for notice in again.told]
    assert sorted(ids) == ["1-1", "1-2", "2-1", "2-2"]
    assert ids.index("1-1") < ids.index("1-2") < ids.index("2-2")


async def test_a_correction_is_stored_without_a_notice(process: Process, path: Path) -> None:
    process.live(21)
    process.forget()

    process.deliver(process.machines["STA-1"].backlog(3, 12.5))
    await process.reports.until(lambda: bool(process.published))
    process.end()

    acknowledged = Publish("venuewatch/v1/STA/STA-1/cmd", Acknowledge("b1", 3), qos=1)
    assert process.published == [acknowledged]
    (alive,) = column(path, "SELECT alive FROM incidents")
    at = WALL + 12.5
    assert msgspec.json.decode(alive) == [{"host": "STA-1", "start": at, "end": at, "readings": 1}]
    assert rows(path, "SELECT host, seq FROM readings") == [("STA-1", 12)]
    assert column(path, "SELECT change FROM changes ORDER BY seq") == ["opened", "closed"]
    assert len(process.told) == 2


async def test_a_backlog_is_not_acknowledged_before_its_commit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.01)
    monkeypatch.setattr("aggregator.shell.journal.file.BUSY_S", 0.01)
    process = Process(path)
    await process.written()
    process.forget()

    with locked(path):
        process.deliver(process.machines["STA-1"].backlog(3, 12.5))
        await process.reports.until(lambda: bool(process.reports.refused))
        published_then = list(process.published)
    await process.reports.until(lambda: bool(process.published))
    process.end()

    assert published_then == []
    assert column(path, "SELECT seq FROM readings") == [12]


async def test_an_adopted_host_is_stored_without_a_change(path: Path) -> None:
    process = up(path)
    process.live(14, without=STA)

    process.centre.decisions.incidents.adopt(Subject("venue", "STA"), ["STA-6"])
    process.look()
    process.end()

    (children,) = column(path, "SELECT children FROM incidents WHERE scope = 'venue'")
    assert msgspec.json.decode(children) == [*STA, "STA-6"]
    assert rows(path, "SELECT change FROM changes") == [("opened",)]


async def test_late_is_stored_as_no_transition(path: Path) -> None:
    process = up(path)
    process.live(11, without=["STA-1"])
    process.live(20)
    process.end()

    walked = rows(path, "SELECT before, after, why FROM transitions WHERE host = 'STA-1'")
    assert walked == [("unknown", "up", "beat")]


async def test_our_absence_is_stored_as_transitions(path: Path) -> None:
    process = up(path)
    process.die()

    again = Process(path, at=50)
    again.live(52)
    again.end()

    walked = rows(path, "SELECT at, before, after FROM transitions WHERE host = 'STA-1'")
    assert walked == [
        (WALL + 0.125, "unknown", "up"),
        (WALL + 10, "up", "unknown"),
        (WALL + 50.125, "unknown", "up"),
    ]


async def test_incident_of_a_host_no_longer_listed_ends_once(process: Process, path: Path) -> None:
    process.end()

    for at in (50, 60):
        Process(path, at=at, names=VENUES | {"STA": STA[1:]}).end()

    assert column(path, "SELECT change FROM changes ORDER BY seq") == ["opened", "removed"]
    assert rows(path, "SELECT closed_at FROM incidents") == [(WALL + 50,)]


@pytest.mark.parametrize("table", ["hosts", "marks"])
async def test_a_journal_without_a_table_keeps_what_the_others_have(path: Path, table: str) -> None:
    load(path, OLD[1])
    rows(path, f"DROP TABLE {table}")

    process = Process(path, at=50)
    still_open = {incident.subject for incident in process.centre.decisions.store.open.values()}
    await process.reports.until(lambda: "memory_lost" in causes(process))
    process.end()

    assert Subject("feed", "STA", "STA-2", "timing") in still_open


async def test_rows_that_make_no_sense_are_told_and_counted(path: Path) -> None:
    load(path, OLD[1])
    rows(
        path,
        "UPDATE outbox SET id = replace(hex(zeroblob(2500)), '0', '9') || '-1' WHERE place = 1",
    )
    rows(path, "UPDATE outbox SET body = x'7b2261223a22ff227d' WHERE place = 2")

    process = Process(path, at=50)
    await asyncio.sleep(0)  # until the core runs
    process.end()

    (found,) = [each for each in opened(process) if each.cause is Cause.MEMORY_LOST]
    assert "2 rows of the journal make no sense" in str(found.evidence)
    assert process.told == []
    assert process.journal.state().skipped == 2


def opened(process: Process) -> list[Incident]:
    return list(process.centre.decisions.store.open.values())


def causes(process: Process) -> list[str]:
    return [incident.cause for incident in opened(process)]
