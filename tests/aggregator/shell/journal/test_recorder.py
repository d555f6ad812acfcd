"""Record: what the core reports is on the disk before the webhook is told of it."""

import asyncio
from functools import partial
from pathlib import Path

import msgspec
import pytest

from aggregator.core.events import Subject
from aggregator.shell.journal.recorder import Record
from aggregator.shell.walltime import WallTime
from tests.aggregator.centre import HOSTS, WALL, Centre
from tests.aggregator.shell.journal.process import Noted, Process, column, rows
from venuewatch.base.wire.messages import Backlog, Vitals, encode
from venuewatch.base.wire.readings import Readings

STA = [name for name in HOSTS if name.startswith("STA")]


def begun(path: Path) -> Process:
    """Return a process in which all hosts have been up for 10 s."""
    process = Process(path)
    process.live(0, 10)
    return process


async def test_a_notice_goes_out_after_its_commit(path: Path) -> None:
    process = begun(path)
    process.live(10, 14, without=["STA-1"])
    await process.written()

    assert [notice.id for notice in process.noted.told] == process.noted.stored == ["1-1"]
    told = msgspec.json.decode(process.noted.told[0].body)
    assert (told["id"], told["change"], told["aggregator"]) == ("1-1", "opened", "centre")
    assert told["incident"]["opened_at"] == WALL + 11.75
    process.end()


async def test_a_full_disk_delays_no_notice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.01)
    process = begun(path)
    await process.written()
    rows(path, "ALTER TABLE changes RENAME TO hidden")

    process.live(10, 14, without=["STA-1"])
    await process.until(lambda: bool(process.noted.told))
    stored_by_then = process.noted.stored
    rows(path, "ALTER TABLE hidden RENAME TO changes")
    await process.written()
    process.end()

    assert stored_by_then == []
    assert [notice.id for notice in process.noted.told] == ["1-1"]
    assert column(path, "SELECT id FROM outbox") == ["1-1"]


async def test_a_settled_notice_leaves_the_outbox(path: Path) -> None:
    process = begun(path)
    process.live(10, 16, without=["STA-1"])
    process.live(16, 20)

    process.record.settle(["1-1"])
    process.end()

    assert column(path, "SELECT id FROM outbox") == ["1-2"]


async def test_waiting_notices_go_out_after_a_restart_in_order(path: Path) -> None:
    process = begun(path)
    process.live(10, 16, without=["STA-1", "AQU-1"])
    process.live(16, 20)
    process.end()

    again = Process(path, at=50)

    ids = [notice.id for notice in again.noted.told]
    assert sorted(ids) == ["1-1", "1-2", "2-1", "2-2"]
    assert ids.index("1-1") < ids.index("1-2")
    again.end()


async def test_notices_without_a_webhook_leave_the_outbox(path: Path) -> None:
    process = begun(path)
    process.live(10, 14, without=["STA-1"])
    process.end()

    Process(path, at=50, tells=False).end()

    assert rows(path, "SELECT * FROM outbox") == []


async def test_the_changes_of_an_incident_are_counted_on_across_a_restart(path: Path) -> None:
    process = begun(path)
    process.live(10, 14, without=["STA-1"])
    process.end()

    again = Process(path, at=50)
    again.live(50, 60)
    again.end()

    changes = rows(path, "SELECT number, seq, at, change, cause FROM changes ORDER BY 1, 2")
    assert changes == [
        (1, 1, WALL + 11.75, "opened", "silent"),
        (1, 2, WALL + 52, "closed", "silent"),
    ]


async def test_a_correction_is_recorded_and_makes_no_notice(path: Path) -> None:
    process = begun(path)
    process.live(10, 14, without=["STA-1"])
    process.live(14, 20)
    late = Vitals("a", 1, 15, int((WALL + 12.5) * 1000), Readings(node_load1=1.0))
    backlog = encode(Backlog(boot="a", session=1, number=3, vitals=[late]))
    acknowledged = asyncio.Event()

    process.centre.watch.hear(
        "venuewatch/v1/STA/STA-1/backlog", backlog, is_retained=False, now=21, wall=WALL + 21
    )
    process.record.take(process.centre.watch.events(), acknowledged.set)
    async with asyncio.timeout(10):
        await acknowledged.wait()

    (alive,) = rows(path, "SELECT alive FROM incidents")
    at = WALL + 12.5
    assert msgspec.json.decode(alive[0]) == [
        {"host": "STA-1", "start": at, "end": at, "readings": 1}
    ]
    assert rows(path, "SELECT host, seq FROM readings") == [("STA-1", 15)]
    assert column(path, "SELECT change FROM changes ORDER BY seq") == ["opened", "closed"]
    assert len(process.noted.told) == 2
    process.end()


async def test_an_adopted_host_is_recorded_without_a_change(path: Path) -> None:
    process = begun(path)
    process.live(10, 14, without=STA)

    process.centre.watch.incidents.adopt(Subject("venue", "STA"), ["STA-6"])
    process.record.take([])
    process.end()

    (told,) = rows(path, "SELECT children FROM incidents WHERE scope = 'venue'")
    assert msgspec.json.decode(told[0]) == [*STA, "STA-6"]
    assert rows(path, "SELECT change FROM changes") == [("opened",)]


async def test_late_is_recorded_as_no_transition(path: Path) -> None:
    process = begun(path)
    process.live(10, 11, without=["STA-1"])
    process.live(11, 20)
    process.end()

    walked = rows(path, "SELECT before, after, why FROM transitions WHERE host = 'STA-1'")
    assert walked == [("unknown", "up", "beat")]


async def test_a_restart_shows_the_aggregators_absence_as_transitions(path: Path) -> None:
    process = begun(path)
    process.record.save(WALL + 10)
    await process.written()
    process.journal.close()

    again = Process(path, at=50)
    again.live(50, 52)
    again.end()

    walked = rows(path, "SELECT at, before, after FROM transitions WHERE host = 'STA-1'")
    assert walked == [
        (WALL, "unknown", "up"),
        (WALL + 10, "up", "unknown"),
        (WALL + 50, "unknown", "up"),
    ]


async def test_without_a_journal_a_notice_goes_out_at_once() -> None:
    centre = Centre()
    record = Record(centre.watch, WallTime(0.0, WALL), name="centre")
    record.notifier = noted = Noted(record)
    acknowledged: list[str] = []

    centre.subscribe(0.0)
    centre.live(0, 10)
    centre.live(10, 14, without=["STA-1"])
    record.take(centre.events, partial(acknowledged.append, "now"))

    assert [notice.id for notice in noted.told] == ["1-1"]
    assert acknowledged == ["now"]


async def test_an_unlisted_hosts_incident_is_closed_once(path: Path) -> None:
    process = begun(path)
    process.live(10, 14, without=["STA-1"])
    process.end()

    for at in (50, 60):
        Process(path, at=at, hosts=HOSTS[1:]).end()

    assert column(path, "SELECT change FROM changes ORDER BY seq") == ["opened", "closed"]
    assert rows(path, "SELECT closed_at FROM incidents") == [(WALL + 50,)]
