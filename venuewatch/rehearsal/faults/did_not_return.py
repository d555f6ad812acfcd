"""Stops an agent in order, and keeps it away; in its variant the host is required."""

import random
from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import HostFault
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.layout import Layout
from venuewatch.rehearsal.world.venue import SimHost


class DidNotReturn(HostFault, frozen=True):
    """Wrongly switched off: it says farewell like any other."""

    EXPECTED = "did_not_return"
    SEEN_BY = "agent"
    ENDS = frozenset({"begin"})
    AWAY_LIMIT_S = 60.0
    IS_REQUIRED: ClassVar[bool] = False

    lasts_s: float = 90.0

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet of which every host is required, or none."""
        layout = super().layout(rng)
        plans = (plan._replace(is_required=self.IS_REQUIRED) for plan in layout.venues)
        return Layout(tuple(plans))

    def hit(self, host: SimHost) -> None:
        """Stop it in order."""
        if host.agent is not None:
            host.agent.stop()

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Stop the real agent in order."""
        host = world.hosts[subject.host]
        return host.end_agent(in_order=True, lasts_s=self.longest_s)
