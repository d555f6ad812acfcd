"""Tests of a process that gets no CPU: told from one that waits for nothing, and from a stop."""

from pathlib import Path

import pytest

from venuewatch.demo.starvation import EXCUSED_S, Sample, Watch, waited_between


class Proc:
    """A ``/proc`` with one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.joinpath("7").mkdir()

    def say(self, state: str, waited_s: float, turns: int) -> None:
        here = self.folder / "7"
        (here / "schedstat").write_text(f"7000000000 {round(waited_s * 1e9)} {turns}\n")
        (here / "stat").write_text(f"7 (a (b) c) {state} 1 7 7 0\n")


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


@pytest.fixture
def watch(proc: Proc) -> Watch:
    return Watch({"agent": 7}, proc.folder)


@pytest.mark.parametrize(
    ("before", "now", "waited_s"),
    [
        (Sample(1.0, "S", 7.0, 0.0, 5), Sample(1.5, "S", 7.0, 0.0, 5), 0.0),
        (Sample(1.0, "R", 7.0, 0.0, 5), Sample(1.5, "R", 7.0, 0.0, 5), 0.5),
        (Sample(1.0, "D", 7.0, 0.0, 5), Sample(1.5, "D", 7.0, 0.0, 5), 0.5),
        (Sample(1.0, "S", 7.0, 0.0, 5), Sample(1.5, "R", 7.0, 0.0, 5), 0.0),
        (Sample(1.0, "R", 7.0, 0.0, 5), Sample(1.5, "T", 7.0, 0.0, 5), 0.0),
        (Sample(1.0, "R", 7.0, 0.1, 5), Sample(1.5, "R", 7.0, 0.5, 9), 0.4),
        (Sample(1.0, "R", 7.0, 0.0, 5), Sample(1.5, "R", 7.4, 0.0, 5), 0.0),
        (Sample(1.0, "R", 7.0, 0.0, 5), Sample(1.5, "S", 7.0, 3.0, 6), 0.5),
    ],
    ids=[
        "sleeps",
        "wants to run",
        "waits for a disk",
        "woke just now",
        "stopped",
        "ran at last",
        "runs",
        "waited before, too",
    ],
)
def test_only_one_that_wants_to_run_waits(before: Sample, now: Sample, waited_s: float) -> None:
    assert waited_between(before, now) == pytest.approx(waited_s)


def test_a_starved_process_is_told_until_its_excuse_ends(proc: Proc, watch: Watch) -> None:
    proc.say("R", 0.0, 5)
    assert watch.look(1.0) == []

    assert watch.look(1.5) == ["agent"]
    proc.say("S", 0.5, 6)
    watch.look(1.6)

    assert watch.excused(1.6) == ["agent"]
    assert watch.excused(1.6 + EXCUSED_S) == []


def test_a_process_that_somebody_stopped_is_not_starved(proc: Proc, watch: Watch) -> None:
    proc.say("T", 0.0, 5)

    assert [watch.look(at) for at in (1.0, 1.5, 2.0)] == [[], [], []]


@pytest.mark.parametrize("content", ["", "1 2", "x y z"])
def test_a_kernel_that_says_nothing_excuses_nobody(proc: Proc, watch: Watch, content: str) -> None:
    proc.say("R", 0.0, 5)
    (proc.folder / "7" / "schedstat").write_text(content)

    assert [watch.look(at) for at in (1.0, 1.5)] == [[], []]
