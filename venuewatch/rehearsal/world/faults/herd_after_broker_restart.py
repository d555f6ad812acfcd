"""Restarts the broker under a large venue: forty hosts come back at once."""

import random

from venuewatch.rehearsal.world.faults.broker_restarted import BrokerRestarted
from venuewatch.rehearsal.world.layout import Layout, any_layout, with_first


class HerdAfterBrokerRestart(BrokerRestarted, frozen=True):
    """Forty clients connect within seconds."""

    hosts: int = 40

    def layout(self, rng: random.Random) -> Layout:
        """Return a fleet with one large venue."""
        return with_first(any_layout(rng), hosts=self.hosts)
