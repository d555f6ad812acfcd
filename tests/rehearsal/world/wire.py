"""Two processes and a connection between them, whose two directions a test can cut."""

import random
from functools import partial

from venuewatch.rehearsal.world.connection import AGENT_TCP, STOCK_TCP, Endpoint
from venuewatch.rehearsal.world.loop import Loop
from venuewatch.rehearsal.world.network import Leg, Way
from venuewatch.rehearsal.world.process import SimProcess

DELAY_S = 0.01


class CountedWay(Way):
    """A way that counts the packets that it was asked to take."""

    asked = 0

    def take(self) -> float | None:
        self.asked += 1
        return super().take()


class Wire:
    """``near`` is the agent's end, ``far`` the broker's; what each hears is noted with its time."""

    def __init__(self, *, delay_s: float = DELAY_S, loss: float = 0.0) -> None:
        self.loop = Loop()
        rng = random.Random(1)
        self.up = Leg(rng, delay_s=delay_s, loss=loss)
        self.down = Leg(rng, delay_s=delay_s, loss=loss)
        self.near_process = SimProcess(self.loop)
        self.way = CountedWay(self.loop, [self.up])
        self.near = Endpoint(self.loop, self.near_process, self.way, AGENT_TCP)
        self.far = Endpoint(
            self.loop, SimProcess(self.loop), Way(self.loop, [self.down]), STOCK_TCP
        )
        self.near.peer, self.far.peer = self.far, self.near
        for end in (self.near, self.far):
            end.lane.measured(2 * delay_s)
        self.heard: list[tuple[float, object]] = []
        self.answered: list[tuple[float, object]] = []
        self.closed_at: list[float] = []
        self.far.on_data = lambda item: self.heard.append((round(self.loop.now, 3), item))
        self.near.on_data = lambda item: self.answered.append((round(self.loop.now, 3), item))
        self.far.on_closed = lambda: self.closed_at.append(round(self.loop.now, 3))

    def beat(self, *, start: int, stop: int) -> None:
        """Send a number upward and one downward at each second of [start, stop)."""
        for number in range(start, stop):
            self.loop.at(number, partial(self.near.send, number))
            self.loop.at(number, partial(self.far.send, number))

    def items(self) -> list[object]:
        """Return what came up, without times."""
        return [item for _, item in self.heard]
