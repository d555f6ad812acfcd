"""Ends the broker again and again while a host is gone, which so can not be judged."""

from aggregator.core.incidents.troubles import subject_of
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.faults import NOBODY_JUDGED
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.world.venue import SimHost
from venuewatch.rehearsal.world.world import World


class GraceTooLong(HostFault, frozen=True):
    """A broker that crashes as soon as its clients are back: each time all get time to return."""

    EXPECTED = "grace_too_long|host_down|silent"
    ALSO = NOBODY_JUDGED

    lasts_s: float = 90.0
    crashes: int = 10
    every_s: float = 6.0
    down_s: float = 0.5

    def inject(self, world: World) -> None:
        """Take some host's power, and kill and start the broker again and again."""
        super().inject(world)
        for number in range(self.crashes):
            at_s = number * self.every_s
            world.loop.after(at_s, world.broker.kill)
            world.loop.after(at_s + self.down_s, world.broker.start)
        world.breaks(subject_of(Cause.GRACE_TOO_LONG))

    def hit(self, host: SimHost) -> None:
        """Take its power."""
        host.power_off()

    def heal(self, world: World) -> None:
        """Give the host its power back."""
        for subject in world.broken:
            if subject.host:
                world.host(subject).mend()
