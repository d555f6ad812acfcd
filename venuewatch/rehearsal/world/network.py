"""Carries packets: a leg delays or loses each, and a way joins several legs."""

import random
from collections.abc import Sequence

from venuewatch.rehearsal.world.loop import Action, Loop


class Leg:
    """One stretch of the network in one direction. It may be changed at any time.

    Attributes:
        delay_s, jitter_s: a packet takes ``delay_s`` and up to ``jitter_s`` more, uniformly.
        loss: the share of packets that vanish, each by itself.
        is_cut: whether everything vanishes.
        rng: where its chance comes from.
        is_cable: whether it is a host's own cable, so that a router knows when the host is gone.
    """

    __slots__ = ("delay_s", "is_cable", "is_cut", "jitter_s", "loss", "rng")

    def __init__(
        self,
        rng: random.Random,
        *,
        delay_s: float,
        jitter_s: float = 0.0,
        loss: float = 0.0,
        is_cable: bool = False,
    ) -> None:
        self.rng = rng
        self.delay_s = delay_s
        self.jitter_s = jitter_s
        self.loss = loss
        self.is_cable = is_cable
        self.is_cut = False


class Way:
    """The legs from one machine to another, in one direction."""

    __slots__ = ("_legs", "_loop")

    def __init__(self, loop: Loop, legs: Sequence[Leg]) -> None:
        self._loop = loop
        self._legs = legs

    @property
    def is_unreachable(self) -> bool:
        """Whether all is well but the cable of the host at its end."""
        *others, last = self._legs
        return last.is_cable and last.is_cut and not any(leg.is_cut for leg in others)

    def take(self) -> float | None:
        """Return how long (s) the next packet takes, None if it is lost."""
        delay_s = 0.0
        for leg in self._legs:
            if leg.is_cut or (leg.loss and leg.rng.random() < leg.loss):
                return None
            took_s = leg.delay_s
            if leg.jitter_s:
                took_s += leg.rng.random() * leg.jitter_s
            delay_s += took_s
        return delay_s

    def carry(self, arrive: Action) -> None:
        """Send one packet: ``arrive`` is called when it does, or never."""
        delay_s = self.take()
        if delay_s is not None:
            self._loop.after(delay_s, arrive)
