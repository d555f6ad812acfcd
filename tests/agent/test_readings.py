"""Readings of this host as messages: what their time says."""

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agent import config
from agent.readings import Readings
from venuewatch.base import clock
from venuewatch.base.wire.catalogue import Catalogue, readings_of
from venuewatch.base.wire.messages import Vitals

LATE_S = 5.0


class AtOnce:
    """Threads that do their work when they are asked to."""

    def run(self, work: Callable[[], None]) -> None:
        work()


def test_time_of_vitals_is_when_they_were_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "agent.toml").write_text('venue = "STA"\nhost = "STA-1"\n')
    readings = Readings(
        config.read(tmp_path / "agent.toml"),
        boot="b0",
        threads=AtOnce(),
        start=0.0,
        rng=random.Random(0),
        own=dict,
    )
    assert readings.advance(0.0, 1) == []  # they are read here, and collected at the next look
    wall = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: wall() + LATE_S)

    (message,) = readings.advance(1.0, 1)

    vitals = msgspec.json.decode(message.payload, type=Vitals)
    catalogue = msgspec.json.decode(readings.catalogue, type=Catalogue)
    read = readings_of(catalogue.families, vitals.values)
    assert read.node_time_seconds is not None
    assert vitals.wall_ms == pytest.approx(read.node_time_seconds * 1000, abs=1)
    assert vitals.wall_ms / 1000 == pytest.approx(wall(), abs=LATE_S / 2)
