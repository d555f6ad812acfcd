"""A venue of a stage that is not made, and the equipment of its hosts."""

from pathlib import Path
from typing import Final

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.rehearsal.fleet import checks_of
from venuewatch.rehearsal.live.watched.equipment import Equipment
from venuewatch.rehearsal.live.watched.thing import Site
from venuewatch.rehearsal.stage.guardian import Guardian
from venuewatch.rehearsal.stage.machine import Machine
from venuewatch.rehearsal.stage.network import Lan
from venuewatch.rehearsal.stage.run import Run

ROLES: Final = ("gateway", "results", "results", "info", "scoring", "media")
GATEWAY: Final = 1
SERVER: Final = 2
PAGED: Final = 4
MEDIA: Final = 6
VENUE: Final = VenueEntry(
    "STA",
    timezone="Pacific/Tahiti",
    host=tuple(
        HostEntry(f"STA-{at}", role=role, address=f"10.77.1.{at}")
        for at, role in enumerate(ROLES, start=1)
    ),
)


def equipment(folder: Path, number: int) -> Equipment:
    """Return that of a host by its number."""
    lan = Lan(Run("a-run-", Guardian()), 1, Machine("a-run-", "centre"))
    host = VENUE.host[number - 1]
    return Equipment(checks_of(host, VENUE), Site(VENUE, host, lan, number, folder / host.name))
