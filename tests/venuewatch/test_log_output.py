"""Output that nobody takes: it stops no program, and ends none."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.kit.processes import free_port
from tests.integration.real import until

PATIENCE_S = 10.0
LOGGING = """
import logging, os, sys
from venuewatch.base import log
log.start()
for at in range(int(sys.argv[1])):
    log.event(logging.getLogger("test"), logging.INFO, "it_happened", at=at, why="x" * 100)
os.write(1, b"went on")
log.last_words("the end")
sys.exit(7)
"""
MANY, SOME = "20000", "500"
"""So many lines are more than may wait for a reader; so many are soon taken by one."""

CLOSED = ("sh", "-c", 'exec "$@" 2>&-', "sh")
ALL_CLOSED = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")


def test_a_log_that_is_not_read_stops_nobody() -> None:
    read, write = os.pipe()
    done = subprocess.run(
        [sys.executable, "-c", LOGGING, MANY],
        stdout=subprocess.PIPE,
        stderr=write,
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(read)
    os.close(write)

    assert (done.returncode, done.stdout) == (7, b"went on")


def test_a_log_that_is_read_is_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOGGING, SOME], capture_output=True, text=True, check=False
    )

    lines = done.stderr.splitlines()
    assert len(lines) == int(SOME) + 1
    assert lines[-1] == "the end"


@pytest.mark.parametrize("closed", [CLOSED, ALL_CLOSED], ids=["stderr", "all three"])
def test_a_log_without_a_descriptor_stops_nobody(closed: Sequence[str]) -> None:
    command = [*closed, sys.executable, "-c", LOGGING, SOME]
    done = subprocess.run(command, timeout=PATIENCE_S, check=False)

    assert done.returncode == 7


FIRST_FILE = """
from venuewatch.base import log
log.start()
file = open("/dev/null")
assert file.fileno() > 2, file.fileno()
"""


def test_a_closed_descriptor_is_never_that_of_a_file_of_ours() -> None:
    done = subprocess.run([*ALL_CLOSED, sys.executable, "-c", FIRST_FILE], check=False)

    assert done.returncode == 0


Running = tuple[Sequence[str], Callable[[], bool]]
"""The words of a program, and whether it runs by now."""


def agent_in(folder: Path) -> Running:
    """Return an agent without a broker, in a folder."""
    (folder / "agent.toml").write_text(
        f'venue = "STA"\nhost = "STA-1"\n[broker]\nport = {free_port()}\n'
        "[heartbeat]\nvitals_every_s = 1\n"
    )

    def has_kept() -> bool:
        return sum(path.stat().st_size for path in folder.glob("spool/*")) > 2_000

    return ("agent", "--config", str(folder / "agent.toml")), has_kept


def aggregator_in(folder: Path) -> Running:
    """Return an aggregator without a broker, in a folder."""
    (folder / "inventory.toml").write_text('[[venue]]\ncode = "STA"\nlink = "wired"\n')
    (folder / "aggregator.toml").write_text(
        f'[broker]\nport = {free_port()}\n[web]\nlisten_address = "127.0.0.1:{free_port()}"\n'
    )
    return ("aggregator", "--config", str(folder / "aggregator.toml")), (
        folder / "journal.sqlite"
    ).exists


@contextmanager
def stderr_of(kind: str) -> Iterator[tuple[int | None, Sequence[str]]]:
    """Yield a standard error that takes nothing, and the words that run a program with it."""
    if kind == "closed":
        yield None, CLOSED
        return
    if kind == "a full disk":
        full = os.open("/dev/full", os.O_WRONLY)
        yield full, ()
        os.close(full)
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x")
    except BlockingIOError:
        os.set_blocking(write, True)
    yield write, ()
    os.close(read)
    os.close(write)


@pytest.mark.real
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
@pytest.mark.parametrize("kind", ["closed", "a full disk", "a full pipe"])
@pytest.mark.parametrize("program", [agent_in, aggregator_in], ids=["agent", "aggregator"])
def test_a_program_whose_log_nobody_takes_runs_and_ends(
    tmp_path: Path, program: Callable[[Path], Running], kind: str
) -> None:
    words, is_running = program(tmp_path)
    with stderr_of(kind) as (stderr, before):
        command = [*before, sys.executable, "-I", "-m", *words]
        with subprocess.Popen(command, cwd=tmp_path, stderr=stderr) as process:
            until("it runs", is_running, within_s=60.0)
            process.send_signal(signal.SIGTERM)
            code = process.wait(PATIENCE_S)

    assert code == 0
