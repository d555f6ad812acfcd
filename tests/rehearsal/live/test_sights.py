"""An agent is counted once, and neither what may start it later nor a copy of it is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeAlias

import psutil
import pytest

from venuewatch.rehearsal.live.programs import Process, until
from venuewatch.rehearsal.live.sights import configurations
from venuewatch.rehearsal.stage.guardian import Guardian

pytestmark = pytest.mark.real

Start: TypeAlias = Callable[[str], "subprocess.Popen[bytes]"]

SAYS: Final = "print('here', flush=True); "
WAITS: Final = SAYS + "input()"
FORKS: Final = f"import os; os.fork() or os.read(0, 1); {WAITS}"
"""A copy of an agent that has not begun a program of its own."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield what starts a Python beside the words of an agent; none is left afterwards."""
    with ExitStack() as stack:

        def start_it(code: str) -> "subprocess.Popen[bytes]":
            words = (sys.executable, "-I", "-c", code, "--config", str(tmp_path / "agent-a.toml"))
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
            return process

        yield start_it


def test_two_agents_of_one_name_are_two(start: Start, tmp_path: Path) -> None:
    start(WAITS)
    start(WAITS)

    assert [str(path) for path in configurations(tmp_path)] == ["agent-a.toml"] * 2


def test_copy_that_an_agent_makes_of_itself_is_none(start: Start, tmp_path: Path) -> None:
    start(FORKS)

    assert [str(path) for path in configurations(tmp_path)] == ["agent-a.toml"]


def test_timer_that_would_start_an_agent_is_none(tmp_path: Path) -> None:
    agent = Process(tmp_path, "agent-a", "true", str(tmp_path / "agent-a.toml")).guard()
    with Guardian(lease_s=60.0) as guardian:
        guardian.play(lambda: None, agent.starting(), lasts_s=60.0)

        until("its timer is there", lambda: _is_timed(tmp_path))

        assert list(configurations(tmp_path)) == []


def _is_timed(folder: Path) -> bool:
    """Tell whether any shell goes by the words of an agent that is in a folder."""
    found = [each.info["cmdline"] or [""] for each in psutil.process_iter(["cmdline"])]
    return any(words[0] == "/bin/sh" and str(folder / "agent-a.toml") in words for words in found)
