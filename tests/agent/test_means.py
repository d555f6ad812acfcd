"""Means that the machine refuses the agent: said once, counted, and said again when there."""

import errno
import os
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.checks.host import adoption
from agent.means import QUIET_S, Descriptors, Means, Refusals, means_of
from agent.runner import Pool
from agent.spool.disk import Spool
from agent.spool.thread import SpoolThread
from venuewatch.base import threads


class Machine:
    """Refuses threads as often as it is told to; the means are never lacking for sure."""

    def __init__(self) -> None:
        self.count = 0
        self.lasts = False
        self.means = Means({"threads": lambda: Refusals(self.count, "no more", self.lasts)})


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_what_is_refused_again_and_again_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()

    for now in range(0, 1_000, 10):
        machine.count += 2
        told = machine.means.look(float(now))

    assert said(caplog) == ["means_refused"]
    assert told == [("threads", 200)]


def test_what_is_never_refused_is_neither_said_nor_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = Machine()

    assert machine.means.look(0.0) == []
    assert said(caplog) == []


def test_means_that_is_there_again_is_said_once_after_quiet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    machine = Machine()
    machine.count = 1
    machine.means.look(0.0)

    machine.means.look(QUIET_S - 1.0)
    before = said(caplog)
    machine.means.look(QUIET_S)
    machine.means.look(QUIET_S + 10.0)

    assert before == ["means_refused"]
    assert said(caplog) == ["means_refused", "means_granted"]


def test_trouble_that_lasts_is_not_over_though_nobody_asks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    machine = Machine()
    machine.count, machine.lasts = 1, True

    for now in range(0, 3_600, 10):
        machine.means.look(float(now))

    assert said(caplog) == ["means_refused"]


def test_descriptors_that_are_used_up_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    descriptors = Descriptors()
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse_files)
        descriptors.ask()
        lacking = descriptors.ask()

    assert (lacking.times, lacking.lasts) == (2, True)
    assert descriptors.ask() == Refusals(2, "")


def test_process_that_is_refused_is_counted_and_told_to_its_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = adoption.refused()
    monkeypatch.setattr(subprocess, "Popen", refuse_processes)

    with pytest.raises(BlockingIOError):
        adoption.start(["true"])

    assert adoption.refused() == before + 1


def test_program_that_is_not_there_is_no_refusal() -> None:
    before = adoption.refused()

    with pytest.raises(FileNotFoundError):
        adoption.start(["/nowhere/at/all"])

    assert adoption.refused() == before


def test_disk_and_threads_of_the_agent_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "spool").write_text("a file, not a folder")
    made = partial(Spool, str(tmp_path / "spool"), host="STA-1", max_bytes=1 << 20)
    spool = SpoolThread(made, lambda: None)
    assert spool.finished().wait(10.0)
    before = threads.refused()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse_threads)
        Pool(lambda: None).run(lambda: None)

    counts = dict(means_of(spool).look(0.0))
    spool.close()

    assert counts["threads"] == before + 1
    assert counts["disk"] >= 1
    told = [record.__dict__["venuewatch_fields"]["means"] for record in caplog.records]
    assert {"disk", "threads"} <= set(told)


def refuse_files(*_: Any) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def refuse_processes(*_: Any, **__: Any) -> None:
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def refuse_threads(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
