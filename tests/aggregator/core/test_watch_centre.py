"""We ourselves, our broker and the way to it: nobody is accused for what is wrong with us."""

import pytest

from aggregator.core.awareness import DEAF_AFTER_S, TELL_AFTER_S
from aggregator.core.cases import Port
from aggregator.core.states import HostState
from tests.aggregator.machine import WALL
from tests.aggregator.scene import GRACE_S, INTERVAL_S, MARGIN_S
from tests.aggregator.watching import (
    STEP_S,
    Watching,
    accused,
    lose_connection,
    regain_connection,
)
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Tick, encode


@pytest.mark.parametrize("seconds", [0.5, 2.0, 2.875, 5.0, 30.0])
def test_a_broker_that_stalls_and_goes_on_accuses_nobody(
    watching: Watching, seconds: float
) -> None:
    watching.hold(seconds)
    watching.run(60.0)

    assert accused(watching) == []
    assert {watching.state(name) for name in watching.machines} == {HostState.UP}


def test_every_deadline_is_credited_with_what_the_broker_held_up(watching: Watching) -> None:
    before = {name: watching.host(name).deadline for name in watching.machines}
    watching.hold(2.0)

    after = {name: watching.host(name).deadline for name in watching.machines}
    assert all(after[name] >= before[name] + 2.0 - INTERVAL_S for name in before)
    assert all(after[name] <= watching.now + 2.0 + INTERVAL_S + MARGIN_S for name in before)


def test_who_dies_while_the_broker_stalls_is_down_when_its_credit_is_used_up(
    watching: Watching,
) -> None:
    watching.mute("s1")
    watching.hold(2.0)

    watching.run(6.0)

    ((at, change, who, _),) = watching.lines()
    assert (change, who) == ("opened", "host s1")
    assert 5.875 + 1.0 <= at <= 5.875 + 2.0 + INTERVAL_S


def test_nobody_is_accused_while_a_canary_is_late(watching: Watching) -> None:
    watching.canary_s = None
    watching.mute("s1")

    watching.run(DEAF_AFTER_S)

    assert accused(watching) == []


def test_one_tick_that_is_lost_delays_a_verdict_by_little(watching: Watching) -> None:
    watching.mute("s1")
    watching.canary_s = None
    watching.run(1.0)  # the tick at 5 s is lost, the one at 6 s comes back
    watching.canary_s = 0.0

    watching.run(6.0)

    ((at, _, who, _),) = watching.lines()
    assert who == "host s1"
    assert at <= 5.875 + 2.0


def test_canaries_that_stay_away_are_our_deafness_and_all_hosts_are_unknown(
    watching: Watching,
) -> None:
    watching.canary_s = None
    watching.mute(*watching.machines)

    watching.run(30.0)

    assert {watching.state(name) for name in watching.machines} == {HostState.UNKNOWN}
    assert watching.incident("centre").opened_at == 4.0  # when the last canary came back
    assert watching.lines() == [(4.0 + TELL_AFTER_S, "opened", "centre", "aggregator_blind")]


@pytest.mark.parametrize(
    ("said", "cause"),
    [("refuses", "broker_down"), ("silent", "broker_down"), ("answers", "aggregator_blind")],
)
def test_the_brokers_port_tells_whose_fault_it_is(
    watching: Watching, said: Port, cause: str
) -> None:
    lose_connection(watching)
    watching.run(2.0)
    asked = watching.port_questions()
    watching.watch.hear_port(said, watching.now)

    watching.run(TELL_AFTER_S)

    assert asked == [6.0]
    assert watching.lines() == [(4.0 + TELL_AFTER_S, "opened", "centre", cause)]


def test_a_port_that_answers_late_makes_the_cause_sharper(watching: Watching) -> None:
    lose_connection(watching)
    watching.run(6.0)

    watching.watch.hear_port("refuses", watching.now)

    assert [line[1:] for line in watching.lines()] == [
        ("opened", "centre", "aggregator_blind"),
        ("sharpened", "centre", "broker_down"),
    ]


@pytest.mark.parametrize(("seconds", "lines"), [(1.0, 0), (4.875, 0), (5.125, 2), (60.0, 2)])
def test_a_lost_connection_is_an_incident_after_five_seconds_and_no_hosts(
    watching: Watching, seconds: float, lines: int
) -> None:
    lose_connection(watching)
    unknown = {watching.state(name) for name in watching.machines}
    watching.run(seconds)
    regain_connection(watching)
    watching.run(60.0)

    told = watching.lines()
    assert unknown == {HostState.UNKNOWN}
    assert [line[1:3] for line in told] == [("opened", "centre"), ("closed", "centre")][:lines]


def test_our_incident_closes_after_three_canaries_in_time(watching: Watching) -> None:
    lose_connection(watching)
    watching.run(10.0)
    regain_connection(watching)
    watching.lines()

    watching.run(2.0)
    before = watching.lines()
    watching.run(1.0)

    assert before == []
    assert [line[:3] for line in watching.lines()] == [(17.0, "closed", "centre")]


def test_what_was_true_before_we_hear_again_is_told_however_seldom_we_look(
    watching: Watching,
) -> None:
    lose_connection(watching)
    watching.now += 8.0  # and nobody looks meanwhile

    watching.watch.subscribed(watching.now)

    assert [line[:3] for line in watching.lines()] == [(4.0 + TELL_AFTER_S, "opened", "centre")]


def test_who_died_while_we_were_deaf_is_told_once_after_the_grace(watching: Watching) -> None:
    lose_connection(watching)
    watching.run(2.0)
    regain_connection(watching, "s2", "s3", "a1", "a2", "a3")

    watching.run(120.0)

    assert watching.lines() == [(6.0 + GRACE_S, "opened", "host s1", "silent")]


def test_a_venue_that_was_lost_while_we_were_deaf_is_one_incident(watching: Watching) -> None:
    lose_connection(watching)
    watching.run(2.0)
    regain_connection(watching, "a1", "a2", "a3")

    watching.run(120.0)

    assert watching.lines() == [(6.0 + GRACE_S, "opened", "venue STA", "venue_unreachable")]


def test_the_ticks_of_another_aggregator_are_no_canaries_of_ours(watching: Watching) -> None:
    watching.canary_s = None
    for _ in range(48):
        number = watching.machines["s1"].echo_of
        theirs = Tick(number[0] if number else 0, int(watching.now * 1000) + 7)
        watching.watch.hear(
            topics.TICK, encode(theirs), is_retained=False, now=watching.now, wall=WALL
        )
        watching.run(STEP_S)

    assert watching.watch.awareness.why == "canary"
