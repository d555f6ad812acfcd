"""Ends and starts an agent, again and again."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import any_host, breaks
from venuewatch.rehearsal.world.world import World


class FlappingHost(Fault, frozen=True):
    """A service that crashes at its start. Damping holds the incident open until it has faded."""

    EXPECTED = "flapping"
    SEEN_BY = "agent"
    INCIDENTS_MAX = 4
    CONVERGES_WITHIN_S = 1_500.0  # four falls fade below the limit in 12 min, at a half-life of 5

    lasts_s: float = 120.0
    falls: int = 4
    every_s: float = 30.0
    down_s: float = 10.0

    def inject(self, world: World) -> None:
        """Kill and start some agent."""
        host = any_host(world)
        self.strike(world, [Subject("host", host.venue, host.name)])
        breaks(world, host)

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Kill and start the agents of these hosts, again and again."""
        for subject in subjects:
            host = world.host(subject)
            for number in range(self.falls):
                world.loop.after(number * self.every_s, host.kill_agent)
                world.loop.after(number * self.every_s + self.down_s, host.mend)
