"""Exposition: the fleet's page as Prometheus reads it, and the series that must end."""

import gc
import math
from array import array
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aggregator.core.catalogues import Catalogues, KnownVitals
from aggregator.core.fleet import Venue
from aggregator.core.host import Host
from aggregator.core.states import HostState, VenueState
from aggregator.shell.exposition import COLLECTIONS, pieces, render
from aggregator.shell.families import OWN
from tests.kit.scripted_fleet import NOW, ScriptedFleet
from venuewatch.base.wire.catalogue import Catalogue, Families
from venuewatch.base.wire.messages import Birth
from venuewatch.rehearsal.live.pages import Page

BIRTH = Birth(
    boot="a", session=1, wall_ms=0, interval_s=1.0, vitals_every_s=10.0, agent_version="1"
)


@pytest.fixture
def page(fleet: ScriptedFleet) -> Page:
    return Page(fleet.page())


def test_only_what_is_measured_often_carries_the_time_of_its_reading(fleet: ScriptedFleet) -> None:
    up = fleet.machines["up"]
    fleet.deliver(
        up.check(NOW, 1, "ok", every_s=60.0), up.check(NOW, 2, "ok", every_s=61.0, check="slow")
    )
    page = render(fleet.centre.fleet.venues.values(), NOW, timestamps=True)

    timed = {
        (sample.name, sample.labels.get("check"))
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
        if sample.timestamp is not None
    }

    measured = {name for name, _ in timed}
    assert {None, "odf"} <= {check for _, check in timed}
    assert "slow" not in {check for _, check in timed}
    assert {"node_load1", "node_cpu_seconds_total", "venuewatch_check_up"} <= measured
    never = ("venuewatch_host_", "venuewatch_venue_")
    assert not {name for name in measured if name.endswith("_info") or name.startswith(never)}


def test_a_reading_has_the_same_time_in_each_scrape(fleet: ScriptedFleet) -> None:
    venues = list(fleet.centre.fleet.venues.values())
    pages = [render(venues, now, ("vitals",), timestamps=True) for now in (NOW, NOW + 3.0)]

    assert pages[0] == pages[1]
    assert render(venues, NOW, ("vitals",)) != pages[0]


def packed(*numbers: float) -> bytes:
    """Return numbers as vitals keep them."""
    return array("d", numbers).tobytes()


@pytest.mark.parametrize(("asked", "ages_s"), [(1, [0]), (2, [10, 0]), (3, [20, 10, 0])])
def test_readings_come_in_their_order_each_with_its_time(asked: int, ages_s: list[int]) -> None:
    venue = Venue("STA", margin_s=1.75)
    host = venue.hosts["alpha"] = Host("STA", "alpha", margin_s=1.75, state=HostState.UP)
    host.birth = BIRTH
    known = Catalogues().learn(Catalogue([("node_load1", [[]])]))
    *earlier, latest = (
        KnownVitals(known, packed(float(age_s)), NOW - age_s, 100_000 - 1000 * age_s, "a")
        for age_s in (40, 30, 20, 10, 0)
    )
    host.vitals = msgspec.structs.replace(latest, earlier=tuple(earlier))

    page = render([venue], NOW, ("vitals",), timestamps=True, readings=asked).decode()

    lines = [line.split() for line in page.splitlines() if line.startswith("node_load1")]
    assert [line[1:] for line in lines] == [
        [f"{age_s}.0", str(100_000 - 1000 * age_s)] for age_s in ages_s
    ]


def test_reading_from_before_an_outage_is_not_shown_again() -> None:
    venue = Venue("STA", margin_s=1.75)
    host = venue.hosts["alpha"] = Host("STA", "alpha", margin_s=1.75, state=HostState.UP)
    known = Catalogues().learn(Catalogue([("node_load1", [[]])]))
    before = KnownVitals(known, packed(1.0), NOW - 60.0, 40_000, "a")
    host.vitals = KnownVitals(known, packed(2.0), NOW, 100_000, "a", (before,))

    page = render([venue], NOW, ("vitals",), timestamps=True, readings=3)

    assert page.count(b"node_load1{") == 1


@given(st.text(st.characters(codec="utf-8"), max_size=256))
def test_any_label_value_can_be_read_back(text: str) -> None:
    venue = Venue("STA", margin_s=1.75, name=text)

    assert Page(render([venue], NOW)).value("venuewatch_venue_info", name=text) == 1


def venue_of(catalogues: Iterable[Catalogue], numbers: Sequence[float]) -> Venue:
    """Return a venue with a host for each catalogue, all with these numbers."""
    venue, known = Venue("STA", margin_s=1.75), Catalogues()
    for number, catalogue in enumerate(catalogues):
        name = f"STA-{number}"
        host = venue.hosts[name] = Host("STA", name, margin_s=1.75, state=HostState.UP)
        host.vitals = KnownVitals(known.learn(catalogue), packed(*numbers), NOW, 0, "a")
    return venue


def page_of(*catalogues: Catalogue, numbers: Sequence[float]) -> Page:
    """Return the page of a host for each catalogue, all with these numbers."""
    return Page(render([venue_of(catalogues, numbers)], NOW))


def test_a_page_makes_next_to_nothing_for_the_collector_to_look_at() -> None:
    hosts = 2_000
    venue = venue_of([Catalogue([("node_load1", [[]])])] * hosts, [1.0])
    most, before = 0, len(gc.get_objects())

    for _ in pieces([venue], NOW):
        most = max(most, len(gc.get_objects()) - before)

    assert most < hosts / 4


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_can_be_read_back_to_the_last_bit(number: float) -> None:
    assert (
        page_of(Catalogue([("node_load1", [[]])]), numbers=[number]).value("node_load1") == number
    )


@pytest.mark.parametrize(
    ("families", "load"),
    [
        ([("node_load5", [[]]), ("node_load1", [[]])], 2.0),
        ([("up", [[]]), ("node_load1", [[]])], 2.0),
        ([("node_load1", [["x"]]), ("node_load1", [[]])], 2.0),
        ([("node_load1", [[], []])], 1.0),
    ],
    ids=["other order", "unknown family", "wrong labels", "twice"],
)
def test_each_series_has_its_own_number(families: Families, load: float) -> None:
    page = page_of(Catalogue(families), numbers=[1.0, 2.0])

    assert ([value for _, value in page.of("node_load1")], page.of("up")) == ([load], [])


def test_hosts_that_share_some_families_have_their_own_numbers() -> None:
    up, down = ("node_network_up", [["eth0"]]), ("node_network_up", [["eth1"]])
    load: tuple[str, list[list[str]]] = ("node_load1", [[]])
    alike: list[Families] = [[load, up], [load, down], [up, load]]

    page = page_of(*map(Catalogue, alike), numbers=[1.0, 2.0])

    assert [value for _, value in page.of("node_load1")] == [1.0, 1.0, 2.0]
    assert [value for _, value in page.of("node_network_up")] == [2.0, 2.0, 1.0]


def test_a_number_that_is_missing_has_no_sample() -> None:
    catalogue = Catalogue([("node_load1", [[]]), ("node_load5", [[]])])

    page = page_of(catalogue, numbers=[math.nan, 2.0])

    assert (page.of("node_load1"), page.value("node_load5")) == ([], 2.0)


def test_the_measured_series_stop_at_the_moment_a_host_is_lost(fleet: ScriptedFleet) -> None:
    lost_at = NOW - 0.25 + 2.75
    fleet.advance(lost_at - 0.125)
    before = Page(fleet.page()).names_of("up")

    fleet.advance(lost_at)

    assert {"node_load1", "node_cpu_seconds_total", "node_uname_info"} <= before
    after = Page(fleet.page())
    assert after.names_of("up") == after.names_of("down")


def test_hosts_stay_up_and_measure_nothing_while_blind(fleet: ScriptedFleet) -> None:
    fleet.centre.lost(NOW)

    page = Page(fleet.page())
    assert page.value("venuewatch_host_state", host="up", state="unknown") == 1
    assert page.value("venuewatch_host_up", host="up") == 1
    assert page.value("venuewatch_host_up", host="down") == 0
    assert page.value("venuewatch_venue_up", venue="STA") == 1
    assert not [name for name in page.names if name.startswith("node_")]


@pytest.mark.parametrize(("after_s", "is_there"), [(34.875, True), (35.125, False)])
def test_vitals_vanish_once_they_are_too_old(
    fleet: ScriptedFleet, after_s: float, *, is_there: bool
) -> None:
    fleet.unmute("up", run_s=after_s)

    names = Page(fleet.page()).names_of("up")

    assert fleet.state("up") is HostState.UP
    assert ("node_load1" in names) is is_there
    assert "venuewatch_host_round_trip_seconds" in names


def test_a_venue_alone_is_as_among_others(fleet: ScriptedFleet, page: Page) -> None:
    alone = Page(render([fleet.centre.fleet.venues["STA"]], NOW))

    assert alone.samples == [sample for sample in page.samples if sample[1]["venue"] == "STA"]


def test_liveness_and_vitals_make_the_whole_page(fleet: ScriptedFleet, page: Page) -> None:
    venues = fleet.centre.fleet.venues.values()
    parts = {name: Page(render(venues, NOW, [name])) for name in COLLECTIONS}

    agents_own = {"venuewatch_agent_info"}
    vitals = {name for name in page.names if name.startswith(("node_", "venuewatch_agent_"))}
    assert parts["vitals"].names == vitals - agents_own
    assert parts["liveness"].names == page.names - vitals | agents_own
    assert sorted(map(str, parts["liveness"].samples + parts["vitals"].samples)) == sorted(
        map(str, page.samples)
    )


def test_a_host_has_its_inventory_whatever_its_state(page: Page) -> None:
    infos = [labels for name, labels, _ in page.samples if name == "venuewatch_host_info"]

    listed = {"up", "late", "down", "lost", "away", "unseen", "silent"}
    assert {labels["host"] for labels in infos} == listed
    assert {labels["role"] for labels in infos if labels["venue"] == "STA"} == {"results"}
    assert page.names_of("lost") & {"venuewatch_host_info", "venuewatch_agent_info"} == {
        "venuewatch_host_info"
    }
    assert page.value("venuewatch_agent_info", host="up", role="scoreboard") == 1


def test_a_venue_is_in_one_of_six_states(page: Page) -> None:
    states = {
        labels["state"]: value
        for name, labels, value in page.samples
        if name == "venuewatch_venue_state" and labels["venue"] == "STA"
    }

    assert states == {state: float(state is VenueState.DEGRADED) for state in VenueState}


def test_series_have_their_documented_labels(page: Page) -> None:
    documented = {name: set(series.labels.split(", ")) for name, series in OWN.items()}

    assert len(documented.keys() & page.names) > 10
    for name, labels, _ in page.samples:
        assert set(labels) == documented.get(name, set(labels))


def test_problem_of_a_check_outlasts_its_host() -> None:
    venue = Venue("STA", margin_s=1.75)
    host = venue.hosts["alpha"] = Host("STA", "alpha", margin_s=1.75, state=HostState.DOWN)
    host.check_problems["feed", "feed"] = "results_frozen"

    page = Page(render([venue], NOW))

    of_host = {"venue": "STA", "host": "alpha"}
    of_check = of_host | {"check": "feed", "cause": "results_frozen"}
    assert page.of("venuewatch_check_problem") == [(of_check, 1.0)]
