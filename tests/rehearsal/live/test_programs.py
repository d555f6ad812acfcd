"""A program that a guardian has started again is the same to us as one of our own."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from venuewatch.rehearsal.live.programs import Process
from venuewatch.rehearsal.stage.guarding import undo_each

pytestmark = pytest.mark.real


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """Yield a program with a guard that runs; none of it is left afterwards."""
    found = Process(tmp_path, "sleeper", "sleep", "600").guard().start()
    yield found
    if found.is_running:
        found.kill()


def test_program_that_was_killed_is_started_again_once(process: Process) -> None:
    first = process.pid
    process.kill()

    for _ in range(2):
        assert undo_each([process.starting()]) == []

    assert process.is_running
    assert process.pid != first
    assert psutil.Process(process.pid).cwd() == str(process.log.parent)
    again = process.pid
    assert process.start().pid == again


def test_end_of_a_program_is_known_though_it_has_been_started_again(process: Process) -> None:
    before = process.pid
    process.signal(signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
    assert undo_each([process.starting()]) == []

    assert process.await_end() == -signal.SIGKILL

    assert process.is_running
    assert process.pid != before


def test_program_that_runs_is_not_started_again(process: Process) -> None:
    before = process.pid

    assert undo_each([process.starting()]) == []

    assert process.pid == before


def test_program_that_was_started_again_ends_as_any_other(process: Process) -> None:
    process.kill()
    undo_each([process.starting()])
    again = process.pid

    process.kill()

    assert not process.is_running
    assert process.start().pid != again


def test_program_is_killed_by_another_process(process: Process) -> None:
    assert undo_each([process.killing(), process.killing()]) == []

    assert process.wait() != 0
    assert not process.is_running


def test_nothing_is_started_where_its_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    folder.mkdir()
    process = Process(folder, "sleeper", "sleep", "600").guard()
    starting = process.starting()
    folder.rmdir()

    assert undo_each([starting, process.killing()]) == []

    assert not folder.exists()


def test_process_of_another_that_has_its_old_id_is_left_alone(process: Process) -> None:
    process.kill()
    with subprocess.Popen(["sleep", "600"], cwd="/") as other:
        process.log.with_suffix(".pid").write_text(f"{other.pid}\n")

        assert not process.is_running
        assert undo_each([process.killing()]) == []
        assert other.poll() is None
        other.kill()


def test_program_that_nothing_here_ended_says_how_it_ended(process: Process) -> None:
    process.log.write_text("it began\nits last words\n")
    assert process.own_end == ""

    psutil.Process(process.pid).kill()
    process.wait()

    assert process.own_end == (
        "sleeper has ended, which nothing here ordered (signal 9): its last words"
    )
    assert process.start().own_end == ""


@pytest.mark.parametrize("end", [Process.kill, Process.stop])
def test_program_that_was_ended_by_order_has_no_end_of_its_own(
    process: Process, end: Callable[[Process], object]
) -> None:
    end(process)

    assert process.own_end == ""
    undo_each([process.starting()])
    assert process.own_end == ""


def test_program_that_was_never_started_has_not_ended(tmp_path: Path) -> None:
    assert Process(tmp_path, "sleeper", "sleep", "600").own_end == ""
