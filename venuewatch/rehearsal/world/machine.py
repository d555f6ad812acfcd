"""Simulates a machine at a venue: power, a plug, a clock, and a results feed."""

import random
from dataclasses import dataclass
from typing import Literal

from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Leg
from venuewatch.rehearsal.world.spool import Disk

LAN_DELAY_S = 0.0002  # one way through a switch
WALL_START = 1_800_000_000.0


class Clock:
    """A wall clock (s since 1970). The true one is the loop's, from ``WALL_START`` on."""

    def __init__(self, loop: Loop, *, offset_s: float = 0.0) -> None:
        self._loop = loop
        self._offset_s = offset_s
        self._rate = 0.0
        self._since = loop.now

    @property
    def wall(self) -> float:
        """What it shows now."""
        return WALL_START + self._loop.now + self.offset_s

    @property
    def wall_ms(self) -> int:
        """The same in milliseconds, as messages have it."""
        return round(self.wall * 1000)

    @property
    def offset_s(self) -> float:
        """How far it is ahead."""
        return self._offset_s + self._rate * (self._loop.now - self._since)

    def set_offset(self, offset_s: float) -> None:
        """Step it to be ``offset_s`` ahead."""
        self._offset_s = offset_s
        self._since = self._loop.now

    def drift(self, rate: float) -> None:
        """Let it gain ``rate`` seconds a second from now on."""
        self._offset_s, self._since, self._rate = self.offset_s, self._loop.now, rate


@dataclass
class ResultsFeed:
    """A results feed as it comes to a machine; ``state`` is what a look at it finds.

    Attributes:
        kind: of the check that looks at it.
        clock_offset_s: how far (s) its source's clock is ahead.
    """

    check: str
    state: CheckState = "flowing"
    kind: str = "feed"
    clock_offset_s: float = 0.0

    def mend(self) -> None:
        """Let it be well again; the kind of its check stays."""
        self.state, self.clock_offset_s = "flowing", 0.0


class Machine:
    """One machine. It starts powered and plugged.

    Attributes:
        sends, hears: the legs between it and its venue's switch.
        disk: what outlives its agents.
        started_at: when (s) it was last powered on.
    """

    def __init__(
        self, loop: Loop, rng: random.Random, address: str, feed: ResultsFeed | None
    ) -> None:
        self._loop = loop
        self.address = address
        self.feed = feed
        self.clock = Clock(loop, offset_s=rng.gauss(0.0, 0.02))
        self.sends = Leg(rng, delay_s=LAN_DELAY_S, is_cable=True)
        self.hears = Leg(rng, delay_s=LAN_DELAY_S, is_cable=True)
        self.disk = Disk()
        self.is_powered = True
        self.started_at = loop.now - rng.uniform(3_600.0, 30 * 86_400.0)

    @property
    def mono(self) -> float:
        """Its monotonic clock (s)."""
        return self._loop.now - self.started_at

    def plug(self, state: Literal["in", "out"]) -> None:
        """Put its cable in or take it out; without power that is the same as out."""
        is_cut = state == "out" or not self.is_powered
        self.sends.is_cut = self.hears.is_cut = is_cut

    def power_off(self) -> None:
        """Take the power away; whatever runs on it is to be ended by who knows it."""
        self.is_powered = False
        self.plug("out")

    def power_on(self) -> None:
        """Give it power; its kernel answers at once."""
        if not self.is_powered:
            self.is_powered = True
            self.started_at = self._loop.now
            self.plug("in")
