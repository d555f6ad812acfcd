"""Trials: the cables of hosts are pulled one by one, and each incident is timed."""

import random
from collections.abc import Sequence
from typing import Final

from tests.faults.incidents import Incident
from tests.faults.world import World
from tests.integration.real import until
from venuewatch.base import clock
from venuewatch.rehearsal.stage.guardian import Fault

APART_S: Final = (0.4, 0.8)
"""Time between two cuts (s): each begins at another moment between two beats."""

_KNOWN_S: Final = 30.0


class Trial:
    """A host's cable is pulled, and stays so until it is known to be down.

    Attributes:
        opened_s: time (s) from the cut to the incident.
        read_s: time (s) from the cut until the incident was first read over HTTP.
        credit_s: the part of that (s) in which the aggregator itself did not run, as it says. A
            shared machine stalls its processes, and every deadline is credited with that.
    """

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.opened_s = 0.0
        self.read_s = 0.0
        self.credit_s = 0.0
        self.is_over = False
        self._world = world
        self._host = world.hosts[name]
        self._cut_at = 0.0
        self._pulled: Fault

    def begin(self) -> None:
        self._cut_at = clock.wall()
        self._pulled = self._host.unplug()

    def look(self, incident: Incident) -> None:
        """Take note of its incident."""
        self.read_s = self.read_s or clock.wall() - self._cut_at
        self.opened_s = incident.opened_at - self._cut_at
        self.credit_s = sum(
            lag_s for at, lag_s in self._world.stalls() if 0 <= at - self._cut_at <= self.read_s
        )
        if incident.cause == "host_down":
            self._pulled.end()
            self.is_over = True


def run_trials(world: World, names: Sequence[str], rng: random.Random) -> list[Trial]:
    """Cut each of these hosts off, one after the other, and return the trials."""
    trials = [Trial(world, name) for name in names]
    waiting, under_way = list(trials), list[Trial]()
    next_at = clock.monotonic()

    def are_known() -> bool:
        nonlocal next_at
        if waiting and clock.monotonic() >= next_at:
            next_at += rng.uniform(*APART_S)
            under_way.append(waiting.pop(0))
            under_way[-1].begin()
        by_host = {incident.host: incident for incident in world.incidents()}
        for trial in [trial for trial in under_way if trial.name in by_host]:
            trial.look(by_host[trial.name])
        under_way[:] = [trial for trial in under_way if not trial.is_over]
        return not waiting and not under_way

    until("all are known", are_known, within_s=_KNOWN_S + APART_S[1] * len(trials))
    return trials
