"""Has a results source write the time of another zone."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._sources import mending_away
from venuewatch.rehearsal.faults._victims import CheckFault
from venuewatch.rehearsal.live.sources.instructions import Instruction
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.world import World as LiveWorld


class SourceInAnotherZone(CheckFault, frozen=True):
    """A source that was set up at home: its times are ``offset_s`` ahead, its results are right."""

    EXPECTED = "results_clock"
    STATE: ClassVar[CheckState] = "flowing"
    SCOPE = "source"

    offset_s: float = 3600.0

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Have the real source write other times.

        A check remembers for ten minutes how wrong a clock was. So its agent is stopped before that
        clock is set right, and begins with a new folder.
        """
        host = world.hosts[subject.host]
        feed = host.equipment.thing(subject.check, Feed)
        told = Instruction(does="ahead", offset_s=self.offset_s)
        fault = world.spoil(feed.telling(told), lasts_s=self.longest_s)
        return mending_away(host, feed, fault.end)
