"""The inventory of a stage can be read by the aggregator, also with hosts that nobody set up."""

from pathlib import Path

from aggregator.inventory import HostEntry, Inventory, VenueEntry, read
from venuewatch.rehearsal.live import inventories

INVENTORY = Inventory(
    (
        VenueEntry("STA", link="satellite", host=(HostEntry("STA-1"), HostEntry("STA-2"))),
        VenueEntry("MAR", host=(HostEntry("MAR-1", role="results", required=True),)),
    )
)


def test_file_has_every_host_with_its_address_and_a_gateway_at_each_venue(tmp_path: Path) -> None:
    path = tmp_path / inventories.FILE
    on_the_stage = inventories.on_the_stage(INVENTORY)

    path.write_text(inventories.as_toml(on_the_stage))

    assert read(path) == on_the_stage
    hosts = {host.name: host for venue in on_the_stage.venue for host in venue.host}
    assert hosts["MAR-1"].address == "10.77.2.1"
    assert [name for name, host in hosts.items() if host.gateway] == ["STA-1", "MAR-1"]


def test_absent_hosts_can_be_listed_behind_those_of_a_venue(tmp_path: Path) -> None:
    path = tmp_path / inventories.FILE
    lines = inventories.as_toml(inventories.on_the_stage(INVENTORY)).splitlines()
    at = lines.index(inventories.last_line("STA")) + 1

    path.write_text("\n".join([*lines[:at], *inventories.absent("STA", 2), *lines[at:]]) + "\n")

    found = {venue.code: [host.name for host in venue.host] for venue in read(path).venue}
    assert found == {"STA": ["STA-1", "STA-2", "STA-absent-1", "STA-absent-2"], "MAR": ["MAR-1"]}
