"""Runs, freezes or ends a process. A frozen one later finds everything that waited."""

from enum import Enum, auto
from functools import partial
from typing import Final

from venuewatch.rehearsal.world.loop import Action, Loop


class Run(Enum):
    """The state of a process in its kernel."""

    RUNNING = auto()
    FROZEN = auto()
    DEAD = auto()


RUNNING: Final = Run.RUNNING
"""An enum's member costs a Python-level look-up each time (until 3.12)."""


class SimProcess:
    """Whatever a program does goes through ``run``, timers and arrivals alike."""

    __slots__ = ("_loop", "_waiting", "state")

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._waiting: list[Action] = []
        self.state = Run.RUNNING

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self.state is Run.DEAD

    @property
    def has_unread(self) -> bool:
        """Whether something came while it was frozen."""
        return bool(self._waiting)

    def run(self, do: Action) -> None:
        """Do it now, once it goes on, or never."""
        if self.state is RUNNING:
            do()
        elif self.state is Run.FROZEN:
            self._waiting.append(do)

    def after(self, delay_s: float, do: Action) -> None:
        """Do it in ``delay_s``, as a timer of this process."""
        self._loop.after(delay_s, partial(self.run, do))

    def freeze(self) -> None:
        """Stop it, as SIGSTOP does: its kernel goes on to answer."""
        if self.state is Run.RUNNING:
            self.state = Run.FROZEN

    def resume(self) -> None:
        """Let it go on, as SIGCONT does, with everything that waited."""
        if self.state is not Run.FROZEN:
            return
        self.state = Run.RUNNING
        waiting, self._waiting = self._waiting, []
        for do in waiting:
            self.run(do)

    def end(self) -> None:
        """End it, however it was."""
        self.state = Run.DEAD
        self._waiting.clear()
