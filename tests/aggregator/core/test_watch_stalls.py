"""A process that did not run, or has just begun, accuses nobody for it."""

import pytest

from aggregator.core.awareness import TELL_AFTER_S
from tests.aggregator.scene import GRACE_S, INTERVAL_S, MARGIN_S
from tests.aggregator.watching import Watching, lose_connection, regain_connection


@pytest.mark.parametrize("lag_s", [0.5, 5.0, 60.0])
def test_a_stall_of_our_own_moves_every_deadline_by_the_lag(
    watching: Watching, lag_s: float
) -> None:
    watching.mute("s1")
    start = watching.now
    watching.now += lag_s
    watching.watch.stalled(start, watching.now)
    watching.unmute("s2")

    watching.run(4.0)

    assert watching.lines() == [(5.875 + lag_s, "opened", "host s1", "silent")]


def test_a_stall_is_no_delay_of_a_neighbours_word(watching: Watching) -> None:
    watching.mute("s1")
    watching.run(2.0)
    start = watching.now
    watching.now += 5.0

    watching.watch.stalled(start, watching.now)
    watching.word("s2", 1, "s1", is_reached=True)

    assert watching.incident("host", "s1").cause == "host_frozen"


def test_a_stall_cannot_end_before_it_starts(watching: Watching) -> None:
    with pytest.raises(ValueError, match="before it starts"):
        watching.watch.stalled(watching.now, watching.now - 1.0)


def test_after_a_restart_a_fleet_that_is_there_is_no_news() -> None:
    fresh = Watching()
    fresh.run(2.0)
    before = fresh.watch.is_settled
    fresh.subscribe()

    fresh.run(60.0)

    assert (before, fresh.watch.is_settled) == (False, True)
    assert fresh.lines() == []


def test_before_we_are_subscribed_nobody_is_accused_and_we_say_so_after_a_while() -> None:
    fresh = Watching()
    fresh.mute(*fresh.machines)
    fresh.watch.advance(0.0)

    fresh.run(60.0)

    assert fresh.lines() == [(TELL_AFTER_S, "opened", "centre", "aggregator_blind")]


def test_a_host_that_was_there_before_us_and_stays_silent_is_told_once() -> None:
    fresh = Watching()
    fresh.mute("s1")
    fresh.subscribe()

    fresh.run(100.0)

    assert [line[:3] for line in fresh.lines()] == [(GRACE_S, "opened", "host s1")]


def test_a_deadline_that_was_put_off_is_looked_at_in_time_when_its_host_was_back(
    watching: Watching,
) -> None:
    """Its will is excused, it beats again, and then it dies."""
    machine = watching.machines["s1"]
    lose_connection(watching)
    watching.run(3.0)
    regain_connection(watching)
    watching.run(2.0)
    watching.mute("s1")
    watching.deliver(machine.death())
    watching.run(3.0)
    machine.session = 2
    watching.deliver(machine.birth())
    watching.unmute("s1")
    watching.run(4.0)
    watching.told()
    watching.mute("s1")
    heard_at = watching.host("s1").evidence_at
    assert heard_at is not None

    watching.run(3.0)

    assert watching.changes("s1")[-1] == (heard_at + INTERVAL_S + MARGIN_S, "down")
