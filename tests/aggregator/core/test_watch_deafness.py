"""Nobody is heard, or our own ticks come late: what that hides, and what it must not."""

import pytest

from aggregator.core.states import HostState
from tests.aggregator.scene import GRACE_S
from tests.aggregator.watching import Watching, accused, lose_connection, regain_connection


def test_nobody_heard_at_any_venue_is_our_own_ear(watching: Watching) -> None:
    watching.mute(*watching.machines)

    watching.run(60.0)

    assert accused(watching) == []
    assert watching.incident("centre").cause == "aggregator_blind"
    assert watching.evidence("centre")["deafness"].detail["missing"] == "fleet"
    assert {watching.state(name) for name in watching.machines} == {HostState.UNKNOWN}


def test_the_first_beat_of_anybody_ends_that_and_the_others_have_their_grace(
    watching: Watching,
) -> None:
    watching.mute(*watching.machines)
    watching.run(20.0)
    watching.unmute("a1", "a2", "a3")
    watching.run(1.0)
    heard_at = watching.host("a1").since
    watching.run(60.0)

    lines = watching.lines()
    assert lines[0][1:3] == ("opened", "centre")
    assert lines[1][1:3] == ("closed", "centre")
    assert lines[2:] == [(heard_at + GRACE_S, "opened", "venue STA", "venue_unreachable")]


@pytest.mark.parametrize("canary_s", [0.625, 1.25, 2.0])
def test_a_broker_that_is_always_slow_hides_no_death(watching: Watching, canary_s: float) -> None:
    watching.canary_s = canary_s
    watching.run(60.0)
    watching.mute("s1")

    watching.run(30.0)

    assert watching.incident("host", "s1").cause == "silent"


def test_canaries_that_stay_away_while_nobody_is_heard_make_us_no_deafer(
    watching: Watching,
) -> None:
    watching.mute(*watching.machines)
    watching.run(10.0)
    why = watching.watch.awareness.why
    watching.canary_s = 1.25
    watching.run(3.0)
    watching.canary_s = None

    watching.run(10.0)

    assert (why, watching.watch.awareness.why) == ("fleet", "fleet")


def test_a_will_that_comes_while_only_our_canary_is_missing_waits_until_we_hear(
    watching: Watching,
) -> None:
    watching.canary_s = None
    watching.run(8.0)
    watching.kill("s1")
    watching.run(4.0)
    watching.canary_s = 0.0
    watching.reach["s1"] = True

    watching.run(GRACE_S + 5.0)

    told = watching.told()
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert watching.incident("host", "s1").cause == "agent_stopped"


def test_nobody_heard_after_the_brokers_return_is_our_deafness_since_that_return(
    watching: Watching,
) -> None:
    lose_connection(watching)
    watching.run(600.0)
    regain_connection(watching)
    watching.mute(*watching.machines)

    watching.run(30.0)

    assert watching.incident("centre").opened_at == 604.0
