"""A monitor that is not well where nothing is played is told of once, and by whose doing."""

from typing import Final

import pytest

from tests.rehearsal.runfile.scenarios import scenario
from venuewatch.rehearsal.live.health import CENTRE
from venuewatch.rehearsal.playing.unwell import LASTS_S, Spells
from venuewatch.rehearsal.runfile.rows import Well
from venuewatch.rehearsal.scenario import Scenario

AT_STA: Final = scenario(7, venues=("STA",))
ALONE: Final = scenario(8, venues=("MAR",), runs_alone=True)


def played(
    spells: Spells, unwell: set[str], since: float, until: float, *playing: Scenario
) -> list[Well]:
    """Return what is written of answers that come each second."""
    rows = []
    for at in range(round(since), round(until) + 1):
        rows += spells.take(unwell, float(at), playing)
    return rows


def of(place: str, since: float, number: int | None = None) -> Well:
    return Well("w", since, "monitor", is_well=False, number=number, detail=place)


def test_spell_that_lasts_is_told_once() -> None:
    spells = Spells("w")

    assert played(spells, {"STA"}, 0.0, LASTS_S - 1) == []
    assert played(spells, {"STA"}, LASTS_S, 100.0) == [of("STA", 0.0)]


def test_each_spell_and_each_place_is_told() -> None:
    spells = Spells("w")

    rows = played(spells, {"STA", CENTRE}, 0.0, 20.0)
    rows += played(spells, set(), 21.0, 22.0)
    rows += played(spells, {"STA"}, 23.0, 40.0)

    assert rows == [of("centre", 0.0), of("STA", 0.0), of("STA", 23.0)]


@pytest.mark.parametrize("playing", [AT_STA, ALONE], ids=["there", "everywhere"])
def test_what_is_said_of_a_place_that_is_played_at_is_not_told(playing: Scenario) -> None:
    assert played(Spells("w"), {"STA"}, 0.0, 100.0, playing) == []


def test_what_is_said_of_another_place_is_told() -> None:
    assert played(Spells("w"), {"MAR"}, 0.0, 30.0, AT_STA) == [of("MAR", 0.0)]


@pytest.mark.parametrize("before", [AT_STA, ALONE], ids=["there", "everywhere"])
def test_place_that_was_never_well_since_is_of_the_scenario_before(before: Scenario) -> None:
    spells = Spells("w")
    spells.end(before, 5.0)

    assert played(spells, {"STA"}, 6.0, 30.0) == [of("STA", 6.0, before.number)]


def test_place_that_was_well_since_is_of_no_scenario() -> None:
    spells = Spells("w")
    spells.end(AT_STA, 5.0)

    played(spells, set(), 6.0, 6.0)

    assert played(spells, {"STA"}, 7.0, 30.0) == [of("STA", 7.0)]


def test_answer_of_before_its_end_clears_no_scenario() -> None:
    spells = Spells("w")
    spells.end(AT_STA, 5.0)

    played(spells, set(), 4.0, 4.0)

    assert played(spells, {"STA"}, 6.0, 30.0) == [of("STA", 6.0, 7)]


def test_scenario_elsewhere_answers_for_nothing_here() -> None:
    spells = Spells("w")
    spells.end(AT_STA, 5.0)

    assert played(spells, {"MAR"}, 6.0, 30.0) == [of("MAR", 6.0)]
