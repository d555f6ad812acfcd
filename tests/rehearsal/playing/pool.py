"""Scenarios of all live kinds at eight venues of the standard fleet, each as short as it may be."""

import random
from typing import Final

import msgspec

from aggregator.inventory import Inventory
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.choosing import CannotPlay
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.resolve import resolve
from venuewatch.rehearsal.playing.fitting import ALONE_SHARE, fitting
from venuewatch.rehearsal.playing.sitting import isolation_of
from venuewatch.rehearsal.playing.terms import usual_length_s
from venuewatch.rehearsal.scenario import Scenario

VENUES: Final = 8
OF_THE_CENTRE: Final = 4
WITHIN_S: Final = 172.0
"""For how long is played, by a forecast: in half of it four of the centre fit, with their rests."""

SEED: Final = 2024
SEEDS_TRIED: Final = 5
"""Of so many scenarios that are drawn of a kind at a venue, the shortest is taken."""

FLEET: Final = Inventory(standard_fleet().venue[:VENUES])
KINDS: Final = [kind for kind in read_kinds().values() if kind.is_playable and "live" in kind.modes]


def pool(within_s: float) -> list[Scenario]:
    """Return four kinds of the centre, and all others wherever they can be played.

    The four are drawn until they fit, with their rests, into their share of ``within_s``.
    """
    found = []
    for kind in KINDS:
        for venue in () if kind.runs_alone else FLEET.venue:
            found += _shortest(kind, venue.code)
    found += _of_the_centre(within_s)
    return [msgspec.structs.replace(each, number=at) for at, each in enumerate(found, start=1)]


def _of_the_centre(within_s: float) -> list[Scenario]:
    rng = random.Random(SEED)
    kinds = [kind for kind in KINDS if kind.runs_alone]
    able = [each for kind in kinds for each in _shortest(kind, rng.choice(FLEET.venue).code)]
    while True:
        drawn = rng.sample(able, OF_THE_CENTRE)
        if sum(map(usual_length_s, drawn)) > within_s * ALONE_SHARE:
            continue
        if len(fitting(drawn, isolation_of(FLEET), within_s)) == OF_THE_CENTRE:
            return drawn


def _shortest(kind: Kind, venue: str) -> list[Scenario]:
    """Return the shortest of a few scenarios of a kind at a venue; none where there is none."""
    found = []
    for seed in range(SEED, SEED + SEEDS_TRIED):
        try:
            found.append(resolve(kind, FLEET, number=1, venue=venue, seed=seed))
        except CannotPlay:
            continue
    return [min(found, key=usual_length_s)] if found else []
