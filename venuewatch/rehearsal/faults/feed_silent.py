"""Silences a results feed; its variants have its source do something else."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.base.wire.checks import CheckState
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults._victims import CheckFault
from venuewatch.rehearsal.live.sources.instructions import Does, Instruction
from venuewatch.rehearsal.live.watched.feed import Feed
from venuewatch.rehearsal.live.world import World as LiveWorld


class FeedSilent(CheckFault, frozen=True):
    """A results server that is gone. ``DOES``: what a real source is told to do.

    Fields that an instruction has, too, say how much of it.
    """

    EXPECTED = "results_silent"
    STATE: ClassVar[CheckState] = "silent"
    DOES: ClassVar[Does] = "silent"

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Tell the source."""
        feed = world.hosts[subject.host].equipment.thing(subject.check, Feed)
        return world.spoil(feed.telling(self.instruction), lasts_s=self.longest_s).end

    @property
    def instruction(self) -> Instruction:
        """What the source is told."""
        names = (name for name in Instruction.__struct_fields__ if hasattr(self, name))
        return Instruction(does=self.DOES, **{name: getattr(self, name) for name in names})
