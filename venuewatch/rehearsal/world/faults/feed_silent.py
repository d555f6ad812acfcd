"""Silences a results feed; its variants leave the feed in another state."""

from typing import ClassVar

from aggregator.core.incidents.record import Scope, Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.world.faults import Fault
from venuewatch.rehearsal.world.layout import FEED
from venuewatch.rehearsal.world.world import World


class FeedSilent(Fault, frozen=True):
    """A results server that is gone: some feed is in ``STATE``."""

    EXPECTED = "results_silent"
    STATE: ClassVar[CheckState] = "silent"
    SCOPE: ClassVar[Scope] = "feed"

    def inject(self, world: World) -> None:
        """Spoil a feed."""
        host = world.rng.choice([host for host in world.hosts() if host.machine.feed is not None])
        assert host.machine.feed is not None  # noqa: S101 - chosen so
        host.machine.feed.state = self.STATE
        world.breaks(Subject(self.SCOPE, host.venue, host.name, FEED))
