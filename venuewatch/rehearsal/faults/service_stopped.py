"""Ends one service of a machine that is well."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.check_failed import CheckFailed
from venuewatch.rehearsal.live.watched.service import Service
from venuewatch.rehearsal.live.world import World as LiveWorld


class ServiceStopped(CheckFailed, frozen=True):
    """A program that has crashed, and that nobody starts again."""

    KIND: ClassVar[str] = "process"

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Kill the real one."""
        service = world.hosts[subject.host].equipment.thing(subject.check, Service)
        return world.end(service.process, lasts_s=self.longest_s)
