"""Checks of a venue as a test tells of them: who reports what, round by round."""

import itertools
from collections.abc import Iterable
from typing import Any

from tests.kit.story import STEP_S, Line, Story
from venuewatch.base.wire.checks import CheckState

EVERY_S = 10.0


class Round:
    """Hosts whose same check is read each ``every_s``, one host after the other."""

    def __init__(self, story: Story, hosts: Iterable[str], *, every_s: float = EVERY_S) -> None:
        self.story = story
        self.every_s = every_s
        self.states: dict[str, CheckState] = dict.fromkeys(hosts, "ok")
        apart = every_s / len(self.states) // STEP_S * STEP_S
        self._next = {name: story.now + at * apart for at, name in enumerate(self.states)}

    def set(self, state: CheckState, *hosts: str) -> None:
        """Let the check find that on these hosts, or on all."""
        self.states |= dict.fromkeys(hosts or tuple(self.states), state)

    def run(self, seconds: float) -> None:
        """Let time pass, and each host report when its turn is."""
        end = self.story.now + seconds
        while self.story.now < end:
            self.story.run(STEP_S)
            for name, at in self._next.items():
                machine = self.story.machines[name]
                if self.story.now >= at:
                    self._next[name] = at + self.every_s
                    if not machine.is_mute:
                        report(self.story, name, self.states[name], every_s=self.every_s)


def report(story: Story, host: str, *states: CheckState, **said: Any) -> None:
    """Let a host report at once what its check finds, reading by reading."""
    for state in states:
        as_told = {"check": "gw", "kind": "gateway", "every_s": EVERY_S, **said}
        story.deliver(story.machines[host].check(story.now, next(_numbers), state, **as_told))


_numbers = itertools.count()


def changes(story: Story) -> list[tuple[str, str]]:
    """Hand over, once, what was reported of checks: what, of whom."""
    return [(change, who) for _, change, who, _ in story.lines() if who.startswith("check")]


def opened(lines: Iterable[Line]) -> list[str]:
    return [who for _, change, who, _ in lines if change == "opened"]
