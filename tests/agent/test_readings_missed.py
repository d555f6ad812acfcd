"""Numbers of readings: those that were not taken are left out, and no others."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path

import msgspec

from agent import config
from agent.outbox import Message
from agent.readings import Readings
from venuewatch.base.wire.topics import Stream

CHECKED = """
venue = "STA"
host = "STA-1"
[heartbeat]
vitals_every_s = 10
[[check]]
kind = "file"
name = "a"
pattern = "/nowhere/*"
every_s = 2
[[check]]
kind = "file"
name = "b"
pattern = "/nowhere/*"
every_s = 2
"""


class AtOnce:
    """Threads that do their work when they are asked to."""

    def run(self, work: Callable[[], None]) -> None:
        work()


def readings_in(folder: Path) -> Readings:
    (folder / "agent.toml").write_text(CHECKED)
    return Readings(
        config.read(folder / "agent.toml"),
        boot="b0",
        threads=AtOnce(),
        start=0.0,
        rng=random.Random(0),
        own=dict,
    )


def numbers(messages: list[Message], stream: Stream) -> list[int]:
    decoded = (msgspec.json.decode(each.payload) for each in messages if each.stream is stream)
    return [message["seq"] for message in decoded]


def test_vitals_that_were_not_taken_leave_out_a_number(tmp_path: Path) -> None:
    readings = readings_in(tmp_path)
    messages: list[Message] = []

    for at in (0.0, 1.0, 10.0, 11.0, 45.0, 46.0, 50.0, 51.0):  # it did not run from 11 to 45
        messages += readings.advance(at, 1)

    assert numbers(messages, Stream.VITALS) == [0, 1, 4, 5]
    assert readings.skipped >= 2


def test_checks_that_were_not_taken_leave_out_numbers(tmp_path: Path) -> None:
    readings = readings_in(tmp_path)
    messages: list[Message] = []
    at = 0.0
    while at <= 40.0:
        messages += readings.advance(at, 1)
        at += 0.1 if not 20.0 <= at < 29.0 else 9.1  # it did not run for 9 s

    found = numbers(messages, Stream.CHECKS)
    left_out = [after - before - 1 for before, after in itertools.pairwise(found)]
    assert 6 <= max(left_out) == sum(left_out) <= 8  # of two checks three or four each
    vitals = numbers(messages, Stream.VITALS)
    assert readings.skipped == sum(left_out) + vitals[-1] + 1 - len(vitals)


def test_readings_that_were_taken_leave_out_none(tmp_path: Path) -> None:
    readings = readings_in(tmp_path)
    messages: list[Message] = []

    for tenth in range(600):
        messages += readings.advance(tenth / 10, 1)

    assert numbers(messages, Stream.VITALS) == list(range(6))
    found = numbers(messages, Stream.CHECKS)
    assert found == list(range(len(found)))
    assert (readings.taken, readings.skipped) == (len(found) + 6, 0)
