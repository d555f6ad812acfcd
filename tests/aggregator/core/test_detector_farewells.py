"""Wills, farewells, and being away."""

import pytest

from tests.aggregator.scene import GRACE_S, INTERVAL_S, MARGIN_S, Scene

HOLD_S = 0.2
DEADLINE_S = INTERVAL_S + MARGIN_S


def test_a_will_is_believed_after_it_was_held(scene: Scene) -> None:
    scene.bring_up()
    scene.beat(1.0, 1)

    scene.death(1.5, "lost")

    assert scene.changed(until=1.5 + HOLD_S - 0.001) == []
    assert scene.changed(until=100.0) == [(1.5 + HOLD_S, "down", "connection_lost")]


def test_a_will_is_held_for_four_round_trips_where_those_are_long(scene: Scene) -> None:
    scene.bring_up()
    scene.host().round_trip_s = 0.25

    scene.death(0.5, "lost")

    assert scene.changed(until=100.0) == [(1.7, "down", "connection_lost")]


def test_a_will_never_makes_a_verdict_later_than_silence_does(scene: Scene) -> None:
    scene.bring_up()
    scene.host().round_trip_s = 60.0

    scene.death(0.5, "lost")

    assert scene.changed(until=100.0)[-1] == (DEADLINE_S, "down", "deadline_passed")


def test_a_newer_birth_voids_a_will(scene: Scene) -> None:
    scene.bring_up()

    scene.death(0.5, "lost")
    scene.birth(0.625, session=2)

    assert scene.changed(until=1.0) == []


def test_a_newer_beat_voids_a_will(scene: Scene) -> None:
    scene.bring_up()

    scene.death(0.5, "lost")
    scene.beat(0.625, 1, session=2)

    assert scene.changed(until=1.5) == []


def test_the_end_of_our_own_connection_voids_a_will(scene: Scene) -> None:
    scene.bring_up()

    scene.death(0.5, "lost")
    scene.detector.blinded(0.625)

    assert scene.changed(until=100.0) == [(0.625, "unknown", "blinded")]


def test_the_same_birth_said_again_voids_no_will(scene: Scene) -> None:
    scene.bring_up()

    scene.death(0.5, "lost")
    scene.birth(0.625)

    assert scene.changed(until=1.0) == [(0.5 + HOLD_S, "down", "connection_lost")]


def test_a_retained_birth_voids_no_will(scene: Scene) -> None:
    scene.bring_up()

    scene.death(0.5, "lost")
    scene.birth(0.625, session=2, is_retained=True)

    assert scene.changed(until=1.0) == [(0.5 + HOLD_S, "down", "connection_lost")]


def test_a_will_of_an_older_session_accuses_nobody(scene: Scene) -> None:
    scene.bring_up()
    scene.birth(0.25, session=2)
    scene.beat(0.25, 1, session=2)

    scene.death(0.5, "lost", session=1)

    assert scene.changed(until=1.5) == []


def test_a_will_that_comes_after_the_next_birth_and_before_its_beat_accuses_nobody(
    scene: Scene,
) -> None:
    scene.bring_up()
    scene.birth(0.25, session=2)

    scene.death(0.5, "lost", session=1)

    assert scene.changed(until=1.5) == []


def test_a_will_of_an_older_boot_accuses_nobody(scene: Scene) -> None:
    scene.bring_up()
    scene.birth(0.25, boot="b")
    scene.beat(0.25, 0, boot="b")

    scene.death(0.5, "lost", boot="a", session=99)

    assert scene.changed(until=1.0) == []


@pytest.mark.parametrize("reason", ["lost", "farewell"])
def test_a_retained_death_accuses_nobody(scene: Scene, reason: str) -> None:
    scene.bring_up()

    scene.death(0.5, "lost" if reason == "lost" else "farewell", is_retained=True)

    assert scene.changed(until=1.5) == []


def test_a_retained_birth_is_no_sign_of_life(scene: Scene) -> None:
    scene.bring_down()

    for at in (20.0, 21.0, 22.0, 23.0):
        scene.birth(at, session=2, is_retained=True)

    assert scene.changed(until=30.0) == []


def test_a_farewell_is_believed_at_once_and_pages_nobody(scene: Scene) -> None:
    scene.bring_up()

    scene.death(0.5, "farewell")

    assert scene.changed(until=899.0) == [(0.5, "away", "farewell")]
    assert scene.host().cause is None


def test_a_farewell_of_an_older_session_is_ignored(scene: Scene) -> None:
    scene.bring_up()
    scene.beat(0.25, 1, session=2)

    scene.death(0.5, "farewell", session=1)

    assert scene.changed(until=1.0) == []


def test_a_host_that_was_away_is_back_on_its_first_beat(scene: Scene) -> None:
    scene.bring_up()
    scene.death(0.5, "farewell")
    scene.changed()

    scene.birth(300.0, boot="b")
    scene.beat(300.0, 0, boot="b")

    assert scene.changed() == [(300.0, "up", "beat")]


def test_a_host_that_was_away_is_watched_as_closely_as_before(scene: Scene) -> None:
    scene.bring_up()
    scene.death(0.5, "farewell")
    scene.detector.advance(200.0)
    scene.birth(300.0, boot="b")
    scene.beat(300.0, 0, boot="b")
    scene.changed()

    due = scene.detector.next_deadline()
    changes = scene.changed(until=2_000.0)

    assert due == 302.0
    assert changes == [
        (302.0, "late", "patience_ended"),
        (300.0 + DEADLINE_S, "down", "deadline_passed"),
    ]


def test_a_host_that_does_not_return_in_time_is_a_problem_with_that_name() -> None:
    scene = Scene(away_limit_s=60.0)
    scene.bring_up()

    scene.death(0.5, "farewell")

    assert scene.changed(until=1_000.0) == [
        (0.5, "away", "farewell"),
        (60.5, "down", "away_too_long"),
    ]
    assert scene.host().cause == "did_not_return"


def test_saying_farewell_twice_does_not_extend_it() -> None:
    scene = Scene(away_limit_s=60.0)
    scene.bring_up()
    scene.death(0.5, "farewell")

    scene.death(50.0, "farewell")

    assert scene.changed(until=1_000.0)[-1] == (60.5, "down", "away_too_long")


def test_a_lost_host_may_still_say_farewell(scene: Scene) -> None:
    scene.bring_down()

    scene.death(11.0, "farewell")

    assert scene.changed() == [(11.0, "away", "farewell")]


def test_a_will_of_a_host_that_is_away_means_nothing(scene: Scene) -> None:
    scene.bring_up()
    scene.death(0.5, "farewell")
    scene.changed()

    scene.death(0.75, "lost")

    assert scene.changed(until=100.0) == []


def test_a_retained_farewell_is_believed_when_the_grace_ends(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.birth(0.0, is_retained=True)
    scene.death(0.0, "farewell", is_retained=True)

    assert scene.changed(until=GRACE_S) == [(GRACE_S, "away", "farewell")]


def test_a_retained_farewell_of_an_older_session_excuses_nobody(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.birth(0.0, session=2, is_retained=True)
    scene.death(0.0, "farewell", session=1, is_retained=True)

    assert scene.changed(until=GRACE_S) == [(GRACE_S, "down", "grace_ended")]
