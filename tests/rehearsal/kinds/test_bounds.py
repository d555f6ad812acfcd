"""Bounds by class of link and by what the stage's checks are set to."""

import pytest

from aggregator.core.margins import THIN_MARGINS_S
from aggregator.inventory import VenueEntry
from venuewatch.base.wire.links import Link
from venuewatch.rehearsal.kinds.bounds import detect_within_s, over_within_s
from venuewatch.rehearsal.kinds.model import Formula
from venuewatch.rehearsal.margins.links import LINKS


@pytest.mark.parametrize("link", list(THIN_MARGINS_S))
def test_bound_grows_by_the_margin_and_two_round_trips(link: Link) -> None:
    bound_s = detect_within_s(3.0, VenueEntry("A", link=link))

    trips_s = 0.0 if link == "wired" else 2 * LINKS[link].rtt_s
    extra_s = THIN_MARGINS_S[link] - THIN_MARGINS_S["wired"]
    assert bound_s == pytest.approx(3.0 + extra_s + trips_s, abs=0.001)


def test_margin_of_a_venue_counts_before_that_of_its_link() -> None:
    assert detect_within_s(3.0, VenueEntry("A", margin_s=5.8)) == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("formula", "others_have_it", "bound_s"),
    [
        ("check", False, 12.0),
        ("check", True, 22.0),
        ("feed", False, 27.0),
        ("data", False, 37.0),
        ("page", True, 42.0),
    ],
)
def test_bound_of_a_check_follows_from_how_often_it_is_read(
    formula: Formula,
    others_have_it: bool,  # noqa: FBT001 - a column of the table
    bound_s: float,
) -> None:
    venue = VenueEntry("A")

    assert detect_within_s(formula, venue, others_have_it=others_have_it) == bound_s


def test_flapping_is_over_when_its_penalty_has_faded() -> None:
    few = over_within_s(None, "flapping", None, at_most=1)
    many = over_within_s(None, "flapping", None, at_most=3)

    assert 500 < few < many < 1_000


def test_number_of_a_kind_replaces_the_formula() -> None:
    assert over_within_s(7.0, "host_down", VenueEntry("A"), at_most=1) == 7.0
