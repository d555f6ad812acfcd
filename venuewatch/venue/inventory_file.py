"""The inventory's file of one venue, ``inventory.d/VENUE.toml``, as commands write it. Pure.

Its first line says that a command wrote it. A file without that line is an operator's, and is never
changed.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from aggregator.inventory import HostEntry, VenueEntry
from venuewatch.base.in_toml import table

MARK: Final = "# Written by venuewatch venue: what is changed here by hand is lost."


def text_of(venue: VenueEntry) -> str:
    """Return the content of a venue's file; what has its default is left out."""
    said = _said(venue)
    said.pop("host", None)
    parts = [MARK + "\n", table(said, "[[venue]]")]
    parts += [table(_said(host), "[[venue.host]]") for host in venue.host]
    return "\n".join(parts)


def is_ours(text: str) -> bool:
    """Tell whether a command wrote a file."""
    return text.startswith(MARK)


def with_revoked(venue: VenueEntry, names: set[str], *, is_revoked: bool) -> VenueEntry:
    """Return a venue some of whose hosts are revoked, or are not any more."""
    return replace(
        venue,
        host=tuple(
            replace(host, revoked=is_revoked) if host.name in names else host for host in venue.host
        ),
    )


def _said(of: VenueEntry | HostEntry) -> dict[str, object]:
    """Return the fields that have another value than their default."""
    return {
        field.name: getattr(of, field.name)
        for field in msgspec.structs.fields(of)
        if getattr(of, field.name) != field.default
    }
