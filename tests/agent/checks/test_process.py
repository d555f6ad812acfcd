"""Processes: real ones, started and ended by the tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.checks import Reading
from agent.checks.host import process_table
from agent.checks.host.process_table import Process, Table, Wanted
from agent.checks.process import Check
from agent.checks.reading.times import Deadline
from tests.agent.checks.peers import made

NAME = f"odf-{os.getpid()}-7"  # of this run of the tests alone
LONG_NAME = "results-server-of-STA"  # the kernel keeps 15 characters

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")


class Stage:
    """Starts programs of any name that run until they are ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str = NAME, *arguments: str) -> subprocess.Popen[bytes]:
        """Return a program that is ready: a ``cat`` under another name."""
        path = self.folder / name
        if not path.exists():
            shutil.copy(shutil.which("cat") or "", path)
        return self.run(str(path), *arguments or ("-",))

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Return a program that has said ``ready`` after it heard it."""
        started = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.running.append(started)
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdin.write(b"ready\n")
        assert started.stdout.readline() == b"ready\n"
        return started

    def end(self, started: subprocess.Popen[bytes]) -> None:
        started.kill()
        started.communicate()
        self.running.remove(started)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path)
    yield found
    for started in list(found.running):
        found.end(started)


def check(**fields: object) -> Check:
    found: Check = made("process", **fields)
    return found


def said(reading: Reading) -> tuple[str, str, float | None]:
    return reading.state, reading.detail, reading.values.check_processes


def test_a_program_that_runs_is_found_by_its_exact_name(stage: Stage) -> None:
    stage.start(NAME)
    stage.start(f"{NAME}5")

    assert said(check(program=NAME).read()) == ("ok", "1 runs", 1)


def test_a_name_that_the_kernel_cuts_is_still_exact(stage: Stage) -> None:
    stage.start(LONG_NAME)

    assert said(check(program=LONG_NAME).read()) == ("ok", "1 runs", 1)
    assert said(check(program="results-server-of-POL").read()) == ("critical", "none runs", 0)


def test_a_script_is_found_by_its_own_long_name(stage: Stage) -> None:
    script = stage.folder / "results-server-of-STA.sh"
    script.write_text("#!/bin/sh\ncat\n")
    script.chmod(0o755)
    stage.run(str(script))

    assert said(check(program=script.name).read()) == ("ok", "1 runs", 1)


def test_the_command_line_tells_processes_of_one_name_apart(stage: Stage) -> None:
    stage.start(NAME, "-", "--", "/dev/null")
    stage.start(NAME)

    both = check(program=NAME).read()
    one = check(program=NAME, command_line=r"- -- /dev/null$").read()
    by_line = check(command_line=rf"/{NAME} - -- /dev/n").read()

    assert [said(reading)[2] for reading in (both, one, by_line)] == [2, 1, 1]


def test_too_few_and_too_many_are_critical(stage: Stage) -> None:
    stage.start()
    stage.start()

    few, many = check(program=NAME, min_count=3), check(program=NAME, max_count=1)
    unwanted = check(program=NAME, min_count=0, max_count=0)

    assert said(few.read()) == ("critical", "2 run, expected at least 3", 2)
    assert said(many.read()) == ("critical", "2 run, expected at most 1", 2)
    assert said(unwanted.read())[0] == "critical"


def test_a_process_that_ended_and_is_not_reaped_does_not_run(stage: Stage) -> None:
    started = stage.start()
    started.kill()
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)

    assert said(check(program=NAME).read()) == ("critical", "none runs", 0)


@pytest.mark.parametrize("is_gap_seen", [False, True])
def test_a_restart_is_counted_once_and_told(stage: Stage, *, is_gap_seen: bool) -> None:
    looked = check(program=NAME)
    first = stage.start()
    looked.read()
    stage.end(first)
    if is_gap_seen:
        looked.read()
    stage.start()

    told, after = looked.read(), looked.read()

    assert (told.detail, after.detail) == ("1 runs, restarted since the last reading", "1 runs")
    assert after.values.check_process_restarts_total == 1


def test_another_process_beside_the_first_is_no_restart(stage: Stage) -> None:
    looked = check(program=NAME)
    nobody = looked.read()
    stage.start()
    looked.read()
    stage.start()

    assert nobody.state == "critical"
    assert looked.read().values.check_process_restarts_total == 0


def test_cpu_seconds_and_memory_are_of_all_that_match_and_cpu_never_falls(stage: Stage) -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass\nprint(input(), flush=True)\ninput()"
    mark = f"--{stage.folder.name}"
    started = stage.run(sys.executable, "-c", burn, mark)
    looked = check(command_line=f"{mark}$")

    before = looked.read().values
    stage.end(started)
    after = looked.read().values

    assert before.check_process_cpu_seconds_total is not None
    assert before.check_process_cpu_seconds_total >= 0.18
    assert (before.check_process_resident_memory_bytes or 0) > 1_000_000
    assert after.check_process_cpu_seconds_total == before.check_process_cpu_seconds_total
    assert after.check_process_resident_memory_bytes == 0


STALE = "{path} is stale: process {pid}"
PID_FILES = {  # of which program, when it was written (unixtime), which program is expected
    "it leads to its process": (NAME, None, None, "1 runs"),
    "it leads to the process that is named": (NAME, None, NAME, "1 runs"),
    "another program has its number": ("other", None, NAME, f"{STALE} is another one, other"),
    "it is older than its process": (NAME, 1.7e9, None, f"{STALE} started after it was written"),
    "a clock was set since, but the program is the one": (NAME, 86_400.0, NAME, "1 runs"),
}


@pytest.mark.parametrize(
    ("running", "written_at", "named", "detail"), PID_FILES.values(), ids=PID_FILES
)
def test_a_pid_file_leads_to_its_process_or_is_stale(
    stage: Stage, running: str, written_at: float | None, named: str | None, detail: str
) -> None:
    path = stage.folder / "it.pid"
    pid = stage.start(running).pid
    path.write_text(f"{pid}\n")
    if written_at is not None:
        os.utime(path, (written_at, written_at))
    looked = check(pid_file=str(path), program=named)

    told = [said(looked.read()) for _ in range(2)]

    state, count = ("ok", 1) if detail == "1 runs" else ("critical", 0)
    assert told == [(state, detail.format(path=path, pid=pid), count)] * 2


def test_a_pid_file_whose_process_is_gone_is_told(stage: Stage) -> None:
    path = stage.folder / "it.pid"
    started = stage.start()
    path.write_text(str(started.pid))
    stage.end(started)

    assert said(check(pid_file=str(path)).read()) == (
        "critical",
        f"process {started.pid} of {path} does not run",
        0,
    )


def test_a_number_that_is_used_again_is_another_process_even_of_the_same_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stage.folder / "it.pid"
    pid = stage.start().pid
    path.write_text(str(pid))
    looked = check(pid_file=str(path), program=NAME)
    before = looked.read()
    monkeypatch.setattr(Table, "matching", lambda *_: [Process(pid, 10**9, 0.0, 0)])

    after = [looked.read(), looked.read()]

    assert before.state == "ok"
    assert [reading.state for reading in after] == ["critical", "critical"]
    assert "is stale" in after[1].detail


@pytest.mark.parametrize("text", ["", "\n", "none", "-4", "0", "99999999999999", "\udcff"])
def test_a_pid_file_of_garbage_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "it.pid"
    path.write_text(text, errors="surrogateescape")

    assert said(check(pid_file=str(path)).read()) == (
        "critical",
        f"{path} holds no process number",
        0,
    )


def test_a_pid_file_that_is_missing_or_can_not_be_read_is_told(tmp_path: Path) -> None:
    missing = check(pid_file=str(tmp_path / "it.pid")).read()
    folder = check(pid_file=str(tmp_path)).read()

    assert missing[:2] == ("critical", f"there is no pid file {tmp_path}/it.pid")
    assert folder[:2] == ("unknown", f"{tmp_path}: Is a directory")


def test_of_what_does_not_match_only_the_name_is_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = stage.start().pid
    paths: list[str] = []
    really_read = process_table._read  # noqa: SLF001 - it is what costs

    def read(path: str, limit: int) -> bytes:
        paths.append(path)
        return really_read(path, limit)

    monkeypatch.setattr(process_table, "_read", read)

    check(program=NAME, command_line=".").read()

    others = {path for path in paths if f"/{pid}/" not in path}
    assert others
    assert {path.rpartition("/")[2] for path in others} == {"comm"}


def test_where_processes_are_hidden_from_us_nobody_is_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(path: str, _: int) -> bytes:
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(process_table, "_read", refuse)

    state, detail, _ = said(check(program=NAME).read())

    assert state == "unknown"
    assert detail.startswith("0 seen, and ")
    assert detail.endswith(" processes are hidden from this account")


def test_a_process_that_ends_while_it_is_looked_at_is_passed_over() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert Table().matching(Wanted(None, None), Deadline(1.0), [ended.pid]) == []
