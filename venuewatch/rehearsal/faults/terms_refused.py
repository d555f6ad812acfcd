"""Lets a host announce terms that are out of bounds."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from venuewatch.base.wire.links import RECONNECT_MAX_S
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import OrderedHostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.venue import SimHost
from venuewatch.rehearsal.world.world import World


class TermsRefused(OrderedHostFault, frozen=True):
    """An agent.toml with a mistyped wait: the agent is restarted with it, and again without it."""

    EXPECTED = "terms_refused"
    SEEN_BY = "terms"
    SCOPE = "terms"
    ENDS = frozenset({"begin", "mend"})
    TOLD_WITHIN_S = 15.0

    reconnect_max_s: float = 3_600.0
    away_s: float = 1.5

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Restart the agents of these hosts with the new terms."""
        for subject in subjects:
            self._restart(world, world.host(subject), self.reconnect_max_s)

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Restart them with usual ones."""
        for subject in subjects:
            self._restart(world, world.host(subject), RECONNECT_MAX_S)

    def heal(self, world: World) -> None:
        """Restart it with usual ones."""
        self.mend(world, world.broken)

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Restart the real agent with the new terms."""
        host = world.hosts[subject.host]
        host.end_agent(in_order=True, lasts_s=self.longest_s)
        host.start_changed(reconnect_max_s=self.reconnect_max_s, lasts_s=self.longest_s)
        return host.start_as_usual

    def _restart(self, world: World, host: SimHost, reconnect_max_s: float) -> None:
        host.reconnect_max_s = reconnect_max_s
        if host.agent is not None:
            host.agent.stop()
        world.loop.after(self.away_s, host.start_agent)
