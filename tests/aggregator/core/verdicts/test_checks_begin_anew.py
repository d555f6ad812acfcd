"""Verdict on checks whose agent begins anew, leaves, or was read before we began anew."""

import random

import pytest

from aggregator.core.verdicts.causes import Cause
from aggregator.core.verdicts.critical import WAIT_EXTRA_S
from tests.kit.checks import EVERY_S, Round, changes, report
from tests.kit.story import Story
from venuewatch.base.wire.checks import CheckState

FOUR = {"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2")}
HERE = FOUR["STA"]
WAIT_S = EVERY_S + WAIT_EXTRA_S + 1.0


@pytest.fixture
def story() -> Story:
    """Return a story in which each host of a venue has a check that is well."""
    told = Story(FOUR).bring_up()
    for host in HERE:
        report(told, host, "ok")
    told.run(1.0)
    return told


def fail(story: Story, host: str) -> None:
    """Let a check fail on one host, and be told."""
    report(story, host, "critical", "critical")
    for other in HERE:
        if other != host:
            report(story, other, "ok")
    assert changes(story) == [("opened", f"check {host}")]


def start_anew(story: Story, host: str) -> None:
    """Let another process of the agent be heard."""
    story.machines[host].boot = "b2"
    story.deliver(story.machines[host].birth())
    story.unmute(host, run_s=2.0)


@pytest.mark.parametrize("how", ["agent", "aggregator"])
def test_unknown_after_a_new_start_does_not_hide_the_end(story: Story, how: str) -> None:
    fail(story, "s1")
    if how == "agent":
        start_anew(story, "s1")
    else:
        story.restart()
        story.open()
        story.run(5.0)

    report(story, "s1", "critical", "unknown")
    meanwhile = changes(story)
    report(story, "s1", "ok")

    assert meanwhile == []
    assert changes(story) == [("closed", "check s1")]


def test_agent_that_starts_anew_is_not_told_of_by_old_readings(story: Story) -> None:
    fail(story, "s1")

    story.leave("s1")
    start_anew(story, "s1")
    report(story, "s2", "critical", "ok")  # the venue is judged
    story.run(WAIT_S)

    assert changes(story) == [("closed", "check s1")]


def test_agent_that_starts_anew_while_others_are_waited_for_is_not_told(story: Story) -> None:
    report(story, "s1", "critical", "critical")
    story.kill("s1")
    start_anew(story, "s1")

    story.run(WAIT_S)

    assert story.state("s1") == "up"
    assert changes(story) == []


def test_farewell_after_our_restart_ends_what_was_restored(story: Story) -> None:
    fail(story, "s1")
    story.restart()
    story.open()
    story.run(5.0)

    story.leave("s1")
    start_anew(story, "s1")
    report(story, "s2", "critical", "ok")
    story.run(WAIT_S)

    assert changes(story) == [("closed", "check s1")]


def test_venues_check_ends_when_all_its_hosts_leave(story: Story) -> None:
    here = Round(story, HERE)
    here.set("critical")
    here.run(3 * EVERY_S)
    story.forget()

    for host in HERE[:-1]:
        story.leave(host)
    while_one_is_left = changes(story)
    story.leave(HERE[-1])

    assert while_one_is_left == []
    assert changes(story) == [("closed", "check STA")]


def test_venues_check_outlasts_a_rolling_restart(story: Story) -> None:
    here = Round(story, HERE)
    here.set("critical")
    here.run(3 * EVERY_S)
    story.forget()

    for host in HERE:
        story.leave(host)
        start_anew(story, host)
        here.run(5.0)
    here.run(3 * EVERY_S)

    assert changes(story) == []


def test_check_of_a_host_that_goes_down_stays_until_it_is_read(story: Story) -> None:
    fail(story, "s1")

    story.mute("s1", run_s=300.0)
    while_down = changes(story)
    start_anew(story, "s1")
    story.run(10.0)
    report(story, "s1", "ok")

    assert while_down == []
    assert changes(story) == [("closed", "check s1")]


@pytest.mark.parametrize("step_s", [-3_600.0, 3_600.0])
def test_step_of_a_hosts_clock_tells_of_no_check(story: Story, step_s: float) -> None:
    here = Round(story, HERE)
    here.set("critical", "s1")
    here.run(2 * EVERY_S + WAIT_S)
    before = changes(story)

    story.machines["s1"].clock_ahead_s += step_s
    here.run(EVERY_S)
    here.set("ok")
    here.run(3 * EVERY_S)

    assert before == [("opened", "check s1")]
    assert changes(story) == [("closed", "check s1")]


def test_longest_period_keeps_no_other_host_waiting(story: Story) -> None:
    report(story, "s2", "ok", every_s=86_400.0)

    report(story, "s1", "critical", "critical")
    story.run(WAIT_S)

    assert changes(story) == [("opened", "check s1")]


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_events_leaves_a_check_open_for_ever(story: Story, seed: int) -> None:
    chance = random.Random(seed)
    found: list[CheckState] = ["critical", "critical", "critical", "unknown", "ok", "frozen"]

    for step in range(80):
        host = chance.choice(HERE)
        machine, what = story.machines[host], chance.random()
        if what < 0.65 and not machine.is_mute:
            report(story, host, chance.choice(found))
        elif what < 0.78:
            machine.boot = f"b{step}"
            story.deliver(machine.birth())
        elif what < 0.86:
            chance.choice((story.leave, story.kill))(host)
        elif what < 0.98:
            story.unmute(host)
        else:
            story.restart()
            story.open()
        story.run(chance.choice((0.125, 1.0, 3.0, 12.0)))
    story.unmute(*HERE)
    story.deliver(*(story.machines[host].birth() for host in HERE))
    story.run(30.0)
    for host in HERE:
        report(story, host, "ok")
    story.run(10.0)

    still = story.centre.decisions.incidents.open.values()
    assert {it.cause for it in still if it.subject.check} <= {Cause.FLAPPING}
