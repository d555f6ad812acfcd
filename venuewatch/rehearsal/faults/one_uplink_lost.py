"""Takes one of the two lines of a venue: traffic goes by the other."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.feed_redundancy_lost import FeedRedundancyLost
from venuewatch.rehearsal.live.watched.lines import Lines
from venuewatch.rehearsal.live.world import World as LiveWorld


class OneUplinkLost(FeedRedundancyLost, frozen=True):
    """A line that is lost where nobody notices."""

    KIND: ClassVar[str] = "uplinks"

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Take the end of one real line down, at the provider's."""
        _, spare = world.hosts[subject.host].equipment.thing(subject.check, Lines).lines
        router = world.lans[subject.venue].router
        return world.take_down(router, spare.there, lasts_s=self.longest_s).end
