"""Lets a certificate come near its end."""

from typing import ClassVar

from aggregator.core.incidents.record import Subject
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.faults.check_failed import CheckFailed
from venuewatch.rehearsal.live.watched.certificate import Certificate
from venuewatch.rehearsal.live.world import World as LiveWorld


class CertificateExpiring(CheckFailed, frozen=True):
    """It is valid for ``days`` more days: nobody has renewed it."""

    KIND: ClassVar[str] = "tls"

    days: float = 2.0

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Show such a certificate at the real service."""
        service = world.hosts[subject.host].equipment.thing(subject.check, Certificate)
        return world.spoil(service.ageing(self.days), lasts_s=self.longest_s).end
