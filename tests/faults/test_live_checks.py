"""Checks of live hosts find what was spoilt for real, and a witness sees it begin and end."""

from typing import Final

import pytest

from aggregator.core.incidents.record import Subject
from tests.faults.spoilt import GATEWAY, HOST, ROLES, SPOILT, Spoilt
from tests.faults.world import Plan, World
from venuewatch.rehearsal import faults
from venuewatch.rehearsal.fleet import CHECK_EVERY_S, DATA_LIMIT_S
from venuewatch.rehearsal.live.programs import pause, until
from venuewatch.rehearsal.live.sights import SIGHTS

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.timeout(400)]

PLANS = [Plan("STA", len(ROLES), roles=ROLES), Plan("MAR", 1)]
SEEN_S: Final = 15.0
HEALED_S: Final = 20.0
TOLD_S: Final = 27.0
FEED: Final = Subject("feed", "STA", HOST, "results")
OTHER_FEED: Final = Subject("feed", "STA", "STA-3", "results")


@pytest.mark.parametrize("spoilt", SPOILT, ids=[each.fault for each in SPOILT])
def test_witness_sees_a_spoilt_check_begin_and_end(running: World, spoilt: Spoilt) -> None:
    fault = faults.load(spoilt.fault)()

    def is_as_it_should_be() -> bool:
        return SIGHTS[fault.SEEN_BY](running, spoilt.subject) is True

    until("nothing is spoilt before", is_as_it_should_be, within_s=HEALED_S)
    mend = fault.begin_live(running, spoilt.subject)

    until("its witness sees it", lambda: not is_as_it_should_be(), within_s=SEEN_S)
    mend()
    until("its witness sees that it is over", is_as_it_should_be, within_s=HEALED_S)


def test_a_spoilt_check_that_nobody_mends_is_well_after_its_length(running: World) -> None:
    until("it is well", lambda: SIGHTS["watched"](running, FEED), within_s=HEALED_S)
    faults.load("feed_frozen")(lasts_s=8.0).begin_live(running, FEED)

    until("it is seen", lambda: not SIGHTS["watched"](running, FEED), within_s=SEEN_S)
    until("it is over", lambda: SIGHTS["watched"](running, FEED), within_s=HEALED_S)


def test_a_silent_feed_is_told_and_is_well_again(world: World) -> None:
    mend = faults.load("feed_silent")().begin_live(world, FEED)

    world.expect("feed", HOST, "results_silent", within_s=TOLD_S)
    mend()
    world.await_well()
    assert world.named() == [("feed", HOST, "results_silent")]


def test_rain_alarms_nobody(world: World) -> None:
    mend = faults.load("session_status")(lasts_s=60.0).begin_live(world, FEED)

    pause(DATA_LIMIT_S + TOLD_S)
    mend()
    pause(CHECK_EVERY_S)
    assert world.named() == []


def test_a_busy_day_and_a_night_alarm_nobody(world: World) -> None:
    busy = faults.load("busy_day")(lasts_s=90.0).begin_live(world, FEED)
    night = faults.load("night_session")(lasts_s=90.0).begin_live(world, OTHER_FEED)

    pause(DATA_LIMIT_S + TOLD_S)
    busy()
    night()
    world.await_well()
    pause(2 * CHECK_EVERY_S)
    assert world.named() == []


def test_a_clock_that_was_set_right_is_told_of_no_more(world: World) -> None:
    mend = faults.load("source_in_another_zone")().begin_live(world, FEED)

    world.expect("source", HOST, "results_clock", within_s=TOLD_S)
    mend()
    world.await_well()
    pause(2 * CHECK_EVERY_S)
    assert world.named() == [("source", HOST, "results_clock")]


def test_a_venue_without_names_is_told_as_one(world: World) -> None:
    mend = faults.load("dns_lost")().begin_live(world, Subject("venue", "STA"))

    world.expect("check", "STA", "check_failed", within_s=TOLD_S)
    mend()
    world.await_well()
    assert world.named() == [("check", "STA", "check_failed")]


def test_a_host_that_was_off_is_back_with_its_checks_and_accuses_no_other(world: World) -> None:
    mend = faults.load("machine_off")().begin_live(world, Subject("host", "STA", HOST))

    world.expect("host", HOST, "host_down", within_s=TOLD_S)
    world.expect("feed", GATEWAY, "redundancy_lost", within_s=TOLD_S)
    mend()
    world.await_well()
    pause(3 * CHECK_EVERY_S)
    assert {(scope, who) for scope, who, _ in world.named()} <= {
        ("host", HOST),
        ("feed", GATEWAY),
        ("check", GATEWAY),
    }
