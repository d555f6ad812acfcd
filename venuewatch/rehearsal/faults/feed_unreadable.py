"""Takes the folder of a results feed away: the results are there, and nobody reads them."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CheckFault
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.world import World as LiveWorld


class FeedUnreadable(CheckFault, frozen=True):
    """A folder that was renamed, or a share that is not mounted."""

    EXPECTED = "results_unreadable"
    STATE: ClassVar[CheckState] = "critical"

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Rename the real folder. The source goes on to write in it."""
        feed = world.hosts[subject.host].equipment.thing(subject.check, Feed)
        return world.spoil(feed.taking_away(), lasts_s=self.longest_s).end
