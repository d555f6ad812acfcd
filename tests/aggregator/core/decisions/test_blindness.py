"""We ourselves, our broker and the way to it: no host is accused for what is wrong with us."""

import pytest

from aggregator.core.hearing import REPORT_AFTER_S
from aggregator.core.outputs import AskPort
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Evidence
from aggregator.core.verdicts.centre import Port
from tests.kit.machine import CANARY, GRACE_S, INTERVAL_S, Message
from tests.kit.story import STEP_S, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Tick, encode

DUE_AT = 5.875  # of s1, if it falls silent at 4 s
THEIRS = topics.centre_tick("backup")
OPENED = (4.0 + REPORT_AFTER_S, "opened", "centre", "aggregator_blind")


def states(story: Story) -> set[HostState]:
    return {story.state(name) for name in story.machines}


# A broker that is slow, and canaries that are late


@pytest.mark.parametrize("seconds", [0.5, 2.0, 2.875, 5.0, 30.0])
def test_a_broker_that_stalls_accuses_nobody(story: Story, seconds: float) -> None:
    story.hold(seconds)
    story.run(60.0)

    assert story.accused() == []
    assert states(story) == {HostState.UP}


def test_a_death_in_a_stall_is_reported_after_it(story: Story) -> None:
    story.mute("s1")
    story.hold(2.0)

    story.run(6.0)

    ((at, change, who, _),) = story.lines()
    assert (change, who) == ("opened", "host s1")
    assert DUE_AT + 1.0 <= at <= DUE_AT + 2.0 + INTERVAL_S


@pytest.mark.parametrize("canary_s", [0.625, 1.25, 2.0])
def test_a_broker_always_slow_hides_no_death(story: Story, canary_s: float) -> None:
    story.canary_s = canary_s
    story.run(60.0)
    story.mute("s1")

    story.run(30.0)

    assert story.incident("host", "s1").cause == "silent"


def test_lost_canaries_make_us_blind_and_hosts_unknown(story: Story) -> None:
    story.canary_s = None
    story.mute(*story.machines)

    story.run(30.0)

    assert states(story) == {HostState.UNKNOWN}
    assert story.incident("centre").opened_at == 4.0  # when the last canary came back
    assert story.lines() == [OPENED]


def test_ticks_of_another_aggregator_are_no_canaries(story: Story) -> None:
    story.canary_s = None
    for _ in range(48):
        number, _ = story.machines["s1"].ticks.get(CANARY, (0, 0.0))
        theirs = encode(Tick(number, int(story.now * 1000) + 7))
        story.deliver(*(Message(topic, theirs) for topic in (topics.TICK, CANARY, THEIRS)))
        story.run(STEP_S)

    assert story.centre.decisions.hearing.missing == "canary"


def test_a_will_while_blind_waits_until_we_hear(story: Story) -> None:
    story.canary_s = None
    story.run(8.0)
    story.kill("s1")
    story.run(4.0)
    story.canary_s = 0.0
    story.reach["s1"] = True

    story.run(GRACE_S + 5.0)

    at = [line[0] for line in story.lines()]
    assert at == sorted(at)
    assert story.incident("host", "s1").cause == "agent_stopped"


# Our connection is lost


@pytest.mark.parametrize(("missing", "asked_at"), [("connection", 6.0), ("canary", 8.0)])
@pytest.mark.parametrize(
    ("said", "cause"),
    [("refuses", "broker_down"), ("silent", "broker_down"), ("answers", "aggregator_blind")],
)
def test_the_brokers_port_tells_whose_fault_it_is(
    story: Story, missing: str, asked_at: float, said: Port, cause: str
) -> None:
    if missing == "connection":
        story.lose_connection()
    else:
        story.canary_s = None
    story.run(4.0)
    asked = [out.at for out in story.said() if isinstance(out, AskPort)]
    story.centre.port_said(story.now, said)

    story.run(REPORT_AFTER_S)

    assert asked == [asked_at]
    assert story.lines() == [(*OPENED[:3], cause)]
    is_broker_down = cause == "broker_down"
    detail = {"missing": missing} if is_broker_down else {"missing": missing, "port": said}
    port = Evidence(OPENED[0], "centre", "port", {"says": said})
    blindness = Evidence(4.0, "centre", "blindness", detail)
    assert story.incident("centre").evidence == (blindness, *[port] * is_broker_down)


def test_a_late_answer_of_the_port_sharpens_the_cause(story: Story) -> None:
    story.lose_connection()
    story.run(6.0)

    story.centre.port_said(story.now, "refuses")
    story.look()

    assert story.lines() == [OPENED, (10.0, "sharpened", "centre", "broker_down")]


@pytest.mark.parametrize(("seconds", "lines"), [(1.0, 0), (2.875, 0), (3.0, 2), (60.0, 2)])
def test_a_connection_lost_for_three_seconds_is_an_incident(
    story: Story, seconds: float, lines: int
) -> None:
    story.lose_connection()
    unknown = states(story)
    story.run(seconds)
    story.regain_connection()
    story.run(60.0)

    assert unknown == {HostState.UNKNOWN}
    assert [line[1:3] for line in story.lines()] == [("opened", "centre"), ("closed", "centre")][
        :lines
    ]


def test_our_incident_closes_after_three_canaries_in_time(story: Story) -> None:
    story.reconnect(10.0)
    story.lines()

    story.run(3.0)

    assert [line[:3] for line in story.lines()] == [(17.0, "closed", "centre")]


def test_an_incident_due_before_the_return_is_reported(story: Story) -> None:
    story.lose_connection()
    story.advance(4.0 + REPORT_AFTER_S - 0.0625)
    story.now += 0.125  # and the centre is not woken meanwhile

    story.centre.opened(story.now)
    story.look()

    assert story.lines() == [OPENED]


@pytest.mark.parametrize(
    ("back", "line"),
    [
        (("s2", "s3", "a1", "a2", "a3"), ("opened", "host s1", "silent")),
        (("a1", "a2", "a3"), ("opened", "venue STA", "venue_unreachable")),
    ],
)
def test_a_loss_while_blind_is_reported_after_the_grace(
    story: Story, back: tuple[str, ...], line: tuple[str, str, str]
) -> None:
    story.reconnect(2.0, *back)

    story.run(120.0)

    assert story.lines() == [(6.0 + GRACE_S, *line)]


# Nobody is heard at all


def test_nobody_heard_at_any_venue_is_our_own_ear(story: Story) -> None:
    story.mute(*story.machines)

    story.run(60.0)

    assert story.accused() == []
    assert story.incident("centre").cause == "aggregator_blind"
    assert story.evidence("centre")["blindness"].detail["missing"] == "fleet"
    assert states(story) == {HostState.UNKNOWN}


def test_a_fleet_absent_after_our_start_is_our_blindness() -> None:
    fleet = Story({f"V{at}": tuple(f"h{at}-{host}" for host in range(20)) for at in range(40)})
    fleet.open()
    fleet.mute(*fleet.machines)

    fleet.run(GRACE_S + 10.0)

    assert [line[2:] for line in fleet.lines()] == [("centre", "aggregator_blind")]
    assert states(fleet) == {HostState.UNKNOWN}


def test_a_first_beat_ends_blindness_and_begins_the_grace(story: Story) -> None:
    story.mute(*story.machines, run_s=20.0)
    story.unmute("a1", "a2", "a3", run_s=1.0)
    heard_at = story.host("a1").since
    story.run(60.0)

    lines = story.lines()
    assert [line[1:3] for line in lines[:2]] == [("opened", "centre"), ("closed", "centre")]
    assert lines[2:] == [(heard_at + GRACE_S, "opened", "venue STA", "venue_unreachable")]


def test_lost_canaries_change_nothing_while_nobody_is_heard(story: Story) -> None:
    story.mute(*story.machines, run_s=10.0)
    before = story.centre.decisions.hearing.missing
    story.canary_s = 1.25
    story.run(3.0)
    story.canary_s = None

    story.run(10.0)

    assert (before, story.centre.decisions.hearing.missing) == ("fleet", "fleet")


def test_blindness_after_a_return_is_dated_from_it(story: Story) -> None:
    story.reconnect(600.0)
    story.mute(*story.machines)

    story.run(30.0)

    assert story.evidence("centre")["blindness"].at == 604.0
