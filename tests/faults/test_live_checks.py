"""Findings of the checks of live hosts are told as they should be, and nothing beside them.

Each fault has a venue of its own; all are played at once. That its witness sees each begin and end
is in ``test_live_ways.py``.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.spoilt import ROLES
from tests.faults.world import Incident, Plan, World, world_of
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.faults import Mending
from venuewatch.rehearsal.fleet import CHECK_EVERY_S, DATA_LIMIT_S, FEED
from venuewatch.rehearsal.live.programs import pause

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

TOLD_S: Final = 27.0
RAINS_S: Final = DATA_LIMIT_S + 2 * CHECK_EVERY_S + 2.0
"""After so long (s) a feed that rests without a reason has been told."""

Named: TypeAlias = list[tuple[str, str, str]]
"""Scope, venue or host, and cause of each incident of a venue."""


def begin(world: World, fault: str, subject: Subject, *, lasts_s: float = 30.0) -> Mending:
    return faults.load(fault)(lasts_s=lasts_s).begin_live(world, subject)


def feed_of(code: str) -> Subject:
    return Subject("feed", code, f"{code}-2", FEED)


def silence(world: World, code: str) -> None:
    mend = begin(world, "feed_silent", feed_of(code))
    world.expect("feed", f"{code}-2", "results_silent", within_s=TOLD_S)
    mend()


def rain(world: World, code: str) -> None:
    mend = begin(world, "session_status", feed_of(code), lasts_s=2 * RAINS_S)
    pause(RAINS_S)
    mend()


def be_busy(world: World, code: str) -> None:
    busy = begin(world, "busy_day", feed_of(code), lasts_s=2 * RAINS_S)
    other = Subject("feed", code, f"{code}-3", FEED)
    night = begin(world, "night_session", other, lasts_s=2 * RAINS_S)
    pause(RAINS_S)
    busy()
    night()


def set_clock_of_source(world: World, code: str) -> None:
    mend = begin(world, "source_in_another_zone", feed_of(code))
    world.expect("source", f"{code}-2", "results_clock", within_s=TOLD_S)
    mend()


def lose_names(world: World, code: str) -> None:
    mend = begin(world, "dns_lost", Subject("venue", code))
    world.expect("check", code, "check_failed", within_s=TOLD_S)
    mend()


def switch_off(world: World, code: str) -> None:
    mend = begin(world, "machine_off", Subject("host", code, f"{code}-2"))
    world.expect("host", f"{code}-2", "host_down", within_s=TOLD_S)
    world.expect("feed", f"{code}-1", "redundancy_lost", within_s=TOLD_S)
    mend()


DEEDS: Final[Mapping[str, Callable[[World, str], None]]] = {
    "SIL": silence,
    "RAI": rain,
    "BUS": be_busy,
    "CLO": set_clock_of_source,
    "NAM": lose_names,
    "OFF": switch_off,
}
"""What is done, by the code of the venue."""

PLANS: Final = [Plan(code, len(ROLES), roles=ROLES) for code in DEEDS]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Named]:
    """Play all at once, and wait until all is well; return what says what was told of a venue."""
    folder = tmp_path_factory.mktemp("world")
    with ThreadPoolExecutor(len(DEEDS)) as threads, world_of(folder, PLANS) as world:
        world.mark()
        done = {code: threads.submit(deed, world, code) for code, deed in DEEDS.items()}
        for each in done.values():
            each.exception()  # all are over before any is looked at
        world.recover()
        pause(2 * CHECK_EVERY_S)
        found = world.incidents()

    def told_of(code: str) -> Named:
        done[code].result()
        return [incident.name for incident in found if is_of(incident, code)]

    return told_of


def is_of(incident: Incident, code: str) -> bool:
    """Tell whether an incident is of a venue; one of the centre is of each."""
    return incident.venue in {"", code}


def test_a_silent_feed_is_told_and_is_well_again(told: Callable[[str], Named]) -> None:
    assert told("SIL") == [("feed", "SIL-2", "results_silent")]


def test_rain_alarms_nobody(told: Callable[[str], Named]) -> None:
    assert told("RAI") == []


def test_a_busy_day_and_a_night_alarm_nobody(told: Callable[[str], Named]) -> None:
    assert told("BUS") == []


def test_a_clock_that_was_set_right_is_told_of_no_more(told: Callable[[str], Named]) -> None:
    assert told("CLO") == [("source", "CLO-2", "results_clock")]


def test_a_venue_without_names_is_told_as_one(told: Callable[[str], Named]) -> None:
    assert told("NAM") == [("check", "NAM", "check_failed")]


def test_a_host_that_was_off_is_back_with_its_checks_and_accuses_no_other(
    told: Callable[[str], Named],
) -> None:
    assert {(scope, who) for scope, who, _ in told("OFF")} <= {
        ("host", "OFF-2"),
        ("feed", "OFF-1"),
        ("check", "OFF-1"),
    }
