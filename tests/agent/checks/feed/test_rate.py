"""A busy hall on a virtual clock: 25 messages a second for six minutes, with defaults."""

import os
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest

from agent.checks import Reading
from agent.checks.feed import Check, Config
from bench.kit.documents import Document
from bench.kit.processes import free_port
from tests.agent.checks.feed.results_day import Clock

NOON_S = datetime(2024, 8, 3, 12, tzinfo=UTC).timestamp()
A_SECOND, SECONDS = 25, 360
PATIENCE_S = 10.0
DOCUMENT = Document(2_000)

Deliver: TypeAlias = Callable[[list[bytes]], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of a hall; that of the machine may not end a reading too early."""
    monkeypatch.setattr("venuewatch.base.clock.monotonic", lambda: 1_000.0)
    return Clock(NOON_S)


def play(check: Check, clock: Clock, deliver: Deliver) -> list[Reading]:
    """Have the messages of each second delivered at its end; return all readings."""
    readings = [check.read()]
    for second in range(SECONDS):
        clock.wall_s += 1.0
        first = A_SECOND * second + 1
        versions = range(first, first + A_SECOND)
        deliver([DOCUMENT.content(version, clock.wall_s) for version in versions])
        if (second + 1) % check_every_s() == 0:
            readings.append(check.read())
    return readings


def check_every_s() -> int:
    return int(Config(name="r", zone="UTC", folder="a").every_s)


def assert_all_is_heard_in_time(readings: list[Reading]) -> None:
    heard = [it.values.results_messages_total for it in readings]
    assert heard == [A_SECOND * check_every_s() * at for at in range(len(readings))]
    assert [it.state for it in readings] == ["unknown", *["flowing"] * (len(readings) - 1)]
    assert not [it.detail for it in readings if "unread" in it.detail]
    assert readings[-1].values.results_version_gaps_total == 0
    assert readings[-1].values.results_parse_errors_total == 0


@pytest.mark.long
def test_files_of_a_busy_hall_are_all_read_in_time(clock: Clock, tmp_path: Path) -> None:
    names = iter(range(A_SECOND * SECONDS))

    def drop(contents: list[bytes]) -> None:
        for content in contents:
            path = tmp_path / f"DT_RESULT_{next(names):05}.xml"
            path.write_bytes(content)
            os.utime(path, (clock.wall_s, clock.wall_s))

    config = Config(name="results", zone="UTC", folder=str(tmp_path))
    with closing(Check(config, lambda _name: None, clock)) as check:
        readings = play(check, clock, drop)

    assert_all_is_heard_in_time(readings)


@pytest.mark.long
def test_pushes_of_a_busy_hall_are_all_taken_in_time(clock: Clock) -> None:
    port = free_port()
    config = Config(name="results", zone="UTC", listen_port=port)
    check = Check(config, lambda _name: None, clock)
    with closing(check), socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock:

        def push(contents: list[bytes]) -> None:
            head = b"POST /odf HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
            sock.sendall(b"".join(head % len(content) + content for content in contents))
            answers = b""
            while answers.count(b"\r\n\r\n") < len(contents):
                answers += sock.recv(65_536)
            assert answers.count(b"HTTP/1.1 200 ") == len(contents)

        readings = play(check, clock, push)

    assert_all_is_heard_in_time(readings)
