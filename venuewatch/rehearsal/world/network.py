"""Packets on their way: what a leg of the network does to each, and a way of several legs."""

import random
from collections.abc import Sequence

from venuewatch.rehearsal.world.loop import Action, Loop


class Leg:
    """One stretch of the network in one direction. It may be changed at any time.

    Attributes:
        delay_s, jitter_s: a packet takes ``delay_s`` and up to ``jitter_s`` more, uniformly.
        loss: the share of packets that vanish, each by itself.
        is_cut: whether everything vanishes.
    """

    __slots__ = ("_rng", "delay_s", "is_cut", "jitter_s", "loss")

    def __init__(
        self, rng: random.Random, *, delay_s: float, jitter_s: float = 0.0, loss: float = 0.0
    ) -> None:
        self._rng = rng
        self.delay_s = delay_s
        self.jitter_s = jitter_s
        self.loss = loss
        self.is_cut = False

    def take(self) -> float | None:
        """Return how long (s) the next packet takes, None if it is lost."""
        if self.is_cut or (self.loss and self._rng.random() < self.loss):
            return None
        if self.jitter_s:
            return self.delay_s + self._rng.random() * self.jitter_s
        return self.delay_s


class Way:
    """The legs from one machine to another, in one direction."""

    __slots__ = ("_legs", "_loop")

    def __init__(self, loop: Loop, legs: Sequence[Leg]) -> None:
        self._loop = loop
        self._legs = legs

    def carry(self, arrive: Action) -> None:
        """Send one packet: ``arrive`` is called when it does, or never."""
        delay_s = 0.0
        for leg in self._legs:
            took_s = leg.take()
            if took_s is None:
                return
            delay_s += took_s
        self._loop.after(delay_s, arrive)
