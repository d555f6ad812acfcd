"""Says why a live rehearsal can't be played on this machine, before anything of it is made.

Figures are of a fleet of 273 real agents: 16.2 MiB of memory (PSS) an agent with its checks, and
0.3 GiB for broker, aggregator, lines and name servers. The controller keeps some descriptors for
each uplink.
"""

import resource
import shutil
from typing import Final, NamedTuple

import psutil

from aggregator.inventory import Inventory
from venuewatch.rehearsal.live.programs import pause
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.machine import StageError
from venuewatch.rehearsal.stage.run import require

MIB: Final = 1 << 20
OF_A_HOST: Final = 17 * MIB
OF_THE_CENTRE: Final = 512 * MIB
FILES_OF_A_VENUE: Final = 4
FILES_OF_THE_CENTRE: Final = 128

_PROGRAMS: Final = {
    "mosquitto": "mosquitto",
    "nft": "nftables",
    "ss": "iproute2",
    "dnsmasq": "dnsmasq-base",
    "openssl": "openssl",
}
_ELSEWHERE: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
_NAMED: Final = 3
_LOOKS: Final = 20
_LOOK_EVERY_S: Final = 0.5


class Room(NamedTuple):
    """What this machine has to spare."""

    free_bytes: int
    files: int


def room() -> Room:
    """Return what this machine has to spare now."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Room(psutil.virtual_memory().available, files)


def check(inventory: Inventory) -> None:
    """Check that this machine can play an inventory.

    Raises:
        StageError: it can't; one line says why, and what would help.
    """
    require()
    for name, package in _PROGRAMS.items():
        if shutil.which(name) is None and shutil.which(name, path=_ELSEWHERE) is None:
            raise StageError(f"{name} ({package}) is not installed")
    left = leftovers.find()
    for _ in range(_LOOKS):
        if not any(each.kind == "process" for each in left):
            break
        pause(_LOOK_EVERY_S)  # the guardian of a run that was just killed may be at work
        left = leftovers.find()
    if left:
        named = ", ".join(map(str, left[:_NAMED]))
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        raise StageError(
            f"an earlier rehearsal has left {named}{more}: `venuewatch rehearse clean` removes them"
        )
    check_room(inventory, room())


def check_room(inventory: Inventory, there: Room) -> None:
    """Check that there is room for an inventory. Raises StageError."""
    hosts = sum(len(venue.host) for venue in inventory.venue)
    fit = max(0, there.free_bytes - OF_THE_CENTRE) // OF_A_HOST
    if hosts > fit:
        raise StageError(
            f"{hosts} hosts need {(OF_THE_CENTRE + hosts * OF_A_HOST) / MIB:,.0f} MiB of memory,"
            f" {there.free_bytes / MIB:,.0f} MiB are free: {fit} hosts fit"
        )
    venues = len(inventory.venue)
    needed = FILES_OF_THE_CENTRE + venues * FILES_OF_A_VENUE
    if needed > there.files:
        fit = max(0, there.files - FILES_OF_THE_CENTRE) // FILES_OF_A_VENUE
        raise StageError(
            f"{venues} venues need {needed} open files, {there.files} are allowed:"
            f" {fit} venues fit (`ulimit -n {needed}`)"
        )
