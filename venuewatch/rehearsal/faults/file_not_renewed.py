"""Hangs the job that writes a file."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.check_failed import CheckFailed
from venuewatch.rehearsal.live.watched.page import Page
from venuewatch.rehearsal.live.world import World as LiveWorld


class FileNotRenewed(CheckFailed, frozen=True):
    """The file stays as it was, and its server answers."""

    KIND: ClassVar[str] = "file"

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Let the real job write nothing."""
        page = world.hosts[subject.host].equipment.thing(subject.check, Page)
        return world.spoil(page.hanging(), lasts_s=self.longest_s).end
