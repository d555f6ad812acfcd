"""Ends all agents of a venue within a second."""

from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.faults._victims import any_venue, breaks
from venuewatch.rehearsal.world.world import World


class BadUpdate(Fault, frozen=True):
    """An update that breaks its program; once all agents are gone no neighbour can be asked."""

    EXPECTED = "agent_stopped|connection_lost"

    within_s: float = 1.0

    def inject(self, world: World) -> None:
        """Kill every agent of some venue, one after the other."""
        for host in any_venue(world).hosts.values():
            world.loop.after(world.rng.uniform(0.0, self.within_s), host.kill_agent)
            breaks(world, host)
