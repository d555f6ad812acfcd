"""Silences a results feed; its variants leave the feed in another state."""

from typing import ClassVar

from aggregator.core.incidents.record import Scope, Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.world.layout import FEED
from venuewatch.rehearsal.world.world import World


class FeedSilent(Fault, frozen=True):
    """A results server that is gone: some feed is in ``STATE``.

    ``KIND``: of the check that reads it. ``OFFSET_S``: how far its source's clock is off.
    """

    EXPECTED = "results_silent"
    STATE: ClassVar[CheckState] = "silent"
    SCOPE: ClassVar[Scope] = "feed"
    KIND: ClassVar[str] = "feed"
    OFFSET_S: ClassVar[float] = 0.0

    def inject(self, world: World) -> None:
        """Spoil a feed."""
        host = world.rng.choice([host for host in world.hosts() if host.machine.feed is not None])
        assert host.machine.feed is not None  # noqa: S101 - chosen so
        feed = host.machine.feed
        feed.state, feed.kind, feed.clock_offset_s = self.STATE, self.KIND, self.OFFSET_S
        world.breaks(Subject(self.SCOPE, host.venue, host.name, FEED))
