"""Places an agent in a venue, and asks neighbours over the LAN there."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.world.connect import Port, Ways
from venuewatch.rehearsal.world.loop import Loop


class Answer(Protocol):
    """Takes what came of a question over the LAN."""

    def __call__(self, *, is_reached: bool, took_s: float) -> None:
        """Hear whether anything came back, after ``took_s``."""


Reach: TypeAlias = Callable[[str, float, Answer], None]
"""Asks an address over the LAN, for so long (s), and has the answer taken once."""


class AgentSite(NamedTuple):
    """An agent's place: its name, its link, its broker and the ways there."""

    venue: str
    host: str
    link: Link
    port: Port
    ways: Ways
    reach: Reach


class EchoRequest:
    """One question over a LAN, answered once: by what came back, or by nothing in time."""

    def __init__(self, loop: Loop, answer: Answer) -> None:
        self._loop = loop
        self._answer: Answer | None = answer
        self._asked_at = loop.now

    def came(self) -> None:
        """Note that something came back."""
        self._end(is_reached=True)

    def give_up(self) -> None:
        """Wait no longer."""
        self._end(is_reached=False)

    def _end(self, *, is_reached: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(is_reached=is_reached, took_s=self._loop.now - self._asked_at)
