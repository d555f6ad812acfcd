"""Choices of what is played fit into the time that is given, and have as many kinds as may be."""

from collections import Counter

from tests.rehearsal.playing.pool import FLEET, OF_THE_CENTRE, WITHIN_S, pool
from tests.rehearsal.playing.pool import VENUES as EIGHT
from tests.rehearsal.runfile.scenarios import order, scenario
from venuewatch.rehearsal.playing.fitting import AGAIN_SHARE, ALONE_SHARE, Slot, fitting
from venuewatch.rehearsal.playing.isolation import Isolation
from venuewatch.rehearsal.playing.sitting import isolation_of
from venuewatch.rehearsal.playing.terms import usual_length_s
from venuewatch.rehearsal.scenario import Scenario

VENUES = ("A", "B", "C")
LASTS_S = 30.0


def hit(
    number: int, kind: str, venue: str, lasts_s: float = LASTS_S, *, runs_alone: bool = False
) -> Scenario:
    """Return one that hits a check, which ends no connection."""
    target = f"check:{venue}/{venue}-1/{kind}"
    orders = (order("hit", target, at_s=0.0, lasts_s=lasts_s),)
    more = {"orders": orders, "expected": (), "runs_alone": runs_alone}
    return scenario(number, kind=kind, venues=(venue,), **more)


def everywhere(*kinds: str) -> list[Scenario]:
    """Return one of each kind at each venue; each kind is a second longer than the one before."""
    return [
        hit(100 * at + place, kind, venue, LASTS_S + at)
        for at, kind in enumerate(kinds)
        for place, venue in enumerate(VENUES)
    ]


def fit(scenarios: list[Scenario], within_s: float, *played: str) -> list[Slot]:
    rules = Isolation(lambda _code: 5.0, lambda _code: 7)
    return fitting(scenarios, rules, within_s, played=played)


def kinds_of(slots: list[Slot]) -> list[str]:
    return [slot.scenario.kind for slot in slots]


def test_each_kind_is_played_once_and_many_at_once() -> None:
    slots = fit(everywhere("a", "b", "c"), 60.0)

    assert Counter(kinds_of(slots)) == {"a": 1, "b": 1, "c": 1}
    assert {slot.scenario.venue for slot in slots} == set(VENUES)
    assert {slot.begins_at for slot in slots} == {0.0}


def test_nothing_is_over_too_late_or_at_a_venue_that_is_taken() -> None:
    slots = fit(everywhere(*"abcdefgh"), 100.0)

    assert len(slots) == 2 * len(VENUES)
    assert all(slot.ends_at <= 100.0 for slot in slots)
    for at, slot in enumerate(slots):
        for other in slots[:at]:
            is_apart = slot.begins_at >= other.ends_at or other.begins_at >= slot.ends_at
            assert is_apart or slot.scenario.venue != other.scenario.venue


def test_kind_comes_again_when_no_new_one_fits() -> None:
    slots = fit(everywhere("a", "b"), 100.0)

    assert Counter(kinds_of(slots)) == {"a": 3, "b": 3}
    assert set(kinds_of(slots)[:2]) == {"a", "b"}


def test_kinds_that_were_played_come_last() -> None:
    slots = fit(everywhere("a", "b", "c", "d"), 60.0, "a")

    assert set(kinds_of(slots)) == {"b", "c", "d"}


ALONE = [hit(number, f"centre_{number % 5}", "A", runs_alone=True) for number in range(900, 920)]


def test_new_kinds_that_run_alone_come_first_and_others_again_at_the_end() -> None:
    within_s = 10 * usual_length_s(ALONE[0]) / AGAIN_SHARE

    slots = fit([*everywhere("a", "b", "c"), *ALONE], within_s)

    runs_alone = [slot.scenario.runs_alone for slot in slots]
    assert runs_alone == [True] * 5 + [False] * (len(slots) - 10) + [True] * 5
    assert kinds_of(slots[:5]) == kinds_of(slots[-5:]) == [f"centre_{at}" for at in range(5)]
    alone = [slot for slot in slots if slot.scenario.runs_alone]
    for one in alone:
        assert all(
            slot is one or slot.begins_at >= one.ends_at or one.begins_at >= slot.ends_at
            for slot in slots
        )
    assert slots[-1].ends_at <= within_s


def test_what_runs_alone_has_half_of_the_time_at_most() -> None:
    slots = fit([*everywhere("a", "b", "c"), *ALONE], 6 * usual_length_s(ALONE[0]))

    assert [slot.scenario.runs_alone for slot in slots].count(True) == 6 * ALONE_SHARE


def test_kind_that_runs_alone_and_was_played_leaves_the_time_to_others() -> None:
    slots = fit([*everywhere("a"), *ALONE], 120.0, *(f"centre_{at}" for at in range(5)))

    assert not any(slot.scenario.runs_alone for slot in slots)


def test_what_was_interrupted_is_played_again_before_other_kinds_that_were_played() -> None:
    scenarios = [*everywhere("a"), hit(500, "b", "A", 2 * LASTS_S), hit(501, "b", "A", 2 * LASTS_S)]
    rules = Isolation(lambda _code: 5.0, lambda _code: 7)

    slots = fitting(scenarios, rules, 100.0, played=("a", "b"), begun=(501,))

    at_venue = [slot.scenario.number for slot in slots if slot.scenario.venue == "A"]
    assert at_venue == [501]


def test_nothing_is_chosen_where_nothing_fits() -> None:
    assert fit(everywhere("a"), 5.0) == []


def test_eight_venues_play_a_quarter_of_all_kinds_within_minutes() -> None:
    slots = fitting(pool(WITHIN_S), isolation_of(FLEET), WITHIN_S)

    kinds = set(kinds_of(slots))
    assert len(kinds) >= 2 * EIGHT + OF_THE_CENTRE
    assert sum(slot.scenario.runs_alone for slot in slots) == OF_THE_CENTRE
    assert slots[-1].ends_at <= WITHIN_S
