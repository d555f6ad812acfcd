"""A short rehearsal with real programs: eight venues play as many kinds as fit into two minutes.

What a kind does is long, since its faults are: all of them once take a quarter of an hour.
``python -m bench rehearsal`` plays each.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from aggregator.inventory import Inventory
from bench.kit.rehearsed import rehearsed
from tests.faults.stage import staged
from tests.rehearsal.runfile.scenarios import run_of
from venuewatch.rehearsal.fleet import standard_fleet
from venuewatch.rehearsal.kinds.choosing import CannotPlay
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.model import Kind
from venuewatch.rehearsal.kinds.resolve import resolve
from venuewatch.rehearsal.plan.apart import Rests, length_s
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.playing.terms import WATCHED_S
from venuewatch.rehearsal.scenario import Scenario

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(900)]

VENUES: Final = 8
OF_THE_CENTRE: Final = 4
LONGEST_S: Final = 60.0
"""A kind of the centre that is longer is not drawn: all others wait for it."""

BUSY_S: Final = 120.0
"""For how long a venue plays at most, by the bounds of what it plays."""

SEED: Final = 2024
SEEDS_TRIED: Final = 5
"""Of so many lengths that are drawn the shortest is played."""

FLEET: Final = Inventory(standard_fleet().venue[:VENUES])
KINDS: Final = [kind for kind in read_kinds().values() if kind.is_playable and "live" in kind.modes]


def shortest(kind: Kind, venue: str, number: int) -> Scenario | None:
    """Return the shortest of a few scenarios of a kind at a venue, None where there is none."""
    found = []
    for seed in range(SEED, SEED + SEEDS_TRIED):
        try:
            found.append(resolve(kind, FLEET, number=number, venue=venue, seed=seed))
        except CannotPlay:
            continue
    return min(found, key=length_s, default=None)


def of_centre(first: int) -> Iterator[Scenario]:
    """Yield some that hit the centre, by chance; their numbers begin at ``first``."""
    rng = random.Random(SEED)
    kinds = [kind for kind in KINDS if kind.runs_alone]
    drawn = (
        shortest(kind, rng.choice(FLEET.venue).code, 0) for kind in rng.sample(kinds, len(kinds))
    )
    able = [each for each in drawn if each is not None and length_s(each) <= LONGEST_S]
    for number, scenario in enumerate(able[:OF_THE_CENTRE], start=first):
        yield msgspec.structs.replace(scenario, number=number)


def of_venues() -> Iterator[Scenario]:
    """Yield the shortest kinds of hosts, venues and feeds, as many as fit into the time."""
    rests, busy_s = Rests(), {venue.code: 0.0 for venue in FLEET.venue}
    kinds = [kind for kind in KINDS if not kind.runs_alone]
    found = [[shortest(kind, code, at) for code in busy_s] for at, kind in enumerate(kinds, 1)]
    able = [[each for each in some if each is not None] for some in found]
    for some in sorted(filter(None, able), key=lambda some: min(map(length_s, some))):
        for scenario in sorted(some, key=lambda each: max(busy_s[code] for code in each.venues)):
            begins_s = max(busy_s[code] for code in scenario.venues)
            ends_s = begins_s + max(length_s(scenario), WATCHED_S)
            if ends_s <= BUSY_S and rests.allow(scenario, begins_s):
                rests.note(scenario, begins_s)
                busy_s |= dict.fromkeys(scenario.venues, ends_s)
                yield scenario
                break


def test_live_kinds_are_made_true_and_told_right_and_nobody_else_is_accused(tmp_path: Path) -> None:
    with staged():
        pass
    path = tmp_path / "run.sqlite"
    of_hosts = list(of_venues())
    scenarios = [*of_hosts, *of_centre(len(KINDS))]
    run_of(path, scenarios, mode="live", plan="p").close()

    assert play_sitting(path, FLEET) == len(scenarios)

    found = rehearsed("run", path)
    print(found.row)
    assert found.not_passed == ()
    assert found.row["wrong_accusations"] == 0
    assert found.row["passed"] == len(scenarios) >= 2 * VENUES + OF_THE_CENTRE
    assert found.row["at_once"] >= VENUES // 2
