"""Rolls a wrong configuration out: agents are restarted, and don't find the broker."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults.bad_update import BadUpdate
from venuewatch.rehearsal.world.world import World


class WrongConfiguration(BadUpdate, frozen=True):
    """A wrong port of the broker. From outside it is as if they did not run.

    ``is_orderly``: each says farewell before it is started with it.
    """

    is_orderly: bool = False

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """End the agents of these hosts, one after the other."""
        if not self.is_orderly:
            super().strike(world, subjects)
            return
        for subject in subjects:
            agent = world.host(subject).agent
            if agent is not None:
                world.loop.after(world.rng.uniform(0.0, self.within_s), agent.stop)
