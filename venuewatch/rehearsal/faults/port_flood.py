"""Lets strangers open connections to the centre's public port, as many as they can."""

from contextlib import ExitStack

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Fault, Mending
from venuewatch.rehearsal.live import flooding
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.network import add_stranger, stranger_of
from venuewatch.rehearsal.world.world import World


class PortFlood(Fault, frozen=True):
    """Connections from outside the fleet that say nothing: whoever is connected is not touched."""

    EXPECTED = NONE
    SEEN_BY = "strangers"

    per_s: float = 100.0

    def inject(self, world: World) -> None:
        """Leave it: the simulated broker has no port that strangers could knock at."""

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Flood the real broker from a machine that is at no venue."""
        with ExitStack() as begun:
            begun.callback(add_stranger(world.run, world.centre, lasts_s=self.longest_s).end)
            place = (world.broker.address, world.broker.port)
            how = ("connections", *place, self.per_s, self.longest_s)
            place_of_it = stranger_of(world.run)
            lasts_s = self.longest_s
            end = world.run_on(place_of_it, "flood", flooding.MODULE, *how, lasts_s=lasts_s)
            begun.callback(end)
            return begun.pop_all().close
