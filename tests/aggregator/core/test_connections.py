"""Connections: what the loss of each, and another aggregator under our name, mean."""

import pytest

from aggregator.core.bulk import LOST_AFTER_S
from aggregator.core.outputs import Doubled
from aggregator.core.states import HostState
from tests.kit.bulk_story import BLIND, BULK, DOUBLE, OLDER, YOUNGER, BulkStory
from tests.kit.checks import changes, report
from venuewatch.base.wire.messages import Backlog, CentreState

FLEET = {"STA": ("s1", "s2", "s3"), "AQU": ("a1", "a2")}


@pytest.fixture
def story() -> BulkStory:
    return BulkStory(FLEET).bring_up()


@pytest.mark.parametrize("missing", ["connection", "canary"])
def test_lost_readings_are_an_incident_after_three_seconds(story: BulkStory, missing: str) -> None:
    lost_at = story.now
    if missing == "connection":
        story.lose_bulk()
    story.bulk_s = None

    story.run(10.0)

    ((at, change, _, cause),) = story.troubles()
    (seen,) = story.incident("centre").evidence
    assert (change, cause) == ("opened", BULK)
    assert lost_at + LOST_AFTER_S <= at <= lost_at + LOST_AFTER_S + 1.5
    assert missing in str(seen.detail["why"]) or missing == "canary"
    assert not story.centre.hears_readings


def test_a_bulk_connection_that_never_comes_is_told(story: BulkStory) -> None:
    story = BulkStory(FLEET)
    story.centre.opened(story.now)

    story.run(5.0)

    assert [(change, cause) for _, change, _, cause in story.troubles()] == [("opened", BULK)]


def test_a_short_break_of_bulk_is_told_nobody(story: BulkStory) -> None:
    story.lose_bulk()
    story.run(LOST_AFTER_S - 0.2)
    story.regain_bulk()
    story.run(5.0)

    assert story.lines() == []


def test_readings_that_are_heard_again_end_it(story: BulkStory) -> None:
    story.lose_bulk()
    story.run(6.0)
    story.regain_bulk()
    story.run(2.0)

    assert [change for _, change, *_ in story.troubles()] == ["opened", "closed"]
    assert story.centre.hears_readings


def test_without_bulk_a_kill_is_known_as_ever(story: BulkStory) -> None:
    story.lose_bulk()
    story.run(10.0)
    story.forget()

    story.kill("s1")
    story.mute("a1")
    story.run(4.0)

    assert {"s1", "a1"} == set(story.accused())
    assert story.state("s2") is HostState.UP


def test_vitals_are_no_evidence_of_life(story: BulkStory) -> None:
    story.mute("s1")
    for _ in range(8):
        story.run(0.5)
        report(story, "s1", "ok")

    assert story.state("s1") is HostState.DOWN


def test_a_blind_centre_tells_nothing_of_bulk(story: BulkStory) -> None:
    story.lose_bulk()
    story.lose_connection()

    story.run(20.0)

    assert {cause for *_, cause in story.troubles()} == {BLIND}


def test_a_live_canary_that_stays_away_is_not_taken_for_lost_bulk(story: BulkStory) -> None:
    story.canary_s = None

    story.run(10.0)

    assert {cause for *_, cause in story.troubles()} == {BLIND}


def test_checks_wait_while_no_readings_come(story: BulkStory) -> None:
    for name in ("s2", "s3"):
        report(story, name, "ok")
    story.run(1.0)
    report(story, "s1", "critical", "critical")  # waits 15 s for the others of its venue

    story.lose_bulk()
    story.run(30.0)
    while_lost = changes(story)
    story.regain_bulk()
    story.run(12.0)
    at_first = changes(story)
    story.run(5.0)

    assert (while_lost, at_first) == ([], [])
    assert changes(story) == [("opened", "check s1")]


def test_open_incidents_of_checks_outlast_the_loss(story: BulkStory) -> None:
    for name in ("s1", "s2", "s3"):
        report(story, name, "ok")
    report(story, "s1", "critical", "critical")
    story.run(20.0)
    assert changes(story) == [("opened", "check s1")]

    story.lose_bulk()
    story.run(400.0)

    assert changes(story) == []
    assert story.incident("check", "s1").closed_at is None


def test_another_aggregator_is_one_incident_that_explains_our_blindness(story: BulkStory) -> None:
    story.say_state(OLDER)
    story.lose_connection()
    story.lose_bulk()

    story.run(30.0)

    assert [(change, cause) for _, change, _, cause in story.troubles()] == [("opened", DOUBLE)]
    assert story.accused() == []


@pytest.mark.parametrize(("other", "yields"), [(OLDER, True), (YOUNGER, False)])
def test_both_connections_learn_who_yields(story: BulkStory, other: str, *, yields: bool) -> None:
    story.forget()

    story.say_state(other)

    doubled = [out for out in story.said() if isinstance(out, Doubled)]
    assert [(out.connection, out.yields) for out in doubled] == [("live", yields), ("bulk", yields)]


def test_both_connections_learn_it_by_a_canary_of_our_name(story: BulkStory) -> None:
    story.forget()

    story.say_canary(story.name, OLDER)

    doubled = [out for out in story.said() if isinstance(out, Doubled)]
    assert [(out.connection, out.yields) for out in doubled] == [("live", True), ("bulk", True)]


def test_our_blindness_is_told_once_the_other_one_is_gone(story: BulkStory) -> None:
    story.say_state(OLDER)
    story.lose_connection()
    story.lose_bulk()

    story.run(120.0)

    told = [(change, cause) for _, change, _, cause in story.troubles()]
    assert told == [("opened", DOUBLE), ("closed", DOUBLE), ("opened", BLIND)]


def test_an_offline_under_our_name_is_contradicted(story: BulkStory) -> None:
    story.say_state(YOUNGER, "offline")

    said = [out.message for out in story.published if isinstance(out.message, CentreState)]
    assert [message.state for message in said[-1:]] == ["online"]


def test_a_doubled_bulk_name_is_told_and_hosts_are_watched(story: BulkStory) -> None:
    story.say_canary("another", OLDER)
    told_at_first = story.troubles()
    story.lose_bulk()
    story.regain_bulk()
    story.say_canary("another", OLDER)
    story.run(10.0)

    assert told_at_first == []
    assert [(change, cause) for _, change, _, cause in story.troubles()] == [("opened", DOUBLE)]
    assert story.state("s1") is HostState.UP


def test_a_stall_of_our_own_is_not_taken_for_lost_bulk(story: BulkStory) -> None:
    story.stall(5.0)
    story.run(5.0)

    assert BULK not in {cause for *_, cause in story.troubles()}


def test_the_least_round_trip_of_bulk_is_kept_for_minutes(story: BulkStory) -> None:
    bulk = story.centre.decisions.connections.bulk
    story.run(5.0)
    least_s = bulk.least_round_trip_s
    story.bulk_s = 0.4
    story.run(60.0)

    assert (least_s, bulk.least_round_trip_s) == (0.0, 0.0)
    assert bulk.round_trip_s == pytest.approx(0.4)
    story.run(700.0)
    assert bulk.least_round_trip_s == pytest.approx(0.4)


def test_no_backlog_is_granted_while_bulk_is_lost(story: BulkStory) -> None:
    machine = story.machines["s1"]
    story.deliver(machine.said(Backlog(machine.boot, 1, 0, sent=0, waiting=9)))
    story.lose_bulk()
    story.run(1.0)
    before = story.centre.credit.granted_bytes

    story.regain_bulk()
    story.run(5.0)

    assert (before, len(story.centre.credit)) == (0, 1)
    assert story.centre.credit.granted_bytes > 0


def test_backlog_is_granted_by_the_canary_of_bulk(story: BulkStory) -> None:
    story.run(5.0)
    at_first = story.centre.credit.share

    story.bulk_s = 0.2
    story.run(5.0)

    assert at_first == 1.0
    assert story.centre.credit.share < 1.0
