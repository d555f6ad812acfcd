"""Ends all agents of a venue within a moment, or one after the other within a second."""

import random
from collections.abc import Collection
from contextlib import ExitStack
from functools import partial

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Fault, Mending
from venuewatch.rehearsal.faults._victims import any_venue, breaks, breaks_venue
from venuewatch.rehearsal.live.host import Host as LiveHost
from venuewatch.rehearsal.live.timetable import Deed
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World

_AT_ONCE_S = 0.1  # before the first will is believed


class BadUpdate(Fault, frozen=True):
    """An update that breaks its program; once all agents are gone no neighbour can be asked."""

    EXPECTED = "venue_unreachable"
    SEEN_BY = "agent"
    ENDS = frozenset({"begin"})

    within_s: float = _AT_ONCE_S

    def inject(self, world: World) -> None:
        """Kill every agent of some venue, one after the other."""
        venue = any_venue(world)
        breaks_venue(world, venue)
        for host in venue.hosts.values():
            world.loop.after(world.rng.uniform(0.0, self.within_s), host.kill_agent)
            if self.within_s > _AT_ONCE_S:  # the first may be told before
                breaks(world, host)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Kill the agents of these hosts, one after the other."""
        for subject in subjects:
            kill = world.host(subject).kill_agent
            world.loop.after(world.rng.uniform(0.0, self.within_s), kill)

    def heal(self, world: World) -> None:
        """Start every agent again."""
        for host in world.hosts():
            host.mend()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Kill the real agent, some time within the first ``within_s``."""
        host = world.hosts[subject.host]
        return self._in_turn(world, host, partial(host.end_agent, lasts_s=self.longest_s))

    def _in_turn(self, world: LiveWorld, host: LiveHost, end: Deed) -> Mending:
        """End an agent when it is its turn, which is a matter of its host's name."""
        at_s = random.Random(host.name).uniform(0.0, self.within_s)
        mending = ExitStack()
        mending.callback(host.start_as_usual)
        mending.callback(world.timetable.play([(at_s, end)]))
        return mending.close
