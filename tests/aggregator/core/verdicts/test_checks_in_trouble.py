"""Verdict on checks of hosts that come and go, behind clocks, lines and processes that fail."""

import itertools
from collections.abc import Sequence

import pytest

from aggregator.core.states import HostState, VenueState
from aggregator.core.verdicts.critical import WAIT_EXTRA_S
from aggregator.core.verdicts.unsaid import UNSAID_LEAST_S
from tests.kit.checks import EVERY_S, Round, changes, report
from tests.kit.story import Story
from venuewatch.base.wire.checks import CheckState
from venuewatch.base.wire.messages import Backlog, CheckReading, Checks

FOUR = {"STA": ("s1", "s2", "s3", "s4"), "AQU": ("a1", "a2", "a3")}
HERE = FOUR["STA"]
FORTY = {"STA": tuple(f"h{number}" for number in range(40)), "AQU": ("a1", "a2")}


@pytest.fixture
def story() -> Story:
    return Story(FOUR).bring_up()


def failed_venue(story: Story, *, well: Sequence[str] = ()) -> Round:
    """Let the same check be critical on all hosts of STA but those that are ``well``."""
    here = Round(story, HERE)
    here.run(EVERY_S)
    here.set("critical", *(name for name in HERE if name not in well))
    here.run(4 * EVERY_S)
    assert changes(story) == [("opened", "check STA")]
    return here


def send_vitals(story: Story, *names: str, seconds: float) -> None:
    """Let agents send vitals for a while, and nothing of a check."""
    for number in range(round(seconds / 10.0)):
        story.run(10.0)
        for name in names:
            story.deliver(story.machines[name].vitals(story.now, number))


def restart_agents(story: Story, *names: str) -> None:
    for name in names:
        story.leave(name)
    story.run(3.0)
    for name in names:
        story.machines[name].boot = "b2"
        story.deliver(story.machines[name].birth())
    story.unmute(*names, run_s=2.0)


def said(story: Story, host: str, number: int, *states: CheckState) -> Checks:
    """Return one message with several readings of the same check, a second apart."""
    wall_ms = story.machines[host]._wall_ms  # noqa: SLF001 - its clock
    readings = [
        CheckReading(
            check="gw", kind="gateway", state=state, every_s=EVERY_S, duration_s=0.1,
            wall_ms=wall_ms(story.now - len(states) + at),
        )
        for at, state in enumerate(states)
    ]  # fmt: skip
    return Checks("b1", 1, number, 0, readings)


def test_check_of_a_restarted_agent_begins_anew(story: Story) -> None:
    report(story, "s1", "critical", "critical")
    restart_agents(story, "s1")
    before = [change for change, _ in changes(story)]

    report(story, "s2", "ok")
    report(story, "s1", "critical")

    assert before == ["opened", "closed"]
    assert story.state("s1") is HostState.UP
    assert changes(story) == []


def test_agent_that_is_killed_keeps_its_incident_until_it_is_read(story: Story) -> None:
    report(story, "s1", "critical", "critical")
    story.kill("s1")
    story.run(5.0)
    story.machines["s1"].boot = "b2"
    story.unmute("s1", run_s=5.0)
    before = changes(story)

    report(story, "s1", "ok")

    assert before == [("opened", "check s1")]
    assert changes(story) == [("closed", "check s1")]


def test_host_that_goes_down_with_its_check_is_told_of_both_once(story: Story) -> None:
    report(story, "s1", "critical", "critical")
    story.mute("s1", run_s=120.0)
    story.unmute("s1", run_s=5.0)

    report(story, "s1", "critical", "critical")
    report(story, "s2", "ok")

    assert changes(story) == [("opened", "check s1")]


def test_failure_that_was_not_told_when_its_host_fell_has_to_show_again(story: Story) -> None:
    for host in HERE:
        report(story, host, "ok")
    story.run(1.0)
    report(story, "s1", "critical", "critical")
    story.mute("s1", run_s=2 * EVERY_S)
    story.unmute("s1", run_s=5.0)

    for host in HERE[1:]:
        report(story, host, "ok")
    story.run(WAIT_EXTRA_S)

    assert changes(story) == []


def test_venues_incident_ends_when_no_agent_has_the_check_any_more(story: Story) -> None:
    failed_venue(story)

    send_vitals(story, *HERE, seconds=2 * UNSAID_LEAST_S)

    assert changes(story) == [("closed", "check STA")]
    assert story.centre.fleet.venues["STA"].state is VenueState.OK
    assert story.centre.decisions.checks.__dict__["_groups"] == {}


def test_venues_incident_ends_when_its_check_gets_another_kind(story: Story) -> None:
    failed_venue(story)

    restart_agents(story, *HERE)
    for host in HERE:
        report(story, host, "ok", kind="ping")
    send_vitals(story, *HERE, seconds=2 * UNSAID_LEAST_S)

    assert changes(story) == [("closed", "check STA")]


def test_venue_that_shuts_down_in_order_has_no_failed_check(story: Story) -> None:
    failed_venue(story)

    for host in HERE:
        story.leave(host)
        story.run(1.0)

    assert changes(story) == [("closed", "check STA")]
    assert story.centre.fleet.venues["STA"].state is VenueState.AWAY


def test_hosts_that_leave_make_a_failure_of_the_venues_rest(story: Story) -> None:
    here = failed_venue(story, well=("s4",))
    here.run(EVERY_S)

    story.leave("s1")
    story.leave("s2")
    here.run(3 * EVERY_S)

    assert changes(story) == [("closed", "check STA"), ("opened", "check s3")]


def test_hosts_that_fall_do_not_end_their_venues_incident(story: Story) -> None:
    here = failed_venue(story, well=("s4",))

    story.mute("s1", "s2", "s3")
    here.run(12 * EVERY_S)

    assert changes(story) == []


def test_venues_incident_outlasts_a_long_cut(story: Story) -> None:
    here = failed_venue(story)
    story.mute(*HERE, run_s=300.0)
    story.unmute(*HERE, run_s=5.0)

    here.set("ok", "s1")
    report(story, "s1", "ok")
    here.run(3 * EVERY_S)

    assert changes(story) == []


@pytest.mark.parametrize("outage_s", [3.0, 12.0, 50.0, 300.0])
def test_forty_hosts_are_one_incident_when_we_were_blind(outage_s: float) -> None:
    story = Story(FORTY).bring_up()
    here = Round(story, FORTY["STA"], every_s=30.0)
    here.run(30.0)
    here.set("critical")
    here.run(31.0)

    story.reconnect(outage_s)
    here.run(90.0)

    assert changes(story) == [("opened", "check STA")]


@pytest.mark.parametrize("outage_s", [8.0, 25.0, 50.0, 300.0])
def test_forty_hosts_are_one_incident_when_they_were_cut_off(outage_s: float) -> None:
    story = Story(FORTY).bring_up()
    here = Round(story, FORTY["STA"], every_s=30.0)
    here.run(30.0)
    here.set("critical")
    here.run(31.0)

    story.mute(*FORTY["STA"], run_s=outage_s)
    story.unmute(*FORTY["STA"])
    here.run(90.0)

    assert changes(story) == [("opened", "check STA")]


def test_reading_that_comes_twice_counts_once(story: Story) -> None:
    message = story.machines["s1"].check(story.now, 7, "critical", check="gw")

    story.deliver(message)
    story.run(1.0)
    story.deliver(message, message)

    assert changes(story) == []


def test_readings_of_a_backlog_tell_nothing(story: Story) -> None:
    late = [said(story, "s1", number, "critical") for number in range(5)]

    story.deliver(story.machines["s1"].said(Backlog("b1", 1, 1, [], late)))
    story.run(60.0)

    assert changes(story) == []


def test_backlog_between_two_readings_tells_nothing(story: Story) -> None:
    report(story, "s1", "critical")

    story.deliver(
        story.machines["s1"].said(Backlog("b1", 1, 1, [], [said(story, "s1", 900, "critical")]))
    )
    story.run(5.0)
    report(story, "s1", "ok")

    assert changes(story) == []


def test_reading_between_two_in_one_message_is_not_left_out(story: Story) -> None:
    report(story, "s1", "critical")

    story.run(5.0)
    story.deliver(story.machines["s1"].said(said(story, "s1", 900, "ok", "critical")))

    assert changes(story) == []


@pytest.mark.parametrize("step_s", [-3_600.0, 3_600.0, -30.0, 30.0])
@pytest.mark.parametrize("whose", ["host", "aggregator"])
def test_stepped_clock_neither_begins_nor_keeps_a_failure(
    story: Story, whose: str, step_s: float
) -> None:
    def step() -> None:
        if whose == "host":
            story.machines["s1"].clock_ahead_s += step_s
        else:
            story.wall_step_s += step_s

    report(story, "s1", "critical")
    step()
    story.run(3.0)
    report(story, "s1", "ok")
    story.run(EVERY_S)
    report(story, "s1", "critical")
    before = changes(story)
    report(story, "s1", "critical")
    step()
    story.run(3.0)
    report(story, "s1", "ok")

    assert before == []
    assert changes(story) == [("opened", "check s1"), ("closed", "check s1")]


def test_restart_of_the_aggregator_begins_to_count_anew(story: Story) -> None:
    report(story, "s1", "critical")

    story.restart()
    story.open()
    story.run(2.0)
    report(story, "s1", "critical")

    assert changes(story) == []


def test_host_waits_for_others_after_a_restart_of_the_aggregator() -> None:
    story = Story(FORTY).bring_up()
    here = Round(story, FORTY["STA"], every_s=30.0)
    here.run(30.0)
    here.set("critical")
    here.run(20.0)

    story.restart()
    story.open()
    here.run(120.0)

    assert changes(story) == [("opened", "check STA")]


def test_check_of_once_a_day_waits_for_others_for_a_day(story: Story) -> None:
    day_s = 86_400.0
    for host in HERE:
        report(story, host, "ok", every_s=day_s)
    story.run(1.0)
    report(story, "s1", "critical", "critical", every_s=day_s)
    failed_at = story.now

    for _ in itertools.repeat(None, 24):
        story.advance(story.now + 1.0)
    waited = story.centre.decisions.checks.next_at

    assert changes(story) == []
    assert waited == failed_at + day_s + WAIT_EXTRA_S


def test_two_kinds_of_one_name_are_one_incident_of_the_venue(story: Story) -> None:
    for host in HERE:
        report(story, host, "critical", kind="ping" if host in {"s1", "s2"} else "tcp")
    for host in HERE:
        report(story, host, "critical", kind="ping" if host in {"s1", "s2"} else "tcp")

    assert changes(story) == [("opened", "check STA")]
