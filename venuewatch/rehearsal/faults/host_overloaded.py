"""Keeps a host's agent from running for moments, again and again."""

from collections.abc import Collection
from functools import partial

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.process import SimProcess
from venuewatch.rehearsal.world.venue import SimHost
from venuewatch.rehearsal.world.world import World

_EVERY_S = 2.0


class HostOverloaded(HostFault, frozen=True):
    """A server at its limit: all is late, and nothing for as long as a margin."""

    EXPECTED = NONE
    SEEN_BY = "agent"
    ENDS = frozenset()

    stall_s: float = 0.4

    def inject(self, world: World) -> None:
        """Overload some host."""
        host = world.rng.choice(list(world.hosts()))
        self.strike(world, [Subject("host", host.venue, host.name)])

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Overload these hosts."""
        for subject in subjects:
            agent = world.host(subject).agent
            if agent is not None:
                stall = partial(self._stall, world, agent.process)
                for number in range(int(self.lasts_s / _EVERY_S)):
                    world.loop.after(number * _EVERY_S, stall)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Stop the real agent for moments; each ends by its own length."""
        agent = world.hosts[subject.host].agent
        stall = partial(world.freeze, agent, lasts_s=self.stall_s)
        count = int(self.lasts_s / _EVERY_S)
        return world.timetable.play((number * _EVERY_S, stall) for number in range(count))

    def _stall(self, world: World, run: SimProcess) -> None:
        run.freeze()
        world.loop.after(self.stall_s, run.resume)

    def hit(self, host: SimHost) -> None:
        """Leave it: it is all in ``strike``."""
