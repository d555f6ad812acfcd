"""Readings of this host as messages: what their time says, and facts of any bytes in them."""

import errno
import logging
import os
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent import config, vitals
from agent.checks import Reading, SimpleCheck, file
from agent.readings import Readings
from agent.runner import Threads
from agent.vitals import Collector
from tests.agent.later_threads import HangingThreads
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue, readings_of
from venuewatch.base.wire.messages import Vitals, decode_checks

LATE_S = 5.0
FILE = '[[check]]\nkind = "file"\nname = "files"\npattern = "/nowhere/*"\n'


class AtOnce:
    """Threads that do their work when they are asked to."""

    def run(self, work: Callable[[], None]) -> None:
        work()


def readings_in(folder: Path, threads: Threads, checks: str = "") -> Readings:
    (folder / "agent.toml").write_text(f'venue = "STA"\nhost = "STA-1"\n{checks}')
    settings = config.read(folder / "agent.toml")
    return Readings(settings, boot="b0", threads=threads, start=0.0, rng=random.Random(0), own=dict)


def test_time_of_vitals_is_when_they_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = readings_in(tmp_path, AtOnce())
    assert readings.advance(0.0, 1) == []  # they are read here, and collected at the next look
    wall = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: wall() + LATE_S)

    (message,) = readings.advance(1.0, 1)

    said = msgspec.json.decode(message.payload, type=Vitals)
    catalogue = msgspec.json.decode(readings.catalogue, type=Catalogue)
    read = readings_of(catalogue.families, said.values)
    assert read.node_time_seconds is not None
    assert said.wall_ms == pytest.approx(read.node_time_seconds * 1000, abs=1)
    assert said.wall_ms / 1000 == pytest.approx(wall(), abs=LATE_S / 2)


def says(detail: str) -> type[SimpleCheck[file.Config]]:
    class Check(SimpleCheck[file.Config]):
        def read(self) -> Reading:
            return Reading("ok", detail)

    return Check


def fails(error: Exception) -> type[SimpleCheck[file.Config]]:
    class Check(SimpleCheck[file.Config]):
        def read(self) -> Reading:
            raise error

    return Check


ODD = {
    "a detail that is not UTF-8": (says("caf\udce9.xml"), "caf\ufffd.xml"),
    "a detail that is too long": (says("é" * 600), "é" * 511 + "…"),
    "an error with a path that is not UTF-8": (
        fails(OSError(5, "Input/output error", "/mnt/caf\udce9")),
        "OSError: [Errno 5] Input/output error: '/mnt/caf\\udce9'",
    ),
    "an error that says a text that is not UTF-8": (
        fails(ValueError("caf\udce9")),
        "ValueError: caf\ufffd",
    ),
}


@pytest.mark.parametrize(("check", "detail"), ODD.values(), ids=ODD)
def test_check_that_says_any_bytes_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    check: type[SimpleCheck[file.Config]],
    detail: str,
) -> None:
    monkeypatch.setattr(file, "Check", check)
    readings = readings_in(tmp_path, AtOnce(), FILE)

    readings.advance(20.0, 1)
    messages = readings.advance(21.0, 1)

    (said,) = (decode_checks(each.payload) for each in messages if b"files" in each.payload)
    assert [reading.detail for reading in said.readings] == [detail]


def test_collectors_that_hang_are_logged_once_and_when_they_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    threads = HangingThreads()
    hangs = iter([True, False])

    def mounts() -> dict[str, object]:
        if next(hangs):
            threads.hang("mounts")
        return {}

    collectors = [Collector("mounts", mounts), Collector("others", dict)]
    monkeypatch.setattr(vitals, "found", lambda: collectors)
    caplog.set_level(logging.INFO, "agent")
    readings = readings_in(tmp_path, threads)

    for now in (0.0, 0.5, 5.0, 10.0, 10.0):
        readings.advance(now, 1)
    threads.let_go("mounts")
    for now in (20.0, 20.0):
        readings.advance(now, 1)

    assert [record.getMessage() for record in caplog.records] == [
        "collectors_hang",
        "collectors_answer",
    ]


@pytest.mark.parametrize(
    ("number", "state"), [(errno.EMFILE, "unknown"), (errno.ENOMEM, "unknown"), (5, "critical")]
)
def test_check_that_this_machine_refuses_its_means_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, state: str
) -> None:
    monkeypatch.setattr(file, "Check", fails(OSError(number, os.strerror(number))))
    readings = readings_in(tmp_path, AtOnce(), FILE)

    readings.advance(20.0, 1)
    messages = readings.advance(21.0, 1)

    (said,) = (decode_checks(each.payload) for each in messages if b"files" in each.payload)
    assert [reading.state for reading in said.readings] == [state]
