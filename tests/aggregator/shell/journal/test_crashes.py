"""Crashes: after a kill at any step, no incident is lost, opened twice or numbered twice.

The real centre and journal live through a story. The files are copied before every statement,
within statements, and with every part of what the commits write. The next process begins from each
copy and meets the same hosts; its journal must then be one story without a break.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from aggregator.core.states import HostState
from aggregator.shell.journal import schema
from aggregator.shell.journal.rows import HostRow, Notice, Rows
from tests.aggregator.shell.journal.process import (
    AQU,
    HOSTS,
    STA,
    Process,
    column,
    connect,
    rows,
    visit,
    walks,
)
from tests.aggregator.shell.journal.schemas import OLD, incident, know_acknowledged_by, load
from tests.kit.machine import WALL

END = 47
AWAY_S = 30
OF_CLOCKS = "('lived_s', 'alive_monotonic')"
TABLES = (
    "incidents",
    "changes",
    "transitions",
    "hosts",
    "outbox",
    f"marks WHERE name NOT IN {OF_CLOCKS}",
)
REPORTED_BY = {"STA-1": 10, "AQU": 22, "STA": 40}


def silent_at(second: int) -> list[str]:
    """Return the silent hosts: one for ever, a venue for a while, then another venue."""
    dead = ["STA-1"] if second >= 8 else []
    dead += AQU if 20 <= second < 30 else ()
    return dead + (list(STA) if second >= 38 else [])


class Copy(NamedTuple):
    """The files at the moment of a kill, and the hosts that were ``silent`` then.

    ``reported``: the subjects that had been reported before; ``told``: the notices sent by then.
    """

    folder: Path
    second: int
    silent: Sequence[str]
    reported: Sequence[str] = ()
    told: Sequence[str] = ()

    @property
    def path(self) -> Path:
        return self.folder / "journal.sqlite"


class Copies:
    """Copies the files of a journal whenever they may differ from the last time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = count()
        self._last: dict[str, bytes] = {}
        self.second = 0
        self.looks = 0
        self.taken: list[Copy] = []
        self.told: Sequence[Notice] = []

    def take(self, statement: str = "") -> None:
        self.looks += 1
        if statement.startswith("DETACH"):  # a merge is committed, and no file renamed
            self.take_torn()
        now = self._files()
        if now != self._last:
            self._last = now
            reported = [who for who, by in REPORTED_BY.items() if by < self.second]
            told = [notice.id for notice in self.told]
            self._keep(now, silent_at(self.second), reported=reported, told=told)

    def take_torn(self) -> None:
        """Copy what was written so far, cut off at every 1,024 bytes; all but one are well."""
        files = self._files()
        (name,) = (name for name in files if name.endswith("-wal"))
        for size in range(0, len(files[name]), 1_024):
            self._keep(files | {name: files[name][:size]}, ["STA-1"])

    def connect(self, *arguments: Any, **more: Any) -> sqlite3.Connection:
        """Connect, and copy at every statement and within."""
        database: sqlite3.Connection = connect(*arguments, **more)
        database.set_trace_callback(self.take)
        database.set_progress_handler(self.take, 10)
        return database

    def _files(self) -> dict[str, bytes]:
        files = self._path.parent.glob(f"{self._path.name}*")
        return {file.name: file.read_bytes() for file in files if not file.name.endswith("-shm")}

    def _keep(self, files: Mapping[str, bytes], silent: Sequence[str], **known: list[str]) -> None:
        folder = self._path.parent / "copies" / str(next(self._numbers))
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        self.taken.append(Copy(folder, self.second, silent, **known))


def content(path: Path) -> str:
    try:
        return repr([rows(path, f"SELECT * FROM {table}") for table in TABLES])  # noqa: S608
    except sqlite3.OperationalError:  # no tables yet
        return ""


async def lived(path: Path, copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the story from its beginning, and copy the files at every step."""
    with monkeypatch.context() as patched:
        patched.setattr("sqlite3.connect", copies.connect)
        process = Process(path)
    copies.told = process.told
    for second in range(END):
        await process.written()
        copies.second = second
        process.live(second + 1, without=silent_at(second))
    await process.written()
    copies.take_torn()
    process.die()


def live_on(copy: Copy) -> dict[str, HostState]:
    """Begin again from a copy and meet the hosts that there are; return how they stand then."""
    start = copy.second + AWAY_S
    process = Process(copy.path, at=start)
    process.live(start + 25, without=copy.silent)
    process.die()
    return {host.name: host.state for host in process.centre.fleet}


def expected(silent: Sequence[str]) -> dict[str, HostState]:
    states = {name: HostState.DOWN if name in silent else HostState.UP for name in HOSTS}
    for venue in (STA, AQU):
        if set(venue) <= set(silent):
            states |= dict.fromkeys(set(venue) - {"STA-1"}, HostState.UNREACHABLE)
    return states


def who(row: tuple[Any, ...]) -> str:
    """Return the host or venue that an incident's row is about."""
    return str(row[3] or row[2])


def judge(copy: Copy, states: dict[str, HostState]) -> None:
    """Check that the journal, and the notices that wait, are one story without a break."""
    incidents = {row[0]: row for row in rows(copy.path, "SELECT * FROM incidents")}
    changes = rows(copy.path, "SELECT * FROM changes ORDER BY number, seq")
    opened = Counter(who(incidents[row[0]]) for row in changes if row[3] == "opened")
    times = Counter(row[0] for row in changes)
    still_open = sorted(who(row) for row in incidents.values() if row[8] is None)
    venues = [venue[0][:3] for venue in (STA, AQU) if set(venue) <= set(copy.silent)]
    hosts = [name for name, state in states.items() if state is HostState.DOWN]

    assert states == expected(copy.silent)
    assert still_open == sorted([*venues, *hosts])
    assert set(opened) >= {*copy.reported, *still_open}
    assert set(opened.values()) <= {1}
    numbered = [(row[0], at) for row in incidents.values() for at in range(1, 1 + times[row[0]])]
    assert [row[:2] for row in changes] == numbered
    notices = rows(copy.path, "SELECT id, body FROM outbox ORDER BY place")
    assert sorted(id_ for id_, _ in notices) == sorted(f"{row[0]}-{row[1]}" for row in changes)
    assert all(msgspec.json.decode(body)["id"] == id_ for id_, body in notices)
    for befores, afters in walks(copy.path):
        assert befores == ["unknown", *afters][:-1]


def stored_ids(path: Path) -> set[str]:
    """Return the ids of the notices of all changes that are stored."""
    is_made = bool(rows(path, "SELECT 1 FROM sqlite_master WHERE name = 'changes'"))
    return set(column(path, "SELECT number || '-' || seq FROM changes")) if is_made else set()


def distinct(copies: Copies) -> Iterator[Copy]:
    """Yield the copies that differ in what a process finds there, or in what it then meets."""
    seen = set()
    for copy in copies.taken:
        found = (content(copy.path), copy.second, *copy.silent)
        if found not in seen:
            seen.add(found)
            yield copy


@pytest.mark.long
async def test_a_kill_at_any_step_loses_and_doubles_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = Copies(path)

    await lived(path, copies, monkeypatch)

    assert copies.looks > 300
    different = list(distinct(copies))
    assert len(different) > 20
    assert any(copy.told for copy in copies.taken)
    assert all(stored_ids(copy.path).issuperset(copy.told) for copy in copies.taken)
    for copy in different:
        judge(copy, live_on(copy))


class Failing(sqlite3.Connection):
    """A connection of which one statement fails, as on a full disk."""

    fails_at = -1
    statements = 0

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        Failing.statements += 1
        if Failing.statements == Failing.fails_at:
            raise sqlite3.OperationalError("database or disk is full")
        return super().executemany(*arguments)


async def test_a_failing_statement_leaves_the_same_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.shell.journal.writer._RETRY_AFTER_S", 0.001)
    monkeypatch.setattr(
        "sqlite3.connect", lambda *arguments, **more: connect(*arguments, factory=Failing, **more)
    )

    async def story(name: str, fails_at: int) -> str:
        Failing.statements, Failing.fails_at = 0, fails_at
        process = Process(tmp_path / name, tells=False)
        for second in range(12):
            process.live(second + 1, without=silent_at(second))
        await process.written()
        process.die()
        return content(tmp_path / name)

    right = await story("right", -1)
    statements = Failing.statements

    assert "STA-1" in right
    assert statements > 50
    for at in range(1, statements + 1, 3):
        assert await story(f"fails-{at}", at) == right


async def test_a_kill_within_a_merge_loses_and_doubles_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def older(path: Path) -> None:
        host = HostRow("STA-9", "STA", "down", WALL, "silent", 1.0, WALL, was_up=False)
        feed = incident(5, "STA-9", scope="feed", check="timing", cause="feed_stale")
        visit(path, Rows(hosts=[host], incidents=[feed]))

    async def newer(path: Path) -> None:
        with monkeypatch.context() as patched:
            know_acknowledged_by(patched)
            visit(path)

    load(path, OLD[1])
    await newer(path)
    copies = Copies(path)
    with monkeypatch.context() as patched:
        patched.setattr("sqlite3.connect", copies.connect)
        await older(path)
        merges_at = len(copies.taken)
        await newer(path)
    right = content(path)

    assert all(host in right for host in ("STA-9", "STA-1", "AQU-2"))
    assert min(merges_at, len(copies.taken) - merges_at) > 5
    for number, copy in enumerate(copies.taken):
        if number < merges_at:
            await older(copy.path)
        await newer(copy.path)
        assert content(copy.path) == right
        kept = {file.name for file in copy.folder.iterdir()} - {path.name}
        assert kept == {f"{path.name}.schema-{len(schema.MIGRATIONS) + 1}.merged"}
