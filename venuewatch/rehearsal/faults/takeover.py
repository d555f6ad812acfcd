"""Starts an agent again while its former run still has the connection."""

from venuewatch.rehearsal.faults import NONE, Fault
from venuewatch.rehearsal.faults._victims import any_host
from venuewatch.rehearsal.world.world import World


class Takeover(Fault, frozen=True):
    """The broker says the old session's will before it lets the new one in."""

    EXPECTED = NONE

    lasts_s: float = 10.0
    overlap_s: float = 1.0

    def inject(self, world: World) -> None:
        """Freeze some agent, start another run of it, and end the first."""
        host = any_host(world)
        host.freeze_agent()
        former = host.agent
        host.start_agent()
        if former is not None:
            world.loop.after(self.overlap_s, former.kill)
