"""A small catalogue for tests of the planner: kinds of every sort, resolved without any file."""

import random
from collections.abc import Sequence

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from venuewatch.rehearsal.plan.planner import Resolve
from venuewatch.rehearsal.plan.shares import Candidate
from venuewatch.rehearsal.scenario import MODES, Expectation, Order, Scenario

PARIS, TAHITI, KOLKATA = "Europe/Paris", "Pacific/Tahiti", "Asia/Kolkata"
LASTS_S = 30.0


def fleet(zones: Sequence[str], hosts: int = 7) -> Inventory:
    return Inventory(
        tuple(
            VenueEntry(
                code=f"V{number:02}",
                name=f"Venue {number}",
                timezone=zone,
                host=tuple(HostEntry(name=f"V{number:02}-{each}") for each in range(1, hosts + 1)),
            )
            for number, zone in enumerate(zones, start=1)
        )
    )


def catalogue(
    inventory: Inventory, *, alarms: int = 6, quiet: int = 3, untouched: int = 2, alone: int = 1
) -> list[Candidate]:
    """Kinds that any venue can play, one for the last venue alone, one over two venues."""
    codes = tuple(venue.code for venue in inventory.venue)
    return [
        *(Candidate(name=f"cut_{number}", venues=codes) for number in range(alarms)),
        *(Candidate(name=f"slow_{number}", venues=codes, is_quiet=True) for number in range(quiet)),
        *(
            Candidate(name=f"nothing_{number}", venues=codes, is_quiet=True, is_untouched=True)
            for number in range(untouched)
        ),
        *(
            Candidate(name=f"centre_{number}", venues=codes, runs_alone=True)
            for number in range(alone)
        ),
        Candidate(name="satellite", venues=codes[-1:]),
        *([Candidate(name="pair", venues=codes)] if len(codes) > 1 else []),
    ]


def resolver(inventory: Inventory, kinds: Sequence[Candidate], lasts_s: float = LASTS_S) -> Resolve:
    by_name = {kind.name: kind for kind in kinds}
    codes = [venue.code for venue in inventory.venue]

    def resolve(name: str, number: int, venue: str, seed: int) -> Scenario:
        kind, rng = by_name[name], random.Random(seed)
        others = [code for code in codes if code != venue]
        venues = (venue, rng.choice(others)) if name == "pair" else (venue,)
        subject = "centre:" if kind.runs_alone else f"venue:{venue}"
        orders = () if kind.is_untouched else (_order(subject, lasts_s),)
        told = Expectation(
            subject=subject,
            causes=("venue_unreachable",),
            after="cut",
            detect_within_s=3.0,
            over_within_s=10.0,
        )
        return Scenario(
            number=number,
            kind=name,
            kind_id=f"digest of {name}",
            title=f"Title of {name}",
            policy="venue_link_loss",
            venues=venues,
            seed=seed,
            modes=MODES,
            orders=orders,
            expected=() if kind.is_quiet else (told,),
            runs_alone=kind.runs_alone,
        )

    return resolve


def _order(subject: str, lasts_s: float) -> Order:
    return Order(step="cut", at_s=0.0, fault="cut", targets=(subject,), lasts_s=lasts_s)
