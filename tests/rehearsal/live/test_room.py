"""A machine without room for a live rehearsal is told so, with what would fit."""

import shutil

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from venuewatch.rehearsal.live import room
from venuewatch.rehearsal.live.room import FILES_OF_THE_CENTRE, MIB, OF_THE_CENTRE, Room
from venuewatch.rehearsal.stage import leftovers
from venuewatch.rehearsal.stage.leftovers import Leftover
from venuewatch.rehearsal.stage.machine import StageError

VENUES = 3
HOSTS = 4
INVENTORY = Inventory(
    tuple(
        VenueEntry(f"V{at}", host=tuple(HostEntry(f"V{at}-{of}") for of in range(HOSTS)))
        for at in range(VENUES)
    )
)
MUCH = 1 << 40


def test_too_little_memory_says_how_many_hosts_fit() -> None:
    there = Room(OF_THE_CENTRE + 100 * MIB, MUCH)

    with pytest.raises(StageError, match=r"^12 hosts need 716 MiB .* 612 MiB .*: 5 hosts fit"):
        room.check_room(INVENTORY, there)


def test_less_memory_than_the_centre_needs_fits_no_host() -> None:
    with pytest.raises(StageError, match=r": 0 hosts fit$"):
        room.check_room(INVENTORY, Room(MIB, MUCH))


def test_too_few_open_files_say_how_many_venues_fit() -> None:
    there = Room(MUCH, FILES_OF_THE_CENTRE + 9)

    with pytest.raises(StageError, match=r"3 venues need 140 open files, 137 .*: 2 venues fit"):
        room.check_room(INVENTORY, there)


def test_room_enough_is_no_word() -> None:
    room.check_room(INVENTORY, Room(MUCH, MUCH))


def test_leftovers_of_an_earlier_run_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [Leftover("namespace", f"left-{at}") for at in range(5)]
    monkeypatch.setattr(room, "require", lambda: None)
    monkeypatch.setattr(leftovers, "find", lambda: left)
    monkeypatch.setattr(shutil, "which", lambda name, **_: name)

    with pytest.raises(StageError, match=r"namespace left-0, .* left-2 and 2 more: .* clean"):
        room.check(INVENTORY)


@pytest.mark.parametrize("missing", ["mosquitto", "nft", "ss", "dnsmasq", "openssl"])
def test_program_that_is_missing_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "require", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == missing else name)

    with pytest.raises(StageError, match=rf"^{missing} \(.*\) is not installed$"):
        room.check(INVENTORY)
