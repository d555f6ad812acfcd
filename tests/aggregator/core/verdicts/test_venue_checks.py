"""Verdict on checks of several hosts: what they share is one incident of their venue."""

import pytest

from aggregator.core.incidents.record import Subject
from aggregator.core.states import VenueState
from aggregator.core.verdicts.critical import WAIT_EXTRA_S
from tests.kit.checks import EVERY_S, Round, changes, opened, report
from tests.kit.story import STEP_S, Story, fleet_of

FOUR = {"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2", "a3")}
FORTY = {"STA": tuple(f"h{number}" for number in range(40)), "AQU": ("a1", "a2")}


def test_failure_waits_until_every_other_host_is_read_again() -> None:
    story = Story(FOUR).bring_up()
    for host in FOUR["STA"]:
        report(story, host, "ok")
    story.run(1.0)
    report(story, "s1", "critical", "critical")

    for host in ("s2", "s3"):
        story.run(1.0)
        report(story, host, "ok")
    before = changes(story)
    report(story, "s4", "ok")

    assert before == []
    assert changes(story) == [("opened", "check s1")]


def test_failure_waits_no_longer_than_a_period_and_five_seconds() -> None:
    story = Story(FOUR).bring_up()
    for host in FOUR["STA"]:
        report(story, host, "ok")
    story.run(1.0)
    report(story, "s1", "critical", "critical")
    failed_at = story.now

    story.run(EVERY_S + WAIT_EXTRA_S - STEP_S)
    before = changes(story)
    story.run(STEP_S)

    assert before == []
    assert story.incident("check", "s1").opened_at == failed_at + EVERY_S + WAIT_EXTRA_S


@pytest.mark.parametrize(
    "other", [{"check": "other"}, {"kind": "ping"}], ids=["another name", "another kind"]
)
def test_hosts_with_another_check_are_not_waited_for(other: dict[str, str]) -> None:
    story = Story(FOUR).bring_up()
    for host in ("s2", "s3", "s4"):
        report(story, host, "critical", **other)

    report(story, "s1", "critical", "critical")

    assert changes(story) == [("opened", "check s1")]


def test_host_that_goes_down_is_not_waited_for() -> None:
    story = Story(FOUR).bring_up()
    for host in FOUR["STA"]:
        report(story, host, "ok")
    for host in ("s2", "s3"):
        story.kill(host)
    story.run(3.0)
    report(story, "s1", "critical", "critical")

    report(story, "s4", "ok")

    assert changes(story) == [("opened", "check s1")]


@pytest.mark.parametrize(
    ("critical", "of", "expected"),
    [
        (2, 2, ["check STA"]),
        (2, 3, ["check STA"]),
        (2, 4, ["check s1", "check s2"]),
        (3, 4, ["check STA"]),
        (1, 4, ["check s1"]),
    ],
)
def test_most_hosts_are_one_incident_of_the_venue(
    critical: int, of: int, expected: list[str]
) -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"][:of])
    here.run(EVERY_S)

    here.set("critical", *FOUR["STA"][:critical])
    here.run(3 * EVERY_S + WAIT_EXTRA_S)

    assert sorted(opened(story.lines())) == expected


def test_forty_hosts_and_one_gateway_are_one_incident() -> None:
    story = Story(FORTY).bring_up()
    here = Round(story, FORTY["STA"], every_s=30.0)
    here.run(30.0)

    here.set("critical")
    failed_at = story.now
    here.run(90.0)
    (line,) = story.lines()
    incident = story.incident("check", "STA")
    venue = story.centre.fleet.venues["STA"]
    while_open = venue.state, dict(venue.check_problems)
    here.set("ok")
    here.run(31.0)

    assert line[1:] == ("opened", "check STA", "check_failed")
    assert line[0] <= failed_at + 2 * 30.0
    assert incident.subject == Subject("check", "STA", "", "gw")
    assert set(incident.children) == set(FORTY["STA"])
    assert incident.evidence[-1].detail["hosts_that_have_it"] == 40
    assert while_open == (VenueState.DEGRADED, {("gw", "check"): "check_failed"})
    assert [line[1:3] for line in story.lines()] == [("closed", "check STA")]
    assert venue.state is VenueState.OK


def test_host_told_before_is_folded_in() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical", "s1")
    here.run(4 * EVERY_S)
    first = changes(story)

    here.set("critical")
    here.run(3 * EVERY_S)

    assert first == [("opened", "check s1")]
    assert changes(story) == [("opened", "check STA"), ("closed", "check s1")]
    assert "s1" in story.incident("check", "STA").children


def test_host_that_fails_later_is_behind_the_venues_incident() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical", "s1", "s2", "s3")
    here.run(4 * EVERY_S)

    here.set("critical")
    here.run(4 * EVERY_S)

    assert changes(story) == [("opened", "check STA")]
    assert set(story.incident("check", "STA").children) == set(FOUR["STA"])


def test_what_is_left_of_a_venues_incident_is_told_of_its_hosts() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical")
    here.run(4 * EVERY_S)
    story.forget()

    here.set("ok", "s2", "s3", "s4")
    here.run(3 * EVERY_S + WAIT_EXTRA_S)

    assert changes(story) == [("closed", "check STA"), ("opened", "check s1")]


def test_venues_incident_lasts_while_nobody_can_tell() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical")
    here.run(4 * EVERY_S)

    story.mute(*FOUR["STA"], run_s=120.0)

    assert changes(story) == [("opened", "check STA")]


def test_checks_of_another_venue_do_not_count() -> None:
    story = Story(FOUR).bring_up()
    for host in ("s1", "a1"):
        report(story, host, "critical", "critical")

    assert opened(story.lines()) == ["check s1", "check a1"]


def test_our_own_stall_splits_no_incident_of_a_venue() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.run(EVERY_S)
    here.set("critical", "s1")
    here.run(2 * EVERY_S + 1.0)
    assert story.centre.decisions.incidents.open == {}

    story.stall(2 * EVERY_S)  # the others' readings wait at the socket
    for host in FOUR["STA"][1:]:
        report(story, host, "critical")
    story.run(1.0)

    assert changes(story) == [("opened", "check STA")]


# After a restart, and with another inventory


def test_open_incidents_of_checks_outlast_a_restart() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical")
    report(story, "a1", "critical", "critical")
    here.run(4 * EVERY_S)
    story.forget()

    story.restart()
    story.open()
    here.run(3 * EVERY_S)
    while_critical = changes(story)
    venue = story.centre.fleet.venues["STA"]
    is_degraded = venue.state is VenueState.DEGRADED
    here.set("ok")
    here.run(2 * EVERY_S)
    report(story, "a1", "ok")

    assert while_critical == []
    assert is_degraded
    assert changes(story) == [("closed", "check STA"), ("closed", "check a1")]


def test_restart_does_not_split_a_venues_incident() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical")
    here.run(4 * EVERY_S)
    story.forget()

    story.restart()
    story.open()
    story.run(1.0)
    report(story, "s1", "ok")
    here.set("ok", "s1")
    here.run(4 * EVERY_S)

    assert changes(story) == []


def test_check_of_a_removed_host_is_removed() -> None:
    story = Story(FOUR).bring_up()
    report(story, "s1", "critical", "critical")
    story.forget()

    story.centre.change_inventory(story.now, fleet_of({**FOUR, "STA": ("s2", "s3", "s4")}))
    story.look()

    assert changes(story) == [("removed", "check s1")]
    assert story.centre.fleet.venues["STA"].state is VenueState.OK


def test_check_of_a_removed_venue_is_removed() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical")
    here.run(4 * EVERY_S)
    story.forget()

    story.centre.change_inventory(story.now, fleet_of({"AQU": FOUR["AQU"]}))
    story.run(60.0)

    assert changes(story) == [("removed", "check STA")]


def test_venue_that_comes_back_into_the_inventory_begins_anew() -> None:
    story = Story(FOUR).bring_up()
    here = Round(story, FOUR["STA"])
    here.set("critical")
    here.run(4 * EVERY_S)
    story.forget()

    for names in ({"AQU": FOUR["AQU"]}, FOUR):
        story.centre.change_inventory(story.now, fleet_of(names))
    here.run(4 * EVERY_S)

    assert changes(story) == [("removed", "check STA"), ("opened", "check STA")]


def test_fork_goes_on_by_itself() -> None:
    story = Story(FOUR).bring_up()
    for host in FOUR["STA"]:
        report(story, host, "ok")
    story.run(1.0)
    report(story, "s1", "critical", "critical")

    story.run(EVERY_S + WAIT_EXTRA_S - STEP_S)
    forked = story.centre.fork()
    forked.woke(story.now + STEP_S)

    assert [venue.check_incidents for venue in story.centre.fleet.venues.values()] == [set(), set()]
    assert [len(venue.check_incidents) for venue in forked.fleet.venues.values()] == [1, 0]
