"""The overview: tiles at fixed places, problems worst first, a head that names venues."""

import gzip

import pytest

from aggregator.core.incidents.alerts import Severity
from aggregator.core.states import VenueState
from aggregator.shell.http.page import problems
from aggregator.shell.http.page.problems import Picture
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.views import overview
from tests.kit.shown import AT, Parsed, fleet, incident, lost, picture, venue


def parsed(renderer: Renderer, shown: Picture) -> Parsed:
    page = Parsed(overview.page(renderer, shown))
    assert page.open == []
    return page


def tiles(page: Parsed) -> list[str]:
    return [attrs["id"] for attrs in page.with_class("t")]


def test_tiles_stay_where_the_inventory_has_them(renderer: Renderer) -> None:
    well = [venue("CTO"), venue("DEF"), venue("AQC")]
    ill = [venue("CTO"), venue("DEF"), lost("AQC", 1, ["down"])]

    assert tiles(parsed(renderer, picture(well))) == ["v-CTO", "v-DEF", "v-AQC", "monitor"]
    assert tiles(parsed(renderer, picture(ill))) == tiles(parsed(renderer, picture(well)))


def test_venues_of_a_group_stand_together(renderer: Renderer) -> None:
    page = parsed(
        renderer,
        picture([venue("A", group="Paris"), venue("B", group="South"), venue("C", group="Paris")]),
    )

    assert tiles(page) == ["v-A", "v-C", "v-B", "monitor"]
    assert [tag for tag, _ in page.elements].count("h3") == 2


def test_problems_come_worst_and_oldest_first(renderer: Renderer) -> None:
    page = parsed(
        renderer,
        picture(
            incidents=[
                incident(1, severity=Severity.WARNING, since=AT - 900),
                incident(2, since=AT - 10),
                incident(3, since=AT - 500),
                incident(4, severity=Severity.INFO, since=AT - 5000),
            ]
        ),
    )

    assert [attrs["id"] for attrs in page.with_class("p")] == ["i-3", "i-2", "i-1", "i-4"]


def test_head_names_the_venues_that_are_not_well(renderer: Renderer) -> None:
    shown = picture([lost("DEF", 1, ["down"]), lost("MRS", 2, ["down"]), venue("STA")])

    head = Parsed(renderer.head(shown)).text

    assert "2 critical DEF · MRS" in head
    assert "1 of 3 well" in head


def test_head_of_a_big_outage_names_only_some() -> None:
    shown = picture([lost(f"V{number}", number, ["down"]) for number in range(37)])

    (count,) = problems.head_of(shown).counts

    assert (len(count.names), count.rest) == (problems.NAMED_MAX, 37 - problems.NAMED_MAX)


def test_many_venues_lost_at_once_are_called_one_thing(renderer: Renderer) -> None:
    venues = [lost(f"V{number}", number, ["unreachable"]) for number in range(39)]
    cut = [
        incident(number, venue=f"V{number}", cause="venue_unreachable", scope="venue")
        for number in range(37)
    ]

    page = Parsed(renderer.problem_list(picture(venues, cut)))

    assert "37 of 39 venues can not be reached at the same time" in page.text


def test_a_blind_centre_is_loud_and_no_venue_is_well(renderer: Renderer) -> None:
    unknown = venue("STA", ["unknown"] * 3, state=VenueState.UNKNOWN, severity=Severity.INFO,
                    sentence="How STA is, is not known now.", since=AT - 9)  # fmt: skip
    shown = picture([unknown], state="blind", since=AT - 42, severity=Severity.CRITICAL)

    page = parsed(renderer, shown)

    assert "venuewatch hears nothing" in page.text
    assert "0 of 1 well, 1 unknown" in page.text
    assert "All well" not in page.text
    (own,) = page.with_class("own")
    assert "l-critical" in own["class"]
    assert "l-unknown" in next(page.with_class("t"))["class"]


def test_a_tile_shows_its_own_time_only_where_it_differs(renderer: Renderer) -> None:
    there = renderer.tile(venue("TAH", timezone="Pacific/Tahiti"), AT)
    here = renderer.tile(venue("STA", timezone="UTC"), AT)

    assert "22:00:00" in Parsed(there).text
    assert 'data-clock="-36000"' in there
    assert "data-clock" not in here


def test_an_away_host_is_told_on_the_tile(renderer: Renderer) -> None:
    text = Parsed(renderer.tile(venue("BCY", ["up", "away", "up"]), AT)).text

    assert "2 of 3 up, 1 away" in text


@pytest.mark.parametrize(
    ("venues", "hosts", "elements_max", "gzipped_max"),
    [(39, 40, 1_500, 15_000), (375, 40, 12_000, 100_000), (400, 40, 12_000, 100_000)],
)
def test_the_page_stays_small(
    renderer: Renderer, venues: int, hosts: int, elements_max: int, gzipped_max: int
) -> None:
    html = overview.page(renderer, fleet(venues, hosts))

    assert len(Parsed(html).elements) <= elements_max
    assert len(gzip.compress(html.encode(), 6)) <= gzipped_max


def test_an_inventory_without_a_venue_has_a_page(renderer: Renderer) -> None:
    page = Parsed(overview.page(renderer, picture()._replace(venues=())))

    assert "The inventory has no venue" in page.text
