"""Simulates a machine at a venue: power, a plug, a clock, and what its checks look at."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from venuewatch.base.wire.checks import RESULTS_KINDS, CheckState
from venuewatch.rehearsal.live.sources.instructions import PLAYS
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Leg
from venuewatch.rehearsal.world.spool import Disk
from venuewatch.rehearsal.world.talk import Talk

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
class Watched:
    """What a check of a machine looks at, such as a results feed; ``state`` is what it finds.

    Attributes:
        kind: of the check that looks at it.
        clock_offset_s: how far (s) its source's clock is ahead.
        counts: its numbers that only grow, by the field of ``CheckValues``.
        is_odd: whether what comes is counted as wrong.
        follows: what the state is while nothing is wrong with it itself; None for well.
        talk: the messages of its source, where it has any; then the real check judges them.
    """

    check: str
    kind: str = "feed"
    state: CheckState = "flowing"
    clock_offset_s: float = 0.0
    follows: Callable[[], CheckState] | None = None
    counts: dict[str, float] = field(default_factory=dict)
    is_odd: bool = False
    talk: Talk | None = None

    @property
    def well(self) -> CheckState:
        """The state of one that is well."""
        return "flowing" if self.kind in RESULTS_KINDS else "ok"

    @property
    def found(self) -> CheckState:
        """What a look at it finds."""
        if self.state == self.well:
            if self.talk is not None:
                return self.talk.read().state
            if self.follows is not None:
                return self.follows()
        return self.state

    @property
    def ahead_s(self) -> float:
        """How far (s) a look at it finds the clock of its source ahead."""
        if self.talk is not None:
            said_s = self.talk.read().values.results_clock_offset_seconds
            return self.clock_offset_s + (said_s or 0.0)
        return self.clock_offset_s

    def mend(self) -> None:
        """Let it be well again; the kind of its check stays, and what talks goes on as usual."""
        self.state, self.clock_offset_s, self.is_odd = self.well, 0.0, False
        if self.talk is not None:
            self.talk.tell(PLAYS)


class Machine:
    """One machine. It starts powered and plugged.

    Attributes:
        sends, hears: the legs between it and its venue's switch.
        disk: what outlives its agents.
        watched: what its checks look at, by the check's name.
        started_at: when (s) it was last powered on.
    """

    def __init__(
        self, loop: Loop, rng: random.Random, address: str, watched: Sequence[Watched] = ()
    ) -> None:
        self._loop = loop
        self.address = address
        self.watched = {each.check: each for each in watched}
        self.clock = Clock(loop, offset_s=rng.gauss(0.0, 0.02))
        self.sends = Leg(rng, delay_s=LAN_DELAY_S, is_cable=True)
        self.hears = Leg(rng, delay_s=LAN_DELAY_S, is_cable=True)
        self.disk = Disk()
        self.is_powered = True
        self.started_at = loop.now - rng.uniform(3_600.0, 30 * 86_400.0)

    @property
    def is_on_lan(self) -> bool:
        """Whether it has power, and its cable is in."""
        return self.is_powered and not self.sends.is_cut

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
