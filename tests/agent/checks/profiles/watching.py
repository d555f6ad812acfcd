"""Checks of profiles, by a clock that moves only when it is told to, and the boxes before them."""

from typing import Any

import msgspec

from agent.checks import Reading, stream
from agent.checks.ways import Piece
from tests.agent.checks.feed.results_day import Clock
from tests.agent.checks.profiles.speaking import speaker
from tests.agent.checks.profiles.stage import TEN_O_CLOCK

LOOKS = 100_000
LATER_S = 91.0
"""Longer than the limit for silence of all profiles whose systems have a heartbeat."""


class Watch:
    """One check, with a real way in."""

    def __init__(self, profile: str, **way: Any) -> None:
        entry = {"kind": "stream", "name": profile, "profile": profile, "timeout_s": 2.0} | way
        self.clock = Clock(TEN_O_CLOCK)
        config = msgspec.convert(entry, stream.Config)
        self._check = stream.Check(config, lambda _name: None, self.clock)
        self.close = self._check.close

    def until_heard(self, size: int) -> Reading:
        """Read until so many bytes were heard, for as long as that may take a busy machine."""
        for _ in range(LOOKS):
            reading = self._check.read()
            if reading.values.results_bytes_total == size:
                return reading
        raise AssertionError(reading)

    def after(self, seconds: float) -> Reading:
        """Read once, some time later."""
        self.clock.wall_s += seconds
        return self._check.read()


def minute_of(name: str) -> list[Piece]:
    """Return what a box says in the first minute of its first heat."""
    box = speaker(name)
    return [*box.hello, *(piece for at in range(60) for piece in box.says("heat", at, at))]


def size_of(name: str) -> int:
    """Return the bytes of that minute."""
    return sum(len(piece.content) for piece in minute_of(name))
