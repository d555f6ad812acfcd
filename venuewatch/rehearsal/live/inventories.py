"""The inventory of a live rehearsal, with the addresses of the stage, and the file of it."""

from typing import Final

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from venuewatch.rehearsal.stage.network import address_of

FILE: Final = "inventory.toml"


def on_the_stage(inventory: Inventory) -> Inventory:
    """Return it with the addresses of the stage; a venue without a gateway has its first host."""
    return Inventory(
        tuple(
            VenueEntry(
                venue.code,
                timezone=venue.timezone,
                link=venue.link,
                host=tuple(
                    HostEntry(
                        host.name,
                        role=host.role,
                        address=address_of(number, at),
                        gateway=host.gateway
                        or (at == 1 and not any(each.gateway for each in venue.host)),
                        required=host.required,
                    )
                    for at, host in enumerate(venue.host, start=1)
                ),
            )
            for number, venue in enumerate(inventory.venue, start=1)
        )
    )


def as_toml(inventory: Inventory) -> str:
    """Return the text of the file; a comment follows the hosts of each venue."""
    lines = []
    for venue in inventory.venue:
        lines += ["[[venue]]", f'code = "{venue.code}"', f'timezone = "{venue.timezone}"']
        lines += [f'link = "{venue.link}"']
        for host in venue.host:
            lines += _lines_of(host)
        lines += [last_line(venue.code)]
    return "\n".join(lines) + "\n"


def last_line(code: str) -> str:
    """Return the line after which further hosts of a venue can be listed."""
    return f"# hosts of {code}: end"


def absent(code: str, hosts: int) -> list[str]:
    """Return lines that list so many more hosts of a venue, which are not there."""
    entries = [HostEntry(f"{code}-absent-{at}") for at in range(1, hosts + 1)]
    return [line for entry in entries for line in _lines_of(entry)]


def _lines_of(host: HostEntry) -> list[str]:
    return [
        "[[venue.host]]",
        f'name = "{host.name}"',
        f'role = "{host.role}"',
        f'address = "{host.address}"',
        f"gateway = {str(host.gateway).lower()}",
        f"required = {str(host.required).lower()}",
    ]
