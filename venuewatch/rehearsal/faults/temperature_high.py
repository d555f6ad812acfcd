"""Heats a room of machines."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.check_failed import CheckFailed
from venuewatch.rehearsal.live.watched.temperature import Temperature
from venuewatch.rehearsal.live.world import World as LiveWorld


class TemperatureHigh(CheckFailed, frozen=True):
    """A climate unit that has failed: it is ``celsius`` degrees."""

    KIND: ClassVar[str] = "exec"

    celsius: float = 45.0

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Let the real thermometer show it."""
        thermometer = world.hosts[subject.host].equipment.thing(subject.check, Temperature)
        return world.spoil(thermometer.heating(self.celsius), lasts_s=self.longest_s).end
