"""Venues of which host after host hangs up: which are restless, from when on and for how long."""

import pytest

from aggregator.core.fleet import Fleet, Venue
from aggregator.core.verdicts.restless import RESTLESS_S, SPREAD_S, RestlessVenues


def venues_after(hang_ups: int) -> RestlessVenues:
    """Return what is known of A after as many hang-ups at 100 s."""
    venues = RestlessVenues(Fleet([Venue("A", margin_s=1.8)]))
    for _ in range(hang_ups):
        venues.note("A", 100.0)
    return venues


@pytest.mark.parametrize(
    ("hang_ups", "after_s", "is_restless"),
    [
        (5, 0.0, False),
        (5, SPREAD_S + 1.0, False),
        (5, SPREAD_S + 2.0, True),
        (4, SPREAD_S + 2.0, False),
        (5, RESTLESS_S, True),
        (5, RESTLESS_S + 1.0, False),
    ],
)
def test_five_hang_ups_count_after_a_case_might_be_over_and_for_a_minute(
    hang_ups: int, after_s: float, *, is_restless: bool
) -> None:
    assert venues_after(hang_ups).has("A", 100.0 + after_s) is is_restless


def test_a_venue_that_is_removed_is_forgotten() -> None:
    fleet = Fleet([Venue("A", margin_s=1.8)])
    venues = RestlessVenues(fleet)
    for _ in range(5):
        venues.note("A", 100.0)
    fleet.venues = {"B": Venue("B", margin_s=1.8)}

    venues.note("B", 100.0)

    assert not venues.has("A", 130.0)
