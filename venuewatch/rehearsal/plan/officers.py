"""Officers of a rehearsal: the venues that they serve, and when they work."""

import random
from collections.abc import Sequence
from typing import Annotated

import msgspec

from aggregator.inventory import VenueEntry
from venuewatch.base.times import zone_of
from venuewatch.rehearsal.plan.apportion import apportion
from venuewatch.rehearsal.plan.terms import Hours, PlanError

OfficerName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A(?! )[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]{1,80}(?<! )\Z",
        extra={"words": "a name or role of 1 to 80 characters, none that steers a terminal"},
    ),
]


class Officer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Someone who begins scenarios and watches how they go: one at a time.

    Serves ``venues``, or all of ``zone``, or all. Works ``hours`` by the clock of ``zone``, or of
    the venue where that is "". No hours are those of the plan.
    """

    name: OfficerName
    venues: tuple[str, ...] = ()
    zone: str = ""
    hours: Hours | None = None


def made(number: int, venues: Sequence[VenueEntry], rng: random.Random) -> tuple[Officer, ...]:
    """Return officers that are only numbered, each in one time zone: as many as it has venues.

    Raises:
        PlanError: there are fewer than zones.
    """
    zones: dict[str, int] = {}
    for venue in venues:
        zones[venue.timezone] = zones.get(venue.timezone, 0) + 1
    if number < len(zones):
        raise PlanError(
            "officers",
            f"expected at least {len(zones)}, one in each time zone of the venues, got {number}",
        )
    shares = apportion(number, list(zones.values()), rng, floors=[1] * len(zones))
    width = max(2, len(str(number)))
    places = [zone for zone, share in zip(zones, shares, strict=True) for _ in range(share)]
    return tuple(
        Officer(name=f"Officer {index:0{width}}", zone=zone)
        for index, zone in enumerate(places, start=1)
    )


def check(officers: Sequence[Officer], venues: Sequence[VenueEntry]) -> None:
    """Check officers against the venues.

    Raises:
        PlanError: one is there twice, or serves a venue or a zone that is not there.
    """
    codes = {venue.code for venue in venues}
    zones = {venue.timezone for venue in venues}
    seen: set[str] = set()
    for officer in officers:
        if officer.name in seen:
            raise PlanError("officers", f"expected each name once, got {officer.name!r} twice")
        seen.add(officer.name)
        for code in officer.venues:
            if code not in codes:
                raise PlanError(
                    "officers",
                    f"expected venues of the inventory for {officer.name!r}, got {code!r}",
                )
        if officer.zone and zone_of(officer.zone) is None:
            raise PlanError(
                "officers", f"expected a time zone for {officer.name!r}, got {officer.zone!r}"
            )
        if officer.zone and not officer.venues and officer.zone not in zones:
            raise PlanError(
                "officers",
                f"expected a time zone of a venue for {officer.name!r}, who serves no venue by "
                f"name, got {officer.zone!r}",
            )


def serves(officer: Officer, venue: VenueEntry) -> bool:
    """Tell whether an officer serves a venue."""
    if officer.venues:
        return venue.code in officer.venues
    return officer.zone in {"", venue.timezone}
