"""Rolls a wrong configuration out: agents are restarted, and don't find the broker."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.bad_update import BadUpdate
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World

_WRONG_PORT = 1884  # nothing listens there


class WrongConfiguration(BadUpdate, frozen=True):
    """A wrong port of the broker. From outside it is as if they did not run.

    ``is_orderly``: each says farewell before it is started with it.
    """

    SEEN_BY = "sessions"

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

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Restart the real agent with the wrong port, some time within the first ``within_s``."""
        host = world.hosts[subject.host]

        def restart() -> None:
            host.end_agent(in_order=self.is_orderly, lasts_s=self.longest_s)
            host.start_changed(port=_WRONG_PORT, lasts_s=self.longest_s)

        return self._in_turn(world, host, restart)
