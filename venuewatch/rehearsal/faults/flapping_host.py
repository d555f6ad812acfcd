"""Ends and starts an agent, again and again."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from functools import partial

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import OrderedHostFault
from venuewatch.rehearsal.live.host import Host as LiveHost
from venuewatch.rehearsal.live.timetable import Deed
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class FlappingHost(OrderedHostFault, frozen=True):
    """A service that crashes at its start. Damping holds the incident open until it has faded."""

    EXPECTED = "flapping"
    SEEN_BY = "agent"
    ENDS = frozenset({"begin"})
    INCIDENTS_MAX = 4
    CONVERGES_WITHIN_S = 1_500.0  # four falls fade below the limit in 12 min, at a half-life of 5

    lasts_s: float = 120.0
    falls: int = 4
    every_s: float = 30.0
    down_s: float = 10.0

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Kill and start the agents of these hosts, again and again."""
        for subject in subjects:
            host = world.host(subject)
            for number in range(self.falls):
                world.loop.after(number * self.every_s, host.kill_agent)
                world.loop.after(number * self.every_s + self.down_s, host.mend)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Kill and start the real agent, again and again."""
        host = world.hosts[subject.host]
        mending = ExitStack()
        mending.callback(host.start_as_usual)
        mending.callback(world.timetable.play(self._deeds(host)))
        return mending.close

    def _deeds(self, host: LiveHost) -> Iterator[tuple[float, Deed]]:
        for number in range(self.falls):
            yield number * self.every_s, partial(host.end_agent, lasts_s=self.longest_s)
            yield number * self.every_s + self.down_s, host.start_as_usual
