"""Takes a machine's power while the aggregator's process is stalled."""

from venuewatch.rehearsal.faults import NOBODY_JUDGED, Fault
from venuewatch.rehearsal.faults._victims import any_host, breaks
from venuewatch.rehearsal.world.world import World


class HostLostInStall(Fault, frozen=True):
    """The host that died during the stall is reported once, and no other."""

    EXPECTED = "host_down"
    ALSO = NOBODY_JUDGED

    stalled_s: float = 5.0

    def inject(self, world: World) -> None:
        """Freeze the aggregator, and switch some machine off meanwhile."""
        host = any_host(world)
        world.observer.process.freeze()
        world.loop.after(world.rng.uniform(0.5, self.stalled_s - 0.5), host.power_off)
        world.loop.after(self.stalled_s, world.observer.process.resume)
        breaks(world, host)
