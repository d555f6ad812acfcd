"""Silences a results feed; its variants leave the feed in another state."""

from collections.abc import Collection
from typing import ClassVar

from aggregator.core.incidents.record import Scope, Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.faults._victims import watched_by
from venuewatch.rehearsal.world.layout import FEED
from venuewatch.rehearsal.world.world import World


class FeedSilent(Fault, frozen=True):
    """A results server that is gone: some feed is in ``STATE``.

    ``KIND``: of the check that reads it. ``offset_s``: how far its source's clock is off.
    ``COUNTS``: a number of the check that grows by one.
    """

    EXPECTED = "results_silent"
    SEEN_BY = "watched"
    STATE: ClassVar[CheckState] = "silent"
    SCOPE: ClassVar[Scope] = "feed"
    KIND: ClassVar[str] = "feed"
    COUNTS: ClassVar[str] = ""

    offset_s: float = 0.0

    def inject(self, world: World) -> None:
        """Spoil a feed."""
        host = world.rng.choice([host for host in world.hosts() if FEED in host.machine.watched])
        feed = host.machine.watched[FEED]
        feed.state, feed.kind, feed.clock_offset_s = self.STATE, self.KIND, self.offset_s
        world.breaks(Subject(self.SCOPE, host.venue, host.name, FEED))

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Spoil what these checks look at."""
        for watched in watched_by(world, subjects):
            watched.state, watched.clock_offset_s = self.STATE, self.offset_s
            if self.COUNTS:
                watched.is_odd = True
                watched.counts[self.COUNTS] = watched.counts.get(self.COUNTS, 0.0) + 1.0

    def mend(self, world: World, subjects: Collection[Subject]) -> None:
        """Let it be well again."""
        for watched in watched_by(world, subjects):
            watched.mend()
