"""Restoration: nothing that a row of the journal may hold keeps a process from watching."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.core.incidents.record import Subject
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.journal.restore import memory_of
from aggregator.shell.walltime import WallTime
from tests.aggregator.shell.conftest import Logged
from tests.aggregator.shell.journal.process import Process, connect, visit
from tests.aggregator.shell.journal.schemas import OLD, content, load
from tests.kit.machine import WALL

READ = ("changes", "heard", "hosts", "incidents", "marks", "outbox")
WRONG = (None, -1, 2**63 - 1, 9e999, "", "STA", b"\xff", "[" * 9_999)


def spoil(path: Path, table: str, column: str, value: object) -> None:
    """Put ``value`` into each row, against what the schema says."""
    with closing(connect(path)) as database, database:
        database.execute(f"CREATE TABLE lax AS SELECT * FROM {table}")  # noqa: S608
        database.execute(f"DROP TABLE {table}")
        database.execute(f"ALTER TABLE lax RENAME TO {table}")
        database.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608


@pytest.mark.long
@pytest.mark.parametrize("table", READ)
async def test_no_value_in_any_column_stops_the_watching(tmp_path: Path, table: str) -> None:
    path = tmp_path / "original"
    for column in load(path, OLD[1])[table][0]:
        for at, wrong in enumerate(WRONG):
            spoilt = tmp_path / f"{column}-{at}"
            load(spoilt, OLD[1])
            spoil(spoilt, table, column, wrong)

            process = Process(spoilt, at=50, names={"STA": ("STA-1", "STA-3")})
            process.live(51)
            process.live(54, without=["STA-1"])
            await process.written()
            process.end()

            assert process.centre.fleet.named("STA-1").state is HostState.DOWN, (column, wrong)
            assert any(b"STA-1" in notice.body for notice in process.told), (column, wrong)


async def test_unknown_words_become_their_neighbours(path: Path, logged: Logged) -> None:
    load(path, OLD[1])
    with closing(connect(path)) as database, database:
        database.execute("UPDATE hosts SET state = 'asleep' WHERE host = 'STA-2'")
        database.execute("UPDATE hosts SET cause = 'storm' WHERE venue = 'AQU'")
        database.execute("UPDATE incidents SET cause = 'flapping' WHERE scope = 'feed'")

    memory = memory_of(visit(path), WallTime(0.0, WALL))

    hosts = {host.name: (host.state, host.cause) for host in memory.hosts}
    assert hosts["STA-2"] == (HostState.UNKNOWN, None)
    assert hosts["STA-3"] == (HostState.DOWN, Cause.SILENT)
    assert hosts["AQU-1"] == (HostState.UNREACHABLE, Cause.VENUE_UNREACHABLE)
    causes = [incident.cause for incident in memory.incidents]
    assert causes == [Cause.SILENT, Cause.VENUE_UNREACHABLE, Cause.RESULTS_FROZEN, Cause.SILENT]
    words = {"state asleep": 1, "cause storm": 2, "cause process_died": 2, "cause flapping": 1}
    assert logged("journal_not_understood") == [{"unknown": words, "skipped": {}}]


@pytest.mark.parametrize(
    "spoils",
    [
        "incidents SET scope = 'planet'",
        "incidents SET number = -4",
        "incidents SET opened_at = 9e999",
        "incidents SET opened_at = -1",
        "incidents SET falls = 2147483647",
        "incidents SET evidence = '[{'",
        "incidents SET children = '[5]'",
        "incidents SET venue = ''",
        "incidents SET host = ''",
        "incidents SET check_name = 'timing'",
        "hosts SET since = 'yesterday'",
        "hosts SET interval_s = 0",
        "hosts SET evidence_at = -1",
        "marks SET value = 9e999",
        "heard SET ranges = '[[4,0]]'",
        "heard SET ranges = '[[0,4],[3,9]]'",
        "heard SET ranges = '[[-5,4]]'",
        "outbox SET id = '1-1' || char(10)",
        "outbox SET body = 5",
        "outbox SET body = x'7b226964223a2231ff227d'",
        f"outbox SET id = '{'9' * 5_000}-1'",
    ],
)
async def test_a_senseless_row_is_skipped_alone_and_stays(
    path: Path, spoils: str, logged: Logged
) -> None:
    load(path, OLD[1])
    table = spoils.split(maxsplit=1)[0]
    last = {"hosts": "host = 'STA-3'", "marks": "name = 'alive_at'", "outbox": "place = 2"}
    with closing(connect(path)) as database, database:
        where = last.get(table, "number = 4" if table == "incidents" else "1")
        database.execute(f"UPDATE {spoils} WHERE {where}")
    before = content(path)

    left = visit(path)
    memory = memory_of(left, WallTime(0.0, WALL))

    (report,) = logged("journal_not_understood")
    assert report["skipped"] == {table: 1}
    found = {
        "incidents": memory.incidents,
        "hosts": memory.hosts,
        "marks": [mark for mark in (memory.alive, memory.next_number) if mark],
        "heard": memory.heard,
        "outbox": left.notices,
    }
    assert len(found[table]) == len(before[table]) - 1
    after = [row for row in content(path)[table] if row.get("name") != "lived_s"]
    assert after == before[table]


async def test_a_text_that_is_not_utf_8_is_read_as_it_may_be(path: Path) -> None:
    load(path, OLD[1])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE hosts SET cause = CAST(x'ff' AS TEXT) WHERE host = 'STA-3'")

    memory = memory_of(visit(path), WallTime(0.0, WALL))

    assert memory.hosts[-1].cause is Cause.SILENT


@pytest.mark.parametrize("host", ["STA-3", ""], ids=["host", "venue"])
async def test_incident_of_a_check_comes_back_as_it_was(
    path: Path, host: str, logged: Logged
) -> None:
    load(path, OLD[1])
    with closing(connect(path)) as database, database:
        database.execute(
            "UPDATE incidents SET scope = 'check', venue = 'STA', host = ?, check_name = 'gw',"
            " cause = 'check_failed' WHERE number = 4",
            (host,),
        )

    memory = memory_of(visit(path), WallTime(0.0, WALL))

    (found,) = [incident for incident in memory.incidents if incident.number == 4]
    assert (found.subject, found.cause) == (Subject("check", "STA", host, "gw"), Cause.CHECK_FAILED)
    assert all(report["skipped"] == {} for report in logged("journal_not_understood"))
