"""Kinds of scenarios that are played with real programs are passed, and nobody else is accused.

All are played in one sitting. Those of what flaps are left to the bench: that is called so for ten
minutes.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.faults.stage import staged
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.kinds.load import read_kinds
from venuewatch.rehearsal.kinds.resolve import can_play, resolve
from venuewatch.rehearsal.playing.sitting import play_sitting
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.scenario import Scenario
from venuewatch.rehearsal.score.marks import load
from venuewatch.rehearsal.score.result import RunScore
from venuewatch.rehearsal.score.run import score_run

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.long, pytest.mark.timeout(1_800)]

LINKS: Final[dict[str, tuple[Link, int]]] = {
    "STA": ("wired", 3),
    "MAR": ("wired", 7),
    "LYO": ("metro", 3),
    "NAN": ("wired", 3),
    "TAH": ("satellite", 3),
    "ROA": ("cellular", 3),
}
"""Class of link and hosts of each venue."""

INVENTORY: Final = Inventory(
    tuple(
        VenueEntry(
            code,
            link=link,
            host=tuple(HostEntry(f"{code}-{at}") for at in range(1, hosts + 1)),
        )
        for code, (link, hosts) in LINKS.items()
    )
)
KINDS: Final = (
    "broker_restarted",
    "centre_clock_step",
    "centre_clock_step_small",
    "centre_cut_off",
    "centre_flooded",
    "flooding_host",
    "host_clock_step",
    "host_one_way",
    "journal_disk_full",
    "mobile_network_saturated",
    "paging_path_lost",
    "satellite_gets_worse",
    "server_overloaded",
    "terms_out_of_bounds",
    "unknown_machine",
    "wrong_configuration_in_order",
    "wrong_configuration_rolled_out",
    "wrong_inventory",
)


def scenarios() -> Iterator[Scenario]:
    """Yield one of each kind, at that venue of those that can play it which has played least."""
    known = read_kinds()
    played: Counter[str] = Counter()
    for number, name in enumerate(KINDS, start=1):
        able = [code for code in LINKS if can_play(known[name], INVENTORY, code) is None]
        venue = min(able, key=played.__getitem__)
        played[venue] += 1
        yield resolve(known[name], INVENTORY, number=number, venue=venue, seed=number)


@pytest.fixture(scope="module")
def score(tmp_path_factory: pytest.TempPathFactory) -> RunScore:
    with staged():
        pass
    path = tmp_path_factory.mktemp("run") / "run.sqlite"
    RunFile.create(path, list(scenarios()), plan="p", mode="live", seed=1, versions={}).close()
    play_sitting(path, INVENTORY)
    return score_run(path, load())


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_passed(score: RunScore, kind: str) -> None:
    (found,) = (each for each in score.scored if each.kind == kind)

    whys = [measure.why for measure in found.measures.values() if measure.why]
    assert (found.verdict, found.why, whys, found.accused) == ("pass", "", [], ())


def test_nothing_is_told_between_scenarios(score: RunScore) -> None:
    assert score.between == ()
