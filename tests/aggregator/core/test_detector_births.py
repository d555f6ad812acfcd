"""What a birth changes: the interval that is promised, and whether we have to ask for one."""

import pytest

from tests.aggregator.scene import INTERVAL_S, MARGIN_S, STOCK_MARGIN_S, Scene

DEADLINE_S = INTERVAL_S + MARGIN_S
UNANNOUNCED_S = 60.0


def test_an_unannounced_boot_gets_the_patience_of_a_slow_one(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.beat(0.0, 7)

    assert scene.changed(until=1_000.0) == [
        (0.0, "up", "beat"),
        (UNANNOUNCED_S + 1.0, "late", "patience_ended"),
        (UNANNOUNCED_S + MARGIN_S, "down", "deadline_passed"),
    ]


def test_a_birth_that_comes_after_the_beat_sets_the_interval(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.beat(0.0, 7)
    scene.changed()

    scene.birth(0.25)

    due = scene.detector.next_deadline()
    at, after, _ = scene.changed(until=100.0)[-1]
    assert due == pytest.approx(INTERVAL_S + 1.0)
    assert after == "down"
    assert at == pytest.approx(DEADLINE_S)


def test_an_interval_learned_late_accuses_nobody_of_the_past(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.beat(0.0, 7)
    scene.changed(until=30.0)

    scene.birth(30.0)

    assert all(at > 30.0 for at, _, _ in scene.changed(until=1_000.0))


def test_a_birth_of_another_boot_leaves_the_interval_of_the_beating_one(scene: Scene) -> None:
    scene.bring_up()

    scene.birth(0.5, boot="b", interval_s=3_600.0)

    assert scene.changed(until=100.0)[-1] == (DEADLINE_S, "down", "deadline_passed")


def test_a_restart_with_a_shorter_interval_is_watched_from_its_first_beat(scene: Scene) -> None:
    scene.bring_up(interval_s=60.0)

    scene.birth(20.0, boot="b", interval_s=1.0)
    scene.beat(20.0, 0, boot="b")

    assert scene.detector.next_deadline() == 22.0
    assert scene.changed(until=1_000.0) == [
        (22.0, "late", "patience_ended"),
        (20.0 + DEADLINE_S, "down", "deadline_passed"),
    ]


def test_a_restart_with_a_longer_interval_is_not_judged_by_the_old_one(scene: Scene) -> None:
    scene.bring_up()

    scene.birth(1.0, boot="b", interval_s=60.0)
    scene.beat(1.0, 0, boot="b")

    assert scene.changed(until=60.0) == []


def test_a_beat_of_an_unknown_boot_asks_for_a_birth(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.beat(1.0, 7)

    assert scene.births_wanted() == [1.0]


def test_an_announced_boot_is_asked_for_nothing(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.birth(0.5, is_retained=True)

    scene.beat(1.0, 7)

    assert scene.births_wanted() == []


def test_a_birth_is_asked_for_once_in_five_seconds(scene: Scene) -> None:
    scene.subscribe(0.0)

    for at in range(13):
        scene.beat(at, at)

    assert scene.births_wanted() == [0.0, 5.0, 10.0]


def test_the_birth_of_an_older_boot_answers_nothing(scene: Scene) -> None:
    scene.bring_up()

    scene.beat(1.0, 0, boot="b")

    assert scene.births_wanted() == [1.0]


def test_an_agent_that_can_do_nothing_about_tcp_has_the_margin_for_that(scene: Scene) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, stock_tcp=True)
    scene.beat(0.0, 0)

    assert scene.changed(until=100.0) == [
        (0.0, "up", "beat"),
        (INTERVAL_S + 1.0, "late", "patience_ended"),
        (INTERVAL_S + STOCK_MARGIN_S, "down", "deadline_passed"),
    ]


def test_an_agent_that_learned_to_do_something_about_tcp_loses_the_wider_margin(
    scene: Scene,
) -> None:
    scene.subscribe(0.0)
    scene.birth(0.0, stock_tcp=True)
    scene.beat(0.0, 0)

    scene.birth(5.0, session=2)
    scene.beat(5.0, 1, session=2)

    assert scene.changed(until=100.0)[-1] == (5.0 + DEADLINE_S, "down", "deadline_passed")


def test_a_wider_margin_moves_no_expected_time(scene: Scene) -> None:
    scene.bring_up()
    expected_at = scene.host().expected_at

    scene.birth(0.5, session=2, stock_tcp=True)

    assert scene.host().expected_at == expected_at


@pytest.mark.parametrize("is_before", [True, False])
def test_whoever_speaks_through_a_bridge_has_the_margin_of_the_bridges_tcp(
    scene: Scene, *, is_before: bool
) -> None:
    """The agent's own connection ends at the venue's broker: what it says of itself is no help."""
    scene.subscribe(0.0)
    if is_before:
        scene.detector.boots.take_bridge(scene.venue, 0.0)
    scene.birth(0.0)
    scene.beat(0.0, 0)

    if not is_before:
        scene.detector.boots.take_bridge(scene.venue, 0.5)

    assert scene.changed(until=100.0)[-1] == (
        INTERVAL_S + STOCK_MARGIN_S,
        "down",
        "deadline_passed",
    )


def test_a_bridge_that_is_known_moves_no_expected_time(scene: Scene) -> None:
    scene.bring_up()
    expected_at = scene.host().expected_at

    scene.detector.boots.take_bridge(scene.venue, 0.5)

    assert scene.host().expected_at == expected_at
