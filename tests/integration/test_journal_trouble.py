"""Trouble with the journal of the real aggregator: it watches and tells all the same."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.aggregator.shell.journal.damage import BROKEN, cut, locked
from tests.integration.real import (
    MODES_APPLY,
    Agent,
    Aggregator,
    Mosquitto,
    Process,
    Under,
    in_thread,
    inventory_of,
    until,
)
from tests.kit.receiver import Receiver

pytestmark = pytest.mark.real

INVENTORY = inventory_of(("STA", "wired", 3))
HOSTS = ("STA-1", "STA-2", "STA-3")
SUBSCRIBED_S = 2.0

Trouble: TypeAlias = Callable[[Aggregator, Path], AbstractContextManager[None]]


class Site:
    """A broker, a receiver of notices, and three agents."""

    def __init__(self, folder: Path, broker: Mosquitto, receiver: Receiver) -> None:
        self._folder = folder
        self._broker = broker
        self.receiver = receiver
        self.agents = {name: Agent(folder, broker.port, name) for name in HOSTS}

    def aggregator(self, folder: Path) -> Aggregator:
        """Return an aggregator with a journal of its own, which has lived; it does not run."""
        folder.mkdir(exist_ok=True)
        made = Aggregator(folder, self._broker.port, inventory=INVENTORY)
        config = folder / "aggregator.toml"
        config.write_text(config.read_text() + f'[notify]\nwebhook_url = "{self.receiver.url}"\n')
        return made

    def has_heard(self, host: str, change: str) -> bool:
        """Tell whether the receiver got a notice of a host."""
        heads = [(body["incident"]["host"], body["change"]) for body in self.receiver.taken]
        return (host, change) in heads


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with Mosquitto(folder) as broker, in_thread(Receiver.serving()) as receiver:
        site = Site(folder, broker, receiver)
        for agent in site.agents.values():
            agent.start()
        yield site
        for agent in site.agents.values():
            agent.kill()


@pytest.fixture(scope="module")
def lived(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an aggregator that was killed; one of its incidents is open."""
    folder = tmp_path_factory.mktemp("lived")
    with site.aggregator(folder) as aggregator:
        for name in HOSTS:
            aggregator.wait_for(name, "up")
        for name in ("STA-1", "STA-2"):
            site.agents[name].kill()
            aggregator.wait_for(name, "down")
        site.agents["STA-1"].start()
        aggregator.wait_for("STA-1", "up")
        until("the end is told", lambda: site.has_heard("STA-1", "closed"))
        aggregator.kill()
    site.receiver.attempts.clear()
    return folder


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder for one test."""
    for name in ("journal.sqlite", "journal.sqlite-wal"):
        shutil.copy(lived / name, tmp_path / name)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as database:  # it heals damage else
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return tmp_path


def incidents(aggregator: Aggregator) -> dict[str, dict[str, Any]]:
    """Return the open incidents by their cause."""
    answer = json.loads(aggregator.get("/api/v1/incidents?open=1") or '{"incidents": []}')
    return {each["cause"]: each for each in answer["incidents"]}


def until_open(aggregator: Aggregator, cause: str) -> None:
    until(f"{cause} is open", lambda: cause in incidents(aggregator))


def check_watching(site: Site, aggregator: Aggregator) -> None:
    """Check that a kill is known, and its notice is out."""
    aggregator.wait_for("STA-3", "up")
    site.receiver.attempts.clear()
    site.agents["STA-3"].kill()
    try:
        aggregator.wait_for("STA-3", "down", within_s=10.0)
        until("it is told", lambda: site.has_heard("STA-3", "opened"), within_s=10.0)
    finally:
        site.agents["STA-3"].start()
    aggregator.wait_for("STA-3", "up")


@contextmanager
def disk_full(aggregator: Aggregator, path: Path) -> Iterator[None]:
    """Let no file of the aggregator grow."""
    del path
    _, hard = resource.prlimit(aggregator.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(aggregator.pid, resource.RLIMIT_FSIZE, (4_096, hard))
    yield
    resource.prlimit(aggregator.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def locked_by_another(aggregator: Aggregator, path: Path) -> Iterator[None]:
    del aggregator
    with locked(path):
        yield


@contextmanager
def made_read_only(folder: Path) -> Iterator[None]:
    """Let nobody write the journal, who has it open already neither: as a disk that has failed."""
    files = [str(each) for each in folder.glob("journal.sqlite*")]
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run((chattr, "+i", *files), check=False).returncode != 0:
        pytest.skip("no file can be made immutable here (chattr +i)")
    try:
        yield
    finally:
        subprocess.run((chattr, "-i", *files), check=True)


def check_subscribed_soon(aggregator: Aggregator) -> None:
    """Check, by its own log, that the last start was subscribed within 2 s."""
    until("it is subscribed", lambda: subscribed(aggregator))
    started = aggregator.events("aggregator_started")[-1]
    waited = subscribed(aggregator)[0] - datetime.fromisoformat(str(started["time"]))
    assert float(str(started["took_s"])) + waited.total_seconds() <= SUBSCRIBED_S


def subscribed(aggregator: Aggregator) -> list[datetime]:
    """Return when its live connection was subscribed since its last start."""
    starts = aggregator.events("aggregator_started")
    if not starts:
        return []
    since = datetime.fromisoformat(str(starts[-1]["time"]))
    times = [
        datetime.fromisoformat(str(event["time"]))
        for event in aggregator.events("broker_connected")
        if not str(event["client"]).startswith("_bulk")
    ]
    return [time for time in times if time >= since]


@pytest.mark.parametrize("name", ["garbage", "pages", "cut in half", "no hosts"])
def test_a_broken_journal_does_not_keep_the_start_from_watching(
    name: str, folder: Path, site: Site
) -> None:
    journal = folder / "journal.sqlite"
    BROKEN[name](journal)

    with site.aggregator(folder) as aggregator:
        check_subscribed_soon(aggregator)
        until_open(aggregator, "memory_lost")
        check_watching(site, aggregator)
        aggregator.kill()
        aggregator.start()
        check_subscribed_soon(aggregator)
        aggregator.wait_for("STA-3", "up")

        assert aggregator.value("venuewatch_aggregator_journal_failing") == 0.0
    assert (folder / "journal.sqlite.broken-1").exists()


def test_an_incident_goes_on_after_a_table_was_lost(folder: Path, site: Site) -> None:
    BROKEN["no hosts"](folder / "journal.sqlite")

    with site.aggregator(folder) as aggregator:
        until_open(aggregator, "memory_lost")
        found = json.loads(aggregator.get("/api/v1/incidents") or "{}")["incidents"]

    numbers = [each["number"] for each in found]
    assert set(numbers) >= {1, 2}
    assert sorted(set(numbers), reverse=True) == numbers


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    """Put a journal of another time in its place."""
    other = path.with_name("other")
    shutil.copy(path, other)
    other.replace(path)


@pytest.mark.parametrize("damage", [Path.unlink, emptied, replaced, cut, BROKEN["garbage"]])
def test_a_journal_lost_underneath_is_begun_anew(
    damage: Callable[[Path], None], folder: Path, site: Site
) -> None:
    journal = folder / "journal.sqlite"
    with site.aggregator(folder) as aggregator:
        aggregator.wait_for("STA-3", "up")
        before = {each["number"] for each in incidents(aggregator).values()}

        damage(journal)
        until_open(aggregator, "memory_lost")
        check_watching(site, aggregator)
        aggregator.kill()
        aggregator.start()
        until(
            "it goes on",
            lambda: before <= {each["number"] for each in incidents(aggregator).values()},
        )

        assert aggregator.value("venuewatch_aggregator_journal_failing") == 0.0


def test_pages_damaged_while_it_runs_are_told_at_the_next_start_at_the_latest(
    folder: Path, site: Site
) -> None:
    journal = folder / "journal.sqlite"
    with site.aggregator(folder) as aggregator:
        aggregator.wait_for("STA-3", "up")
        BROKEN["pages"](journal)
        check_watching(site, aggregator)
        aggregator.kill()
        aggregator.start()
        check_subscribed_soon(aggregator)
        until_open(aggregator, "memory_lost")
        check_watching(site, aggregator)

        assert aggregator.value("venuewatch_aggregator_journal_failing") == 0.0


@pytest.mark.parametrize("trouble", [disk_full, locked_by_another])
def test_a_journal_that_can_not_be_written_is_told_and_tried_again(
    trouble: Trouble, folder: Path, site: Site
) -> None:
    journal = folder / "journal.sqlite"
    with site.aggregator(folder) as aggregator:
        aggregator.wait_for("STA-3", "up")
        with trouble(aggregator, journal):
            until_open(aggregator, "journal_failing")
            check_watching(site, aggregator)
            assert aggregator.value("venuewatch_aggregator_journal_failing") == 1.0
        until("it is well again", lambda: "journal_failing" not in incidents(aggregator))

        assert list(folder.glob("*broken*")) == []
        assert "memory_lost" not in incidents(aggregator)


def test_a_disk_that_turns_read_only_is_told_at_the_next_start_at_the_latest(
    folder: Path, site: Site
) -> None:
    """SQLite maps the index of its WAL into memory: the kernel ends who writes to that."""
    with site.aggregator(folder) as aggregator:
        aggregator.wait_for("STA-3", "up")
        with made_read_only(folder):
            until(
                "it is told, or it has ended",
                lambda: not aggregator.is_running or "journal_failing" in incidents(aggregator),
            )
            if not aggregator.is_running:
                aggregator.start()  # as systemd does
            check_subscribed_soon(aggregator)
            until_open(aggregator, "journal_failing")
            check_watching(site, aggregator)
        until("it is well again", lambda: "journal_failing" not in incidents(aggregator))

        assert "memory_lost" not in incidents(aggregator)


@contextmanager
def read_only(aggregator: Aggregator, path: Path) -> Iterator[None]:
    """Let neither the journal nor its folder be written; the aggregator does not run yet."""
    aggregator.at(Under(*MODES_APPLY))
    modes = {each: each.stat().st_mode for each in (path, path.parent)}
    path.chmod(0o400)
    path.parent.chmod(0o500)
    yield
    for each, mode in modes.items():
        each.chmod(mode)


@contextmanager
def full_disk(aggregator: Aggregator, path: Path) -> Iterator[None]:
    """Let no file of the aggregator grow, from its start on; the first lines of its log fit."""
    del path
    aggregator.at(Under("prlimit", "--fsize=4096:unlimited"))
    yield
    resource.prlimit(aggregator.pid, resource.RLIMIT_FSIZE, (-1, -1))


@contextmanager
def held(aggregator: Aggregator, path: Path) -> Iterator[None]:
    del aggregator
    with locked(path, "EXCLUSIVE"):
        yield


@pytest.mark.parametrize("trouble", [read_only, full_disk, held])
def test_a_start_does_not_wait_for_a_journal_that_can_not_be_written(
    trouble: Trouble, folder: Path, site: Site
) -> None:
    aggregator = site.aggregator(folder)
    with ExitStack() as running:
        with trouble(aggregator, folder / "journal.sqlite"):
            running.enter_context(aggregator)
            check_subscribed_soon(aggregator)
            until_open(aggregator, "journal_failing")
            check_watching(site, aggregator)
        until("it is well again", lambda: "journal_failing" not in incidents(aggregator))

        assert "memory_lost" not in incidents(aggregator)
        assert "STA-2" in {each["host"] for each in incidents(aggregator).values()}
    assert list(folder.glob("*broken*")) == []


@pytest.mark.parametrize("ends", [("",), ("", "-wal")], ids=["the database", "with its WAL"])
def test_a_start_without_its_journal_watches(ends: Sequence[str], folder: Path, site: Site) -> None:
    for end in ends:
        (folder / f"journal.sqlite{end}").unlink(missing_ok=True)

    with site.aggregator(folder) as aggregator:
        check_subscribed_soon(aggregator)
        check_watching(site, aggregator)

        assert aggregator.value("venuewatch_aggregator_journal_failing") == 0.0


def test_tools_of_operators_do_no_harm_to_a_journal_in_use(folder: Path, site: Site) -> None:
    with closing(sqlite3.connect(folder / "journal.sqlite")) as database:  # space that is free
        database.executescript(
            "CREATE TABLE once (x); INSERT INTO once VALUES (zeroblob(1000000)); DROP TABLE once;"
        )
    words = (
        "VACUUM; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE; REINDEX;"
        " SELECT count(*) FROM incidents; VACUUM;"
    )
    tool = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
    with site.aggregator(folder) as aggregator:
        aggregator.wait_for("STA-3", "up")
        subprocess.run(
            (sys.executable, "-c", tool, str(folder / "journal.sqlite"), words), check=True
        )
        check_watching(site, aggregator)
        stored = aggregator.value("venuewatch_aggregator_journal_waiting_bytes")
        aggregator.kill()
        aggregator.start()
        check_subscribed_soon(aggregator)
        causes = set(incidents(aggregator))

    assert stored is not None
    assert not causes & {"memory_lost", "journal_failing"}
    assert list(folder.glob("*broken*")) == []


def test_exit_code_2_is_for_configuration_alone(folder: Path, site: Site) -> None:
    aggregator = site.aggregator(folder)
    config = folder / "aggregator.toml"
    config.write_text(config.read_text() + '[journal]\npath = "nowhere/journal.sqlite"\n')
    with aggregator:
        until_open(aggregator, "journal_failing")
        aggregator.signal(signal.SIGTERM)
        assert aggregator.wait() == 0
    config.write_text(config.read_text().replace("nowhere/", "a\\u0000b"))

    assert Process.start(aggregator).wait() == 2
