"""Excuses: each row of the table in ``expectation.py``, and the grace of each host."""

from typing import Any

import msgspec
import pytest

from aggregator.core.expectation import RECONNECT_LIMIT_S
from aggregator.core.host import INF
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Reason
from aggregator.core.verdicts.venue import VOTE_AGAIN_S
from tests.kit.machine import DEADLINE_S, GRACE_S, MARGIN_S, Message
from tests.kit.story import HERE, HOST, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import encode


def reasons(story: Story, host: str = "") -> set[Reason]:
    """Return why verdicts are put off now, of everybody or of ``host``."""
    return {
        excuse.reason
        for about, excuse in story.centre.excuses(story.now)
        if ("" if about is None else about.name) == host
    }


def excused(story: Story, name: str) -> dict[str, object]:
    """Return why the verdict on ``name`` was put off, and for how long (s)."""
    return dict(story.evidence("host", name)["excuse"].detail)


def cut_and_heal(story: Story) -> None:
    """Cut STA off for 20 s, and let its hosts be heard again three times."""
    story.mute(*HERE, run_s=20.0)
    story.unmute(*HERE, run_s=3.0)
    story.forget()


def bridge(story: Story, *, is_connected: bool) -> None:
    story.deliver(Message(topics.BRIDGES + "STA", b"1" if is_connected else b"0", retain=True))


# The table


@pytest.mark.parametrize("lag_s", [0.5, 5.0, 60.0])
def test_stall_moves_every_deadline_by_its_length(alone: Story, lag_s: float) -> None:
    alone.begin()
    alone.beat(1.0, 1)
    alone.mute(HOST)

    alone.stall(lag_s)

    assert alone.changes(until=80.0)[-1] == (1.0 + DEADLINE_S + lag_s, "down", "deadline_passed")
    assert excused(alone, HOST) == {"reason": Reason.STALL, "for_s": lag_s}


def test_doubt_decides_nothing_and_is_credited(alone: Story) -> None:
    alone.begin()
    alone.beat(0.5, 1)
    alone.canary_s = 1.25
    alone.advance(1.0)
    alone.canary_s = 0.0  # this tick alone is late

    assert alone.changes(until=2.125) == []
    assert alone.changes(until=20.0)[-1] == (0.5 + DEADLINE_S + 2.25, "down", "deadline_passed")
    assert excused(alone, HOST) == {"reason": Reason.DOUBT, "for_s": 2.25}


def test_blindness_excuses_every_host_until_we_hear(alone: Story) -> None:
    alone.begin()
    alone.death(0.5, "lost")
    alone.lose_connection()

    assert alone.changes(until=100.0) == [(0.5, "unknown", "blinded")]
    assert alone.centre.excuses(alone.now)[0][1].until == INF
    assert reasons(alone) == {Reason.BLIND}

    alone.subscribe(100.0)
    assert reasons(alone) == set()


def test_start_excuses_a_host_until_its_own_beat() -> None:
    story = Story()
    story.mute("s1")
    story.machines["s2"].interval_s = 4.0
    story.open()
    story.run(8.0)
    assert reasons(story, "s1") == {Reason.START}
    assert reasons(story, "s2") == set()

    story.run(12.0)
    assert story.incident("host", "s1").opened_at == GRACE_S
    assert excused(story, "s1") == {"reason": Reason.START, "for_s": GRACE_S}

    story.mute("s2", run_s=7.0)
    assert "excuse" not in story.evidence("host", "s2")


def test_return_excuses_a_silence_and_every_will(story: Story) -> None:
    story.reconnect(3.0, "s2", "s3", "a1", "a2", "a3")
    returned_at = story.now
    story.deliver(story.machines["s1"].death())
    story.machines["a1"].is_deaf = True
    story.run(5.0)
    story.forget()
    assert reasons(story, "s1") == {Reason.RETURN}

    story.kill("a1")  # it has beaten since, and echoed nothing
    story.run(1.0)
    assert story.accused() == []

    story.run(20.0)
    assert story.incident("host", "s1").opened_at == returned_at + GRACE_S
    assert excused(story, "s1")["reason"] == Reason.RETURN
    assert excused(story, "a1")["reason"] == Reason.RETURN


def test_cut_excuses_hosts_that_find_their_way_back(story: Story) -> None:
    story.machines["s2"].is_deaf = True
    story.mute(*HERE, run_s=20.0)
    story.unmute("s1", "s2", run_s=4.0)
    story.forget()
    assert reasons(story, "s3") == {Reason.CUT}

    story.kill("s2")  # it has echoed nothing since
    story.run(8.0)
    assert story.accused() == []

    story.run(20.0)
    assert set(story.accused()) == {"s2", "s3"}
    assert excused(story, "s3")["reason"] == Reason.CUT


def test_silence_excuses_a_hang_up_before_an_echo(story: Story) -> None:
    machine = story.machines["s1"]
    story.mute("s1", run_s=6.0)
    machine.is_deaf = True  # its beats arrive, and our ticks not yet
    story.unmute("s1", run_s=4.0)
    assert story.state("s1") is HostState.UP
    assert reasons(story, "s1") == {Reason.SILENCE}
    story.forget()

    story.kill("s1")  # it hangs up, and connects anew
    story.run(1.0)
    machine.session += 1
    machine.is_deaf = False
    story.deliver(machine.birth())
    story.unmute("s1", run_s=3.0)
    assert story.lines() == []

    story.kill("s1")
    story.run(0.375)
    assert story.accused() == ["s1"]


def test_bridge_that_reconnects_lets_living_hosts_begin_anew(story: Story) -> None:
    bridge(story, is_connected=True)
    story.mute("s1", run_s=8.0)
    story.deliver(story.machines["s2"].death())
    bridge(story, is_connected=False)
    story.run(0.5)

    bridge(story, is_connected=True)

    allowance_s = story.host("s1").allowance_s
    assert reasons(story, "s1") == {Reason.BRIDGE}
    assert story.host("s1").deadline == story.now + allowance_s
    story.run(allowance_s)
    assert story.accused() == ["s1"]
    assert excused(story, "s1") == {"reason": Reason.BRIDGE, "for_s": allowance_s}


def test_twins_excuse_wills_and_silence_of_their_host(story: Story) -> None:
    story.alternate("s1")
    assert reasons(story, "s1") == {Reason.TWIN}
    story.forget()
    killed_at = story.now

    story.kill("s1")  # its will grants the grace, and the end of that is put off by another
    story.run(2 * GRACE_S + 1.0)

    assert story.accused() == ["s1"]
    assert excused(story, "s1")["reason"] == Reason.TWIN
    assert story.host("s1").since == killed_at + 2 * GRACE_S


def test_votes_excuse_a_host_while_its_venue_is_overdue() -> None:
    story = Story(margin_s=8.5).bring_up()
    story.run(25.0)
    story.mute("s1", run_s=3.0)
    story.mute("s2", "s3", run_s=6.75)

    assert story.accused() == []
    assert reasons(story, "s1") == {Reason.VOTES}
    (waits,) = [excuse for about, excuse in story.centre.excuses(story.now) if about]
    assert waits.since == story.host("s1").deadline < story.now - VOTE_AGAIN_S

    story.run(4.0)
    assert story.state("s1").value == "unreachable"


@pytest.mark.parametrize("reason", [Reason.RETURN, Reason.TWIN, Reason.CUT])
def test_stall_moves_the_end_of_every_excuse(story: Story, reason: Reason) -> None:
    for machine in story.machines.values():
        machine.is_deaf = True
    if reason is Reason.TWIN:
        story.alternate("s1")
    elif reason is Reason.RETURN:
        story.reconnect(3.0)
    else:
        cut_and_heal(story)
    host = story.host("s1")
    assert reasons(story, "s1") == {reason}
    assert host.excuse is not None
    before = (host.excuse.until, host.wills_count_from)
    left_s = host.wills_count_from - story.now

    story.stall(left_s + 2.0)  # longer than the excuse would have lasted

    moved = [before[0] + left_s + 2.0, before[1] + left_s + 2.0]
    assert [host.excuse.until, host.wills_count_from] == pytest.approx(moved)
    story.forget()
    story.kill("s1")
    story.run(1.0)
    assert story.accused() == []


# Echoes end what wills do not count for


@pytest.mark.parametrize("how", ["cut", "return", "silence"])
def test_will_counts_again_once_a_later_tick_is_echoed(story: Story, how: str) -> None:
    if how == "cut":
        cut_and_heal(story)
    elif how == "return":
        story.reconnect(3.0)
    else:
        story.mute("s1", run_s=6.0)
        story.unmute("s1")
    story.run(10.0)
    story.reach["s1"] = True

    story.kill("s1")
    killed_at = story.now
    story.run(0.375)

    assert story.incident("host", "s1").cause == "agent_stopped"
    assert all(at <= killed_at + 0.3 for at, _, who, _ in story.lines() if who == "host s1")


def test_echo_of_a_tick_before_the_return_ends_nothing(story: Story) -> None:
    cut_and_heal(story)
    host = story.host("s1")
    host.wills_count_from, excuse = INF, host.excuse
    assert excuse is not None
    host.excuse = excuse._replace(until=INF)

    story.centre.decisions.expectation.end_by_echo(host, excuse.since, story.now)
    assert host.wills_count_from == INF

    story.centre.decisions.expectation.end_by_echo(host, excuse.since + 0.001, story.now)
    assert host.wills_count_from == story.now


def test_echo_and_our_return_take_nothing_from_twins(story: Story) -> None:
    story.alternate("s1")
    excused_until = story.host("s1").wills_count_from

    story.reconnect(3.0)
    story.run(5.0)
    story.kill("s1")
    story.run(1.0)

    assert story.host("s1").round_trip_s is not None
    assert story.host("s1").wills_count_from == excused_until
    assert story.state("s1").value == "up"


# The grace of each host


@pytest.mark.parametrize(
    ("announced_s", "granted_s"),
    [(1.0, 1.0), (10.0, 10.0), (60.0, 60.0), (3_600.0, RECONNECT_LIMIT_S)],
)
def test_grace_follows_the_announced_wait_up_to_the_limit(
    story: Story, announced_s: float, granted_s: float
) -> None:
    story.machines["s1"].reconnect_max_s = announced_s
    story.deliver(story.machines["s1"].birth())
    story.reconnect(3.0, "s2", "s3", "a1", "a2", "a3")
    grace_ends = story.now + granted_s + 5.0 + MARGIN_S
    story.forget()

    story.run(grace_ends - 0.25 - story.now)
    assert story.accused() == []

    story.run(0.5)
    assert story.incident("host", "s1").opened_at == grace_ends
    assert story.centre.decisions.expectation.is_over_limit(story.host("s1")) == (
        announced_s > RECONNECT_LIMIT_S
    )


def test_agent_that_announces_no_wait_has_ten_seconds(alone: Story) -> None:
    birth = alone.machines[HOST].announced()
    old: dict[str, Any] = msgspec.to_builtins(birth)
    old.pop("reconnect_max_s", None)
    alone.subscribe(0.0)

    topic = topics.topic("STA", HOST, topics.Stream.BIRTH)
    alone.deliver(Message(topic, encode(old), retain=True))

    assert alone.changes(until=100.0) == [(10.0 + 5.0 + MARGIN_S, "down", "grace_ended")]


@pytest.mark.parametrize("is_start", [True, False])
def test_birth_after_our_return_extends_the_grace(alone: Story, *, is_start: bool) -> None:
    if is_start:
        alone.subscribe(0.0)
    else:
        alone.begin()
        alone.lose_connection()
        alone.subscribe(0.0)
        alone.forget()

    alone.birth(1.0, boot="new", reconnect_max_s=60.0, is_retained=True)

    assert alone.changes(until=100.0) == [(60.0 + 5.0 + MARGIN_S, "down", "grace_ended")]


def test_venue_that_is_back_grants_each_host_its_own_grace(story: Story) -> None:
    story.machines["s1"].reconnect_max_s = 60.0
    story.deliver(story.machines["s1"].birth())
    story.mute(*HERE, run_s=20.0)
    story.unmute("s2", run_s=20.0)
    assert story.state("s3").value == "down"
    assert story.state("s1").value == "unreachable"

    story.run(50.0)
    assert story.state("s1").value == "down"


def test_a_starved_agent_is_not_accused_before_its_excuse_ends(alone: Story) -> None:
    alone.begin()
    alone.beat(1.0, 1)
    alone.mute(HOST)
    alone.advance(2.0)

    alone.centre.put_off(alone.now, [HOST, "of no fleet"], 9.0)

    assert reasons(alone, HOST) == {Reason.STARVED}
    assert alone.changes(until=8.5) == []
    assert alone.changes(until=20.0)[-1] == (9.0, "down", "deadline_passed")
    assert excused(alone, HOST) == {"reason": Reason.STARVED, "for_s": 7.0}


def test_a_starved_agents_will_waits_too(alone: Story) -> None:
    alone.begin()
    alone.beat(1.0, 1)
    alone.centre.put_off(alone.now, [HOST], 5.0)
    alone.death(1.5, "lost")

    assert alone.changes(until=4.5) == []


def test_an_earlier_excuse_does_not_end_a_later_one(alone: Story) -> None:
    alone.begin()
    alone.beat(1.0, 1)
    alone.mute(HOST)
    alone.centre.put_off(alone.now, [HOST], 9.0)

    alone.centre.put_off(alone.now, [HOST], 3.0)

    assert alone.changes(until=8.5) == []
