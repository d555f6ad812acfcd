"""Fills the disk of a server."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.check_failed import CheckFailed
from venuewatch.rehearsal.live.watched.disk import Disk
from venuewatch.rehearsal.live.world import World as LiveWorld


class DiskFull(CheckFailed, frozen=True):
    """A log that nobody looks at."""

    KIND: ClassVar[str] = "disk"

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Fill the real disk, which is a small one."""
        disk = world.hosts[subject.host].equipment.thing(subject.check, Disk)
        return world.spoil(disk.filling(), lasts_s=self.longest_s).end
