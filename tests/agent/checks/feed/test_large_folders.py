"""Folders that are too large, too full, or do not answer: no reading is taken hostage."""

import pkgutil
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.checks import feed
from agent.checks.reading.times import Deadline
from agent.checks.results_feed import known, look
from agent.checks.results_feed.known import File
from agent.runner import Outcome, Pool, Runner, Task
from agent.slots import Slots
from tests.agent.checks.feed.test_folder import Hall
from tests.agent.checks.feed.test_rewritten import touches

PATIENCE_S = 10.0


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


class Steps(Deadline):
    """A deadline that is over at its second question, for a look, and never for the rest."""

    def __init__(self, _timeout_s: float, most: int = 10**9) -> None:
        self._left = most

    def is_over(self) -> bool:
        self._left -= 1
        return self._left < 0

    def share(self, _parts: int) -> "Steps":
        return Steps(0.0, most=1)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a look see some seven files at once."""
    monkeypatch.setattr(look, "_AT_ONCE", 4)
    monkeypatch.setattr(feed, "Deadline", Steps)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 20 files be remembered."""
    monkeypatch.setattr(known, "MAX_KNOWN", 20)


@pytest.mark.usefixtures("few")
def test_folder_of_more_old_files_than_are_remembered_is_read(hall: Hall) -> None:
    for number in range(100):
        hall.writes(f"old{number}.xml", hall.score(1), age_s=86_400.0 + number)
    hall.writes("1.xml", hall.score(1))
    heard = [hall.heard(), hall.heard(30.0)]
    hall.writes("2.xml", hall.score(2))

    reading = hall.read(1.0)

    assert (*heard, reading.values.results_messages_total) == (1, 1, 2)
    assert reading.state == "flowing"
    assert len(hall.check._folder._known) <= 20  # type: ignore[union-attr]  # noqa: SLF001


@pytest.mark.usefixtures("few")
def test_day_of_more_files_than_are_remembered_is_heard_once(hall: Hall) -> None:
    hall.read()
    for version in range(90):
        hall.clock.wall_s += 1.0
        hall.writes(f"{version}.xml", hall.score(version))
        if version % 9 == 8:
            heard = hall.heard()

    assert heard == 90
    for path in hall.folder.iterdir():
        touches(path)
    values = hall.read(1.0).values
    assert values.results_version_gaps_total == 0
    assert values.results_version_regressions_total == 0


@pytest.mark.usefixtures("slow")
def test_look_that_is_not_over_goes_on_and_says_so(hall: Hall) -> None:
    hall.read()
    hall.writes("0.xml", hall.score(0))
    hall.read()
    for number in range(20):
        hall.writes(f"old{number}.txt", b"", age_s=100.0)
    for version in range(1, 6):
        hall.writes(f"{version}.xml", hall.score(version), age_s=0.9 - version / 10)

    readings = [hall.read(400.0)]
    while readings[-1].values.results_messages_total != 6:
        readings.append(hall.read(1.0))

    assert len(readings) > 2
    assert {it.state for it in readings[:-1]} == {"delayed"}
    assert all("looked at so far" in it.detail or "unread" in it.detail for it in readings[:-1])
    assert readings[-1].values.results_version_regressions_total == 0
    assert readings[-1].values.results_version_gaps_total == 0


@pytest.mark.usefixtures("slow")
def test_first_look_that_is_not_over_is_unknown(hall: Hall) -> None:
    for number in range(20):
        hall.writes(f"{number}.txt", b"")
    hall.writes("1.xml", hall.score(1))

    first = hall.read()
    rest = [hall.read(1.0) for _ in range(5)]

    assert first.state == "unknown"
    assert first.detail.startswith("looks for new files, 8 looked at so far; nothing heard")
    assert rest[-1].values.results_messages_total == 1


def test_files_left_unread_are_read_on_and_are_never_silence(hall: Hall) -> None:
    hall.check = hall.new_check(files_per_reading=10)
    hall.read()
    for version in range(35):
        hall.writes(f"{version}.xml", hall.score(version), age_s=0.99 - version / 100)

    readings = [hall.read(500.0 * (at > 0)) for at in range(4)]

    assert [it.state for it in readings[:3]] == ["delayed"] * 3
    assert [it.values.results_messages_total for it in readings] == [10, 20, 30, 35]


class Short(Steps):
    """A deadline that is over after four files, whatever a look takes."""

    def __init__(self, _timeout_s: float) -> None:
        super().__init__(0.0, most=4)

    def share(self, _parts: int) -> Steps:
        return Steps(0.0)


def test_reading_that_has_no_more_time_leaves_the_rest_for_the_next(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.read()
    for version in range(10):
        hall.writes(f"{version}.xml", hall.score(version), age_s=0.99 - version / 100)
    monkeypatch.setattr(feed, "Deadline", Short)

    readings = [hall.read(500.0 * (at > 0)) for at in range(4)]

    assert [it.values.results_messages_total for it in readings] == [4, 8, 10, 10]
    assert [it.state for it in readings[:2]] == ["delayed"] * 2
    assert readings[0].detail.startswith("6 files unread; ")
    assert "unread" not in readings[2].detail
    assert readings[3].values.results_version_gaps_total == 0


def test_files_that_are_remembered_take_bounded_memory() -> None:
    files = known.Known()
    tracemalloc.start()
    for number in range(60_000):
        files.keep(File(number, f"{number}.xml", 2_000, number, number), 2**63)
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(files) <= known.MAX_KNOWN
    assert held_bytes < 10_000_000


class Hung:
    """A network folder of which one answer does not come until it is released."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.asked, self.released = threading.Event(), threading.Event()
        self._answer = answer

    def __call__(self, path: Any) -> Any:
        self.asked.set()
        assert self.released.wait(PATIENCE_S)
        return self._answer(path)


@pytest.mark.parametrize("what", ["look.os.scandir", "content.open_found"])
def test_network_folder_that_hangs_is_told_and_holds_up_no_other(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    hall.writes("1.xml", hall.score(1))
    module, name = f"agent.checks.results_feed.{what}".rsplit(".", 1)
    hung, woken = Hung(getattr(pkgutil.resolve_name(module), name)), threading.Semaphore(0)
    monkeypatch.setattr(f"{module}.{name}", hung)
    tasks = [
        Task("results", hall.check.read, slots=Slots(0.0, 30.0), timeout_s=6.0),
        Task("other", lambda: "fine", slots=Slots(0.0, 1.0), timeout_s=6.0),
    ]
    runner = Runner(tasks, Pool(woken.release))
    told: list[Outcome] = runner.advance(0.0)
    for at_s in range(1, 9):
        assert woken.acquire(timeout=PATIENCE_S)
        told += runner.advance(float(at_s))
    hall.check.close()
    hung.released.set()
    for _ in tasks:
        assert woken.acquire(timeout=PATIENCE_S)

    assert hung.asked.is_set()
    assert [it.error for it in told if it.name == "results"] == ["no answer for 6.0 s"]
    assert [it.value for it in told if it.name == "other"] == ["fine"] * 8
    hall.writes("2.xml", hall.score(2))
    assert hall.heard(30.0) == 2
