"""Fills the disk on which the aggregator keeps its journal."""

from collections.abc import Collection

from aggregator.core.incidents.record import Subject
from aggregator.core.incidents.troubles import subject_of
from aggregator.core.verdicts.causes import Cause
from venuewatch.rehearsal.faults import Fault, Mending
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.world.world import World


class JournalDiskFull(Fault, frozen=True):
    """Logs, a core dump, an export: nothing more can be stored, and people are told as ever."""

    EXPECTED = "journal_failing"
    SEEN_BY = "disk"
    TOLD_WITHIN_S = 6.0

    def inject(self, world: World) -> None:
        """Fill it."""
        world.observer.journal.is_full = True
        world.breaks(subject_of(Cause.JOURNAL_FAILING))

    def strike(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - one
        """Fill it."""
        world.observer.journal.is_full = True

    def heal(self, world: World) -> None:
        """Make room."""
        world.observer.journal.is_full = False

    def begin_live(self, world: LiveWorld, _: Subject) -> Mending:
        """Take away all that is free of the journal's own small disk."""
        return world.disk.fill(world.guardian, lasts_s=self.longest_s).end
