"""Our own restarts, lost connections and stalls accuse nobody."""

import pytest

from aggregator.core.states import HostState
from tests.aggregator.scene import GRACE_S, INTERVAL_S, MARGIN_S, Scene

DEADLINE_S = INTERVAL_S + MARGIN_S


def test_nobody_is_judged_before_we_are_subscribed(scene: Scene) -> None:
    scene.birth(0.0, is_retained=True)

    changes = scene.changed(until=1_000_000.0)

    assert (changes, scene.detector.next_deadline()) == ([], None)


def test_a_host_that_beats_within_the_grace_is_up(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.birth(0.0, is_retained=True)
    scene.beat(GRACE_S - 0.5, 500)

    assert scene.changed(until=GRACE_S + 0.1) == [(GRACE_S - 0.5, "up", "beat")]


def test_a_host_known_from_before_that_stays_silent_is_down_once(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, is_retained=True)

    changes = scene.changed(until=10_000.0)

    assert changes == [(GRACE_S, "down", "grace_ended")]
    assert scene.host().cause == "silent"


def test_a_host_never_heard_is_unseen_and_accused_of_nothing(scene: Scene) -> None:
    scene.subscribe(0.0)

    changes = scene.changed(until=10_000.0)

    assert changes == [(GRACE_S, "unseen", "never_heard")]
    assert scene.host().cause is None


def test_an_unseen_host_is_up_on_its_first_beat(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.changed(until=GRACE_S)

    scene.beat(100.0, 0)

    assert scene.changed() == [(100.0, "up", "beat")]


def test_a_will_heard_in_the_grace_waits_for_its_end(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, is_retained=True)

    scene.death(1.0, "lost")

    assert scene.changed(until=10_000.0) == [(GRACE_S, "down", "grace_ended")]


def test_a_farewell_heard_in_the_grace_is_believed_at_once(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, is_retained=True)

    scene.death(1.0, "farewell")

    assert scene.changed(until=GRACE_S) == [(1.0, "away", "farewell")]


@pytest.mark.parametrize("interval_s", [30.0, 60.0, 3_600.0])
def test_our_restart_accuses_no_host_whose_next_beat_is_not_yet_due(
    scene: Scene, interval_s: float
) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, interval_s=interval_s, is_retained=True)

    changes = scene.changed(until=interval_s)
    scene.beat(interval_s, 7)

    assert changes == []
    assert scene.changed() == [(interval_s, "up", "beat")]


def test_a_slow_host_that_stays_silent_after_our_restart_is_down_in_its_own_time(
    scene: Scene,
) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, interval_s=60.0, is_retained=True)

    changes = scene.changed(until=1_000.0)

    assert changes == [(60.0 + MARGIN_S, "down", "grace_ended")]


def test_a_birth_said_again_does_not_keep_a_silent_host_in_the_grace(scene: Scene) -> None:
    """A bridge that reconnects says retained births again."""
    scene.subscribe(0.0)
    for at in (0.0, 20.0, 40.0, 60.0):
        scene.birth(at, interval_s=60.0, is_retained=True)

    changes = scene.changed(until=1_000.0)

    assert changes == [(60.0 + MARGIN_S, "down", "grace_ended")]


def test_a_host_is_watched_closely_from_its_first_beat_within_the_grace(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, is_retained=True)
    scene.beat(1.0, 7)

    changes = scene.changed(until=100.0)

    assert changes[-1] == (1.0 + DEADLINE_S, "down", "deadline_passed")


def test_a_host_heard_before_we_were_subscribed_is_not_judged_by_how_long_that_took(
    scene: Scene,
) -> None:
    """A broker that kept our session sends live beats between its CONNACK and its SUBACK."""
    scene.birth(0.0, is_retained=True)
    scene.beat(0.5, 7)

    scene.subscribe(20.0)

    assert scene.changed(until=20.0 + INTERVAL_S) == [(0.5, "up", "beat")]


def test_blind_we_know_nothing_of_who_was_up_and_accuse_nobody() -> None:
    scene = Scene("up", "down", "late")
    scene.bring_up()
    for second in range(1, 9):
        scene.beat(second, second, "up")
        scene.beat(second, second, "late")
    scene.beat(9.0, 9, "up")
    scene.beat(10.0, 10, "up")
    scene.changed(until=10.25)

    scene.detector.blinded(10.25)

    states = [scene.state(name) for name in ("up", "down", "late")]
    assert states == [HostState.UNKNOWN, HostState.DOWN, HostState.UNKNOWN]
    assert scene.host("late").counts_as_up
    assert not scene.host("down").counts_as_up
    assert [after for _, after, _ in scene.changed(until=10_000.0)] == ["unknown", "unknown"]


def test_blind_twice_over_an_up_host_still_counts_as_up(scene: Scene) -> None:
    scene.bring_up()
    scene.detector.blinded(1.0)
    scene.subscribe(2.0)

    scene.detector.blinded(3.0)

    assert scene.host().counts_as_up


def test_what_was_due_before_we_went_blind_is_still_said(scene: Scene) -> None:
    scene.bring_up()

    scene.detector.blinded(50.0)

    assert (DEADLINE_S, "down", "deadline_passed") in scene.changed()


def test_after_the_broker_returns_silence_is_reported_once_after_the_grace() -> None:
    scene = Scene("alpha", "gone")
    scene.bring_up()
    scene.changed(until=2.0)
    scene.beat(2.0, 2, "alpha")
    scene.detector.advance(10.0)
    scene.detector.blinded(11.0)
    scene.detector.events()

    scene.subscribe(20.0)

    assert scene.changed(until=10_000.0) == []


def test_a_host_up_before_the_broker_was_lost_has_the_grace_to_return(scene: Scene) -> None:
    scene.bring_up()
    scene.detector.blinded(1.0)
    scene.changed()

    scene.subscribe(20.0)

    assert scene.changed(until=20.0 + GRACE_S - 0.001) == []
    assert scene.changed(until=10_000.0) == [(20.0 + GRACE_S, "down", "grace_ended")]


def test_away_hosts_do_not_fail_while_nobody_can_hear_them_return() -> None:
    scene = Scene(away_limit_s=60.0)
    scene.bring_up()
    scene.death(0.5, "farewell")
    scene.detector.blinded(10.0)
    scene.changed()

    scene.subscribe(100.0)

    assert scene.changed(until=100.0 + GRACE_S - 0.001) == []
    assert scene.changed(until=10_000.0) == [(100.0 + GRACE_S, "down", "away_too_long")]


def test_a_stall_of_our_own_is_credited_in_full(scene: Scene) -> None:
    scene.bring_up()

    scene.detector.stalled(1.0, 6.0)

    assert scene.changed(until=6.5) == []
    assert scene.changed(until=100.0) == [
        (5.0 + INTERVAL_S + 1.0, "late", "patience_ended"),
        (5.0 + DEADLINE_S, "down", "deadline_passed"),
    ]


def test_a_stall_is_credited_to_held_wills_too(scene: Scene) -> None:
    scene.bring_up()
    scene.death(0.5, "lost")

    scene.detector.stalled(0.625, 1.625)

    assert scene.changed(until=1.625) == []
    assert scene.changed(until=2.0) == [(0.5 + 0.2 + 1.0, "down", "connection_lost")]


def test_a_stall_is_credited_to_the_grace(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.detector.stalled(1.0, 11.0)

    assert scene.changed(until=1_000.0) == [(GRACE_S + 10.0, "unseen", "never_heard")]


def test_what_was_due_before_a_stall_began_is_decided_as_if_there_were_none(scene: Scene) -> None:
    scene.bring_up()

    scene.detector.stalled(50.0, 60.0)

    assert scene.changed(until=60.0)[-1] == (DEADLINE_S, "down", "deadline_passed")


def test_a_stall_cannot_end_before_it_starts(scene: Scene) -> None:
    with pytest.raises(ValueError, match="cannot end"):
        scene.detector.stalled(2.0, 1.0)


def test_we_are_settled_when_every_host_is_decided_and_we_can_hear() -> None:
    scene = Scene("alpha", "beta")
    told = [scene.detector.is_settled]

    scene.subscribe(0.0)
    scene.beat(1.0, 0, "alpha")
    told.append(scene.detector.is_settled)
    scene.detector.advance(GRACE_S)
    told.append(scene.detector.is_settled)
    scene.detector.blinded(20.0)
    told.append(scene.detector.is_settled)

    assert told == [False, False, True, False]
