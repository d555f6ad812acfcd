"""Stops an agent in order, and starts it again in time."""

from venuewatch.rehearsal.faults import NONE, Fault
from venuewatch.rehearsal.faults._victims import any_host
from venuewatch.rehearsal.world.world import World


class PlannedFarewell(Fault, frozen=True):
    """A planned reboot."""

    EXPECTED = NONE

    lasts_s: float = 20.0

    def inject(self, world: World) -> None:
        """Stop some agent in order, and start it again."""
        host = any_host(world)
        if host.agent is not None:
            host.agent.stop()
        world.loop.after(self.lasts_s, host.mend)
