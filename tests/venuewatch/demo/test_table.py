"""Tests of the demo's screen: the worst is always seen, and nothing is wider or longer than it."""

from importlib.resources import as_file, files

import pytest
from rich.cells import cell_len

from aggregator import inventory
from aggregator.core.fleet import Fleet
from aggregator.core.incidents.record import Incident, Scope, Subject
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from aggregator.shell.walltime import WallTime
from venuewatch.demo import breaking, table
from venuewatch.demo.table import Around, Screen

SIZES = [Screen(80, 24), Screen(60, 24), Screen(40, 24), Screen(200, 60)]
CLOCK = WallTime(0.0, 1_800_000_000.0)
WORDS = [
    "Keys break and mend:",
    *(f"{key} {name}" for key, name in breaking.KEYS.items()),
    "0 mend all",
]
AROUND = Around(
    heading=[
        "page     http://127.0.0.1:8039/",
        "metrics  http://127.0.0.1:8039/metrics",
        "broker   mqtt://127.0.0.1:40123",
        "Ctrl-C ends everything.",
    ],
    keys=[(word, False) for word in WORDS],
    events=["an event " * 20] * 4,
)


@pytest.fixture
def fleet() -> Fleet:
    with as_file(files("venuewatch.demo") / "inventory.toml") as path:
        fleet = inventory.fleet_of(inventory.read(path))
    for host in fleet:
        put(fleet, host.name, HostState.UP)
    return fleet


def put(fleet: Fleet, name: str, state: HostState) -> None:
    host = fleet.find(name)
    assert host is not None
    counts = fleet.venues[host.venue].counts
    if counts[host.state]:
        counts[host.state] -= 1
    host.state = state
    counts[state] += 1


def told(number: int, scope: Scope, cause: Cause, venue: str, host: str = "") -> Incident:
    check = "results" if scope == "feed" else ""
    return Incident(number, Subject(scope, venue, host, check), cause, 100.0 + number)


def lines(fleet: Fleet, incidents: list[Incident], screen: Screen) -> list[str]:
    return [line.plain for line in table.view(fleet, incidents, CLOCK, screen, AROUND)]


@pytest.mark.parametrize("screen", SIZES, ids=lambda screen: f"{screen.width}x{screen.height}")
def test_a_well_fleet_fits_and_names_every_venue(fleet: Fleet, screen: Screen) -> None:
    shown = lines(fleet, [], screen)

    assert len(shown) < screen.height
    assert max(map(cell_len, shown)) <= screen.width
    assert all(any(code in line for line in shown) for code in fleet.venues)
    assert "256 of 256 hosts up at 39 venues" in shown


@pytest.mark.parametrize("screen", SIZES, ids=lambda screen: f"{screen.width}x{screen.height}")
def test_the_worst_comes_first_and_is_told_whole(fleet: Fleet, screen: Screen) -> None:
    put(fleet, "STE-results-01", HostState.DOWN)
    lost = told(2, "host", Cause.HOST_DOWN, "STE", "STE-results-01")
    skewed = told(1, "clock", Cause.CLOCK_SKEW, "CTO", "CTO-ops-01")

    shown = lines(fleet, [skewed, lost], screen)

    said = " ".join(" ".join(shown).split())
    assert "host_down: STE-results-01 in STE is gone: no neighbour" in said
    assert said.index("host_down") < said.index("clock_skew")
    assert len(shown) < screen.height
    assert max(map(cell_len, shown)) <= screen.width


@pytest.mark.parametrize("screen", SIZES[:3], ids=lambda screen: str(screen.width))
def test_more_trouble_than_lines_says_how_much_is_left_out(fleet: Fleet, screen: Screen) -> None:
    incidents = [
        told(at, "venue", Cause.VENUE_UNREACHABLE, code) for at, code in enumerate(fleet.venues, 1)
    ]

    shown = lines(fleet, incidents, screen)

    assert any("more not well" in line for line in shown)
    assert len(shown) < screen.height


def test_the_centres_own_trouble_stands_above_all(fleet: Fleet) -> None:
    down = told(2, "host", Cause.HOST_DOWN, "CTO", "CTO-ops-01")
    broker = told(3, "centre", Cause.BROKER_DOWN, "")

    shown = lines(fleet, [down, broker], SIZES[0])

    assert shown[5].startswith("! centre")


@pytest.mark.parametrize("screen", [Screen(20, 3), Screen(40, 8), Screen(1, 1), Screen(500, 10)])
def test_a_screen_of_any_size_is_filled_and_not_exceeded(fleet: Fleet, screen: Screen) -> None:
    lost = told(2, "venue", Cause.VENUE_UNREACHABLE, "CTO")

    shown = table.view(fleet, [lost], CLOCK, screen, AROUND)

    assert len(shown) <= screen.height


def test_a_name_can_not_write_to_the_terminal(fleet: Fleet) -> None:
    fleet.venues["CTO"].town = "\x1b[2J\n" * 9

    shown = lines(fleet, [], SIZES[3])

    assert not any("\x1b" in line for line in shown)


def test_a_farewell_is_told_with_the_time_at_which_it_counts_as_down(fleet: Fleet) -> None:
    put(fleet, "STE-results-01", HostState.AWAY)
    host = fleet.find("STE-results-01")
    assert host is not None
    host.deadline = 900.0

    shown = lines(fleet, [], SIZES[3])

    (row,) = [line for line in shown if line.startswith("- STE")]
    assert "hosts of STE said farewell. The first counts as down at " in row
    assert any("CTO" in line for line in shown)
