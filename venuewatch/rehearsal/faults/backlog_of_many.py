"""Lets every host of a venue return at once, with much that it could not send."""

from venuewatch.rehearsal.faults import NONE, Fault
from venuewatch.rehearsal.faults._victims import FIRST
from venuewatch.rehearsal.world.world import World


class BacklogOfMany(Fault, frozen=True):
    """A venue whose line was down for hours: all it has kept waits its turn behind the beats."""

    EXPECTED = NONE
    HOSTS = 12
    CONVERGES_WITHIN_S = 600.0

    away_s: float = 1.0
    records: int = 400

    def inject(self, world: World) -> None:
        """Fill the spool of each host of the first venue, and restart its agent in order."""
        for host in world.venues[FIRST].hosts.values():
            if host.agent is not None:
                host.agent.keep_more(self.records)
                host.agent.stop()
            world.loop.after(self.away_s + world.rng.uniform(0.0, 0.5), host.start_agent)
