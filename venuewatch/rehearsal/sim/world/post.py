"""Where an agent stands, and what it can ask the LAN there."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.sim.world.dial import Port, Ways


class Answer(Protocol):
    """Takes what came of a question over the LAN."""

    def __call__(self, *, is_reached: bool, took_s: float) -> None:
        """Hear whether anything came back, after ``took_s``."""


Reach: TypeAlias = Callable[[str, float, Answer], None]
"""Asks an address over the LAN, for so long (s), and has the answer taken once."""


class Post(NamedTuple):
    """Where an agent stands: who it is, over which link, to which broker, by which ways."""

    venue: str
    host: str
    link: Link
    port: Port
    ways: Ways
    reach: Reach
