"""Reads an inventory with hosts that nobody installed."""

from collections.abc import Collection

import msgspec

from aggregator.core.incidents.record import Subject
from aggregator.inventory import HostEntry, Inventory, fleet_of
from venuewatch.rehearsal.faults import NONE, Mending
from venuewatch.rehearsal.faults._victims import VenueFault, any_venue
from venuewatch.rehearsal.live import inventories
from venuewatch.rehearsal.live.world import World as LiveWorld
from venuewatch.rehearsal.stage.faults import Text, add_lines
from venuewatch.rehearsal.world.venue import SimVenue
from venuewatch.rehearsal.world.world import World


class InventoryWrong(VenueFault, frozen=True):
    """``hosts`` more of a venue: they are unseen, and no alarm."""

    EXPECTED = NONE
    SEEN_BY = "fleet"
    ENDS = frozenset()

    hosts: int = 2

    def inject(self, world: World) -> None:
        """Add them to some venue."""
        self.strike(world, [Subject("venue", any_venue(world).plan.code)])

    def strike(self, world: World, subjects: Collection[Subject]) -> None:
        """Add them to these venues."""
        codes = {subject.venue for subject in subjects}
        known = world.inventory
        venues = [
            msgspec.structs.replace(venue, host=(*venue.host, *self._more(venue.code)))
            if venue.code in codes
            else venue
            for venue in known.venue
        ]
        world.observer.change_inventory(fleet_of(Inventory(tuple(venues))))

    def mend(self, world: World, subjects: Collection[Subject]) -> None:  # noqa: ARG002 - all
        """Read the right one again."""
        world.observer.change_inventory(fleet_of(world.inventory))

    def heal(self, world: World) -> None:
        """Read the right one again."""
        self.mend(world, ())

    def hit(self, venue: SimVenue) -> None:
        """Leave it: it is all in ``strike``."""

    def begin_live(self, world: LiveWorld, subject: Subject) -> Mending:
        """Write them into the inventory, and have the real aggregator read it again."""
        code = subject.venue
        path = world.folder / inventories.FILE
        text = Text(path, f"absent hosts of {code}", after=inventories.last_line(code))
        lines = inventories.absent(code, self.hosts)
        aggregator = world.aggregator.pid
        lasts_s = self.longest_s
        return add_lines(world.guardian, text, lines, pid=aggregator, lasts_s=lasts_s).end

    def _more(self, code: str) -> list[HostEntry]:
        return [HostEntry(f"{code}-absent-{number}") for number in range(1, self.hosts + 1)]
