"""Looks of the witness of a live fault, until it sees what it should."""

from typing import NamedTuple

from aggregator.core.incidents.record import Subject
from tests.faults.world import World
from venuewatch.rehearsal.faults import Fault
from venuewatch.rehearsal.live.programs import until
from venuewatch.rehearsal.live.sights import SIGHTS


class Look(NamedTuple):
    """The witness of a fault, and what it looks at."""

    world: World
    fault: Fault
    subject: Subject

    def sees(self) -> bool | None:
        """Tell whether the subject is as it should be; None: the witness can't see it."""
        return SIGHTS[self.fault.SEEN_BY](self.world, self.subject)

    def await_well(self, within_s: float, *, every_s: float = 0.05) -> None:
        """Wait until the subject is seen as it should be."""
        self._await("as it should be", is_well=True, within_s=within_s, every_s=every_s)

    def await_effect(self, within_s: float, *, every_s: float = 0.05) -> None:
        """Wait until the subject is seen broken; a witness that can't see has seen no effect."""
        self._await("broken", is_well=False, within_s=within_s, every_s=every_s)

    def _await(self, what: str, *, is_well: bool, within_s: float, every_s: float) -> None:
        until(
            f"{self.fault.SEEN_BY} of {'/'.join(filter(None, self.subject))} is {what}",
            lambda: self.sees() is is_well,
            within_s=within_s,
            every_s=every_s,
        )
