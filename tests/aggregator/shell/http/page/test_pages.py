"""Every page: whole without a script, nothing inline, each id once, fragments as in pages."""

from collections import Counter
from http import HTTPStatus
from typing import Any

import msgspec
import pytest

from aggregator.core.incidents.alerts import Severity
from aggregator.core.states import HostState, VenueState
from aggregator.shell.http.api.hosts import (
    AgentView,
    BacklogView,
    CheckView,
    HostView,
    SpanView,
    VitalsView,
)
from aggregator.shell.http.api.incidents import IncidentsPage, IncidentsQuery, StepView
from aggregator.shell.http.api.search import FoundPage, FoundView
from aggregator.shell.http.page import problems, tiles
from aggregator.shell.http.page.assets import FOLDER
from aggregator.shell.http.page.exclusions import exclusions_of
from aggregator.shell.http.page.render import Renderer
from aggregator.shell.http.page.strip import strip_of
from aggregator.shell.http.page.views import (
    error,
    host,
    incident,
    incidents,
    overview,
    search,
    venue,
    wall,
)
from aggregator.shell.http.page.views import map as map_view
from tests.kit import shown
from tests.kit.shown import AT, Parsed

DOWN = {
    "sentence": "STA-2 in STA is gone.",
    "severity": Severity.CRITICAL,
    "since": AT - 252,
    "incident": 17,
}
HERE = shown.venue_view(
    "STA",
    [shown.host("STA-1"), shown.host("STA-2", "down", **DOWN), shown.host("STA-3", "away")],
    open=(shown.incident(),),
    timezone="Pacific/Tahiti",
    state=VenueState.DEGRADED,
    **DOWN,
)
TIMELINE = (
    StepView(at=AT - 255, kind="seen", by="centre", sentence="No heartbeat came by the deadline.",
             detail={"interval_s": 0.9999999999999998, "last_heard_s_ago": 2.8}),
    StepView(at=AT - 252, kind="opened", by="centre", sentence="The incident was opened."),
    StepView(at=AT - 251, kind="told", by="webhook", sentence="webhook was told: taken."),
)  # fmt: skip
HOST = HostView(
    **{
        **{name: getattr(HERE.hosts[1], name) for name in shown.host().__struct_fields__},
        "address": "192.0.2.7",
        "listed": True,
        "gateway": False,
        "required": False,
        "down_at": None,
        "last_heartbeat": AT - 255,
        "agent_version": "1.2.3",
        "agent": AgentView(version="1.2.3", os="Linux 6.15", interval_s=1.0, vitals_every_s=10.0,
                           session=2, address="192.0.2.7"),
        "round_trip_s": 0.003,
        "clock_offset_s": -0.0004,
        "heartbeats_missed": 2,
        "restarts": 0,
        "readings_missing": 0,
        "vitals": VitalsView(at=AT - 9, cpus=2, load_1m=0.25, memory_used_ratio=0.4,
                             fullest_mount="/", fullest_used_ratio=0.9, booted_at=None, values={}),
        "checks": (
            CheckView(check="gw", kind="ping", state="ok", detail="3 ms", at=AT - 3, every_s=10.0,
                      duration_s=0.1, values={}, **shown.NOTHING_TOLD),
        ),
        "evidence": (),
        "states": (
            SpanView(HostState.UP, AT - 80_000, AT - 252),
            SpanView(HostState.DOWN, AT - 252, None),
        ),
        "incidents": (shown.incident(),),
    }
)  # fmt: skip
ALL = shown.picture(
    [shown.lost("STA", 17, ["up", "down", "away"], lat=48.9, lon=2.3), shown.venue("TAH")],
    [shown.incident()],
)
FOUND = FoundPage(
    (FoundView(kind="host", id="STA-2", name="results", venue="STA", state=HostState.DOWN,
               path="/hosts/STA-2"),),
    more=True,
)  # fmt: skip
CLOSED = shown.whole(closed_at=AT - 60, timeline=TIMELINE)


def pages(renderer: Renderer) -> dict[str, str]:
    known = IncidentsPage((shown.incident(18), shown.incident(17, closed_at=AT - 60)), next="17")
    return {
        "overview": overview.page(renderer, ALL),
        "wall": wall.page(renderer, ALL),
        "map": map_view.page(renderer, ALL),
        "venue": venue.page(renderer, ALL, HERE),
        "host": host.page(renderer, ALL, HOST),
        "incident": incident.page(renderer, ALL, shown.whole(timeline=TIMELINE), HERE),
        "closed": incident.page(renderer, ALL, CLOSED, HERE),
        "incidents": incidents.page(renderer, ALL, known, IncidentsQuery(open="1"), ["STA", "TAH"]),
        "search": search.page(renderer, ALL, "STA", FOUND),
        "error": error.page(renderer, ALL, HTTPStatus.NOT_FOUND, "unknown venue XYZ"),
    }


NAMES = tuple(pages(Renderer()))


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_whole_and_nothing_is_inline(renderer: Renderer, name: str) -> None:
    page = Parsed(pages(renderer)[name])

    assert page.open == []
    ids = Counter(page.values("id"))
    assert [each for each, count in ids.items() if count > 1] == []
    assert page.values("style") == []
    assert [tag for tag, _ in page.elements if tag == "style"] == []
    assert all("src" in attrs for tag, attrs in page.elements if tag == "script")
    assert [tag for tag, _ in page.elements].count("h1") == 1
    for fixed in ("head", "announce", "lost", "blind"):
        assert fixed in ids


@pytest.mark.parametrize("name", NAMES)
def test_every_path_is_below_the_root(name: str) -> None:
    behind = Renderer(external_url="https://example.org/watch/")

    page = Parsed(pages(behind)[name])

    paths = [*page.values("href"), *page.values("src"), *page.values("action")]
    assert paths != []
    assert all(path.startswith(("/watch/", "#")) for path in paths)


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_words(renderer: Renderer, name: str) -> None:
    page = Parsed(pages(renderer)[name])

    for tag, attrs in page.elements:
        if tag == "svg":
            assert attrs.get("aria-hidden") == "true" or attrs.get("aria-label")


def test_fragments_are_what_the_page_has(renderer: Renderer) -> None:
    page = pages(renderer)["overview"]
    first, second = ALL.venues

    assert renderer.head(ALL) in page
    assert renderer.problem_list(ALL) in page
    assert renderer.problem(shown.incident(), AT) in page
    assert renderer.tile(first, AT) in page
    assert renderer.tile(second, AT) in page
    assert renderer.monitor(ALL.centre) in page
    assert renderer.row(HERE.hosts[1], AT) in pages(renderer)["venue"]
    assert venue.article(renderer, HERE, AT) in pages(renderer)["venue"]


def test_an_incident_shows_evidence_times_and_who_was_told(renderer: Renderer) -> None:
    text = Parsed(pages(renderer)["incident"]).text

    assert "07:55:45 UTC No heartbeat" not in text  # the actor stands between
    assert "07:55:45 UTC 21:55:45 local centre No heartbeat came by the deadline." in text
    assert "interval 1 s" in text
    assert "last heard 2.8 s ago" in text
    assert "webhook was told: taken." in text
    assert "critical, for 4 min 12 s" in text


def test_a_closed_incident_says_how_long_it_lasted(renderer: Renderer) -> None:
    text = Parsed(pages(renderer)["closed"]).text

    assert "over: it was critical for 3 min 12 s" in text
    assert "ended 07:59:00 UTC" in text


def test_what_later_comes_has_a_place_and_shows_nothing(renderer: Renderer) -> None:
    places = ("owner-17", "note-17", "timetable-STA", "roster-STA")
    found = [
        attrs
        for name in ("incident", "venue")
        for _, attrs in Parsed(pages(renderer)[name]).elements
        if attrs.get("id") in places
    ]

    assert len(found) == len(places)
    assert all("hidden" in attrs for attrs in found)


def test_a_host_shows_its_day_its_link_and_its_machine(renderer: Renderer) -> None:
    text = Parsed(pages(renderer)["host"]).text

    for words in ("Round trip 3.0 ms", "Fullest disk /, 90%", "up 22 h 09 min, down 4 min 12 s"):
        assert words in text


def test_the_day_of_a_host_ends_now() -> None:
    strip = strip_of(HOST.states, AT)

    assert [bar.state for bar in strip.spans] == ["up", "down"]
    last = strip.spans[-1]
    assert last.x + last.width == pytest.approx(1440, abs=0.2)


def test_grafana_is_linked_only_where_it_is_configured() -> None:
    without = Parsed(host.page(Renderer(), ALL, HOST)).values("href")
    configured = Renderer(grafana_url="https://grafana.example/d/host?orgId=1")
    linked = Parsed(host.page(configured, ALL, HOST)).values("href")

    assert not any("grafana" in href for href in without)
    assert "https://grafana.example/d/host?orgId=1&var-venue=STA&var-host=STA-2" in linked


def test_exclusions_say_what_can_not_be_excluded() -> None:
    alone = shown.venue_view("STA", [shown.host("STA-1", "down")])
    blind = shown.centre(state="starting", sentence="The centre hears, and hosts may come.")

    said = dict(exclusions_of(shown.incident(host="STA-1"), alone, blind, []))

    assert said["Venue link"].startswith("can not be excluded")
    assert said["Monitor"].startswith("can not be excluded")


def test_exclusions_name_what_is_well() -> None:
    said = dict(exclusions_of(shown.incident(host="STA-2"), HERE, shown.centre(), []))

    assert said["Venue link"] == "up: 1 of 3 hosts are heard"
    assert said["Other venues"] == "none is cut off"
    assert said["Monitor"] == "hears the fleet; broker 2 ms"


@pytest.mark.parametrize(
    ("of_incident", "what", "said"),
    [
        ({"host": "STA-2", "cause": "agent_stopped"}, "Machine", "a neighbour reaches it"),
        ({"host": "STA-2"}, "Machine", "can not be excluded: nothing is heard of it"),
        ({"host": "STA-1", "scope": "feed", "cause": "results_frozen"}, "Machine", "STA-1 is up"),
        ({"host": "", "scope": "check", "cause": "check_failed"}, "Machines", "1 of 3 are heard"),
        ({"host": "", "scope": "venue", "cause": "venue_unreachable"}, "Machines",
         "not known: they may be well"),
        ({"host": "", "scope": "link", "cause": "one_way_loss"}, "Venue link",
         "It is the way to the venue, as far as can be told."),
        ({"host": "STA-2", "scope": "link", "cause": "one_way_loss"}, "Venue link",
         "up: 1 of 3 hosts are heard"),
        ({"host": "STA-2"}, "Other venues", "2 cut off, too: LYO, MRS"),
    ],
)  # fmt: skip
def test_exclusions_look_at_links_and_machines(
    of_incident: dict[str, Any], what: str, said: str
) -> None:
    cut = [
        shown.incident(number, venue=code, cause="venue_unreachable", scope="venue", host="")
        for number, code in enumerate(("STA", "MRS", "LYO"))
    ]

    found = dict(exclusions_of(shown.incident(**of_incident), HERE, shown.centre(), cut))

    assert found[what] == said


@pytest.mark.parametrize(
    ("venues", "pages_wanted", "shape"),
    [(1, 1, "small"), (11, 1, "small"), (39, 1, "usual"), (59, 1, "large"), (400, 7, "large")],
)
def test_the_wall_turns_pages_if_there_are_more(
    renderer: Renderer, venues: int, pages_wanted: int, shape: str
) -> None:
    page = Parsed(wall.page(renderer, shown.fleet(venues, 2), 2))

    walls = list(page.with_class("wallpage"))
    assert len(walls) == pages_wanted
    assert all(f"w-{shape}" in attrs["class"] for attrs in walls)
    assert sum("hidden" not in attrs for attrs in walls) == 1
    assert len(list(page.with_class("t"))) == venues + 1
    assert ("http-equiv" in dict.fromkeys(k for _, a in page.elements for k in a)) == (
        pages_wanted > 1
    )


def test_the_wall_has_no_controls(renderer: Renderer) -> None:
    tags = {tag for tag, _ in Parsed(pages(renderer)["wall"]).elements}

    assert not tags & {"button", "input", "select", "form"}


def test_a_change_replaces_the_list_of_the_wall_by_the_same_one(renderer: Renderer) -> None:
    shown_now = renderer.problem_list(ALL)

    assert shown_now in pages(renderer)["wall"]
    assert shown_now in pages(renderer)["overview"]
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    assert f".b-wall .ps > li:nth-child(n+{problems.WALL_MAX + 1})" in style


@pytest.mark.parametrize("is_required", [True, False])
def test_a_host_that_is_required_says_so(renderer: Renderer, *, is_required: bool) -> None:
    told = host.page(renderer, ALL, msgspec.structs.replace(HOST, required=is_required))

    assert ("required: it is to run at all times" in told) is is_required


def test_a_host_shows_its_backlog_and_what_was_refused(renderer: Renderer) -> None:
    over = msgspec.structs.replace(HOST, refused={"vitals": 7}, backlog=BacklogView(500, 64_000))

    told, plain = host.page(renderer, ALL, over), host.page(renderer, ALL, HOST)

    for line in ("500 records, 64000 bytes granted", "vitals 7"):
        assert line in told
    assert "Waits in its spool" not in plain
    assert "over its budget" not in plain


def test_lists_of_incidents_lead_to_older_ones(renderer: Renderer) -> None:
    assert "/incidents?open=1&cursor=17" in Parsed(pages(renderer)["incidents"]).values("href")


@pytest.mark.parametrize(
    ("severity", "state", "level"),
    [
        (Severity.CRITICAL, "degraded", "critical"),
        (Severity.WARNING, "degraded", "warning"),
        (Severity.INFO, "degraded", "info"),
        (Severity.CRITICAL, "unknown", "critical"),
        (Severity.INFO, "unknown", "unknown"),
        (Severity.INFO, "away", "away"),
        (None, "unseen", "unseen"),
        (None, "ok", "ok"),
    ],
)
def test_how_loud_a_thing_is(severity: Severity | None, state: str, level: str) -> None:
    assert tiles.level_of(severity, state) == level


def test_a_problem_list_says_how_many_more_there_are() -> None:
    shown_all = shown.picture(incidents=[shown.incident(number) for number in range(1, 71)])

    known = problems.listed(shown_all)

    assert (len(known.problems), known.total, known.rest) == (50, 70, 20)


def test_a_host_shows_its_evidence_and_what_a_check_said(renderer: Renderer) -> None:
    check = msgspec.structs.replace(
        HOST.checks[0], state="redundancy_lost", detail="uplink-b does not answer",
        sentence="One of two uplinks failed.", severity=Severity.WARNING, since=AT - 9, incident=18,
    )  # fmt: skip
    ill = msgspec.structs.replace(HOST, evidence=TIMELINE[:1], checks=(check,))

    text = Parsed(host.page(renderer, ALL, ill)).text

    assert "down · problem since 07:55:48 UTC" in text
    assert "No heartbeat came by the deadline." in text
    assert "redundancy lost" in text
    assert "One of two uplinks failed. uplink-b does not answer" in text


def test_a_ring_of_the_map_names_the_panel_it_stands_for(renderer: Renderer) -> None:
    places = [
        shown.venue(f"P{number}", town="Paris", lat=48.8 + number / 100, lon=2.3)
        for number in range(5)
    ]
    far = shown.venue("MRS", town="Marseille", lat=43.3, lon=5.4)

    page = Parsed(map_view.page(renderer, shown.picture([*places, far])))

    assert [attrs["class"] for attrs in page.with_class("map")] == ["map in-0", "map in-0 in-1"]
    assert len(list(page.with_class("r-1"))) == 1


def test_a_host_that_is_away_says_when_it_counts_as_down(renderer: Renderer) -> None:
    row = renderer.row(shown.host("STA-3", "away", since=AT - 60, down_at=AT + 840), AT)

    assert "down at 08:14:00 UTC" in Parsed(row).text
