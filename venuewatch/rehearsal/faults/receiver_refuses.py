"""Lets the receiver of notices refuse all, and kills an agent of which it is to be told."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.world.notifier import Mood
from venuewatch.rehearsal.world.venue import SimHost
from venuewatch.rehearsal.world.world import World


class ReceiverRefuses(HostFault, frozen=True):
    """An outdated token: each notice is answered with 401, for longer than an operator looks."""

    EXPECTED = "notices_failing|agent_stopped|connection_lost"
    SEEN_BY = "receiver"

    lasts_s: float = 60.0
    mood: Mood = "refuses"

    def inject(self, world: World) -> None:
        """Have it refuse from now on."""
        super().inject(world)
        world.observer.notifier.mood = self.mood
        world.breaks(Subject("centre", check="notices"))

    def strike(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - one
        """Have the receiver refuse; nobody is killed."""
        world.observer.notifier.mood = self.mood

    def mend(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - one
        """Let it take notices again."""
        world.observer.notifier.mood = "takes"

    def hit(self, host: SimHost) -> None:
        """Kill the agent."""
        host.kill_agent()

    def heal(self, world: World) -> None:
        """Let it take notices again, and start the agent."""
        world.observer.notifier.mood = "takes"
        for subject in world.broken:
            if subject.host:
                world.host(subject).mend()

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Have the real receiver refuse."""
        receiver = world.receiver
        if receiver is None:
            raise StageError("this world has no receiver of notices")
        receiver.turn(self.mood, lasts_s=self.longest_s)
        return lambda: receiver.turn("takes")
