"""Silence, lateness, recovery, and what the numbers of the beats say."""

import pytest

from tests.aggregator.scene import INTERVAL_S, MARGIN_S, Scene

DEADLINE_S = INTERVAL_S + MARGIN_S


def test_a_first_beat_brings_a_host_up(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.birth(0.5)
    scene.beat(1.0, 0)

    assert scene.changed() == [(1.0, "up", "beat")]


def test_a_host_that_beats_on_time_changes_nothing(scene: Scene) -> None:
    scene.bring_up()

    for second in range(1, 100):
        scene.beat(second + 0.25, second)

    assert scene.changed(until=101.0) == []


def test_silence_is_late_after_a_second_of_patience_and_down_at_the_deadline(scene: Scene) -> None:
    scene.bring_up()

    changes = scene.changed(until=1_000.0)

    assert changes == [
        (INTERVAL_S + 1.0, "late", "patience_ended"),
        (DEADLINE_S, "down", "deadline_passed"),
    ]


def test_nobody_is_down_before_the_deadline(scene: Scene) -> None:
    scene.bring_up()

    changes = scene.changed(until=DEADLINE_S - 0.001)

    assert [after for _, after, _ in changes] == ["late"]


def test_a_verdict_names_the_last_evidence(scene: Scene) -> None:
    scene.bring_up()
    scene.beat(1.0, 1)

    scene.detector.advance(100.0)

    last = scene.detector.events()[-1]
    assert getattr(last, "silent_since", None) == 1.0


def test_a_beat_that_comes_late_brings_a_host_back_without_an_alarm(scene: Scene) -> None:
    scene.bring_up()

    scene.beat(DEADLINE_S - 0.25, 1)

    assert scene.changed() == [
        (INTERVAL_S + 1.0, "late", "patience_ended"),
        (DEADLINE_S - 0.25, "up", "beat"),
    ]


def test_a_margin_shorter_than_the_patience_is_still_the_deadline() -> None:
    scene = Scene(margin_s=0.5)
    scene.bring_up()

    changes = scene.changed(until=10.0)

    assert changes == [(INTERVAL_S + 0.5, "down", "deadline_passed")]


def test_a_slow_beat_keeps_its_own_deadline(scene: Scene) -> None:
    scene.bring_up(interval_s=60.0)

    changes = scene.changed(until=1_000.0)

    assert changes == [
        (61.0, "late", "patience_ended"),
        (60.0 + MARGIN_S, "down", "deadline_passed"),
    ]


def test_what_was_due_is_decided_before_what_is_heard(scene: Scene) -> None:
    scene.bring_up()

    scene.beat(DEADLINE_S, 1)

    assert scene.changed()[-1] == (DEADLINE_S, "down", "deadline_passed")


def test_a_lost_host_is_back_after_three_beats_on_time(scene: Scene) -> None:
    scene.bring_down()

    scene.beat(20.0, 20)
    scene.beat(21.0, 21)
    before_the_third = scene.changed()
    scene.beat(22.0, 22)

    assert before_the_third == []
    assert scene.changed() == [(22.0, "up", "steady")]


def test_a_burst_of_beats_brings_nobody_back(scene: Scene) -> None:
    scene.bring_down()

    for seq in range(2, 12):
        scene.beat(20.0 + seq / 100, seq)

    assert scene.changed() == []


def test_a_gap_begins_the_count_of_steady_beats_again(scene: Scene) -> None:
    scene.bring_down()

    for at, seq in ((20.0, 20), (21.0, 21), (25.0, 25), (26.0, 26), (27.0, 27)):
        scene.beat(at, seq)

    assert scene.changed() == [(27.0, "up", "steady")]


def test_a_repeated_or_overtaken_beat_is_no_news_and_no_evidence(scene: Scene) -> None:
    scene.bring_up()
    scene.beat(1.0, 5)

    repeated, overtaken = scene.beat(1.5, 5), scene.beat(1.5, 3)

    assert (repeated, overtaken) == (False, False)
    assert scene.host().evidence_at == 1.0


def test_gaps_in_the_sequence_are_counted_as_missed(scene: Scene) -> None:
    scene.bring_up()

    for at, seq in ((1.0, 1), (2.0, 4), (3.0, 5), (4.0, 7)):
        scene.beat(at, seq)

    assert scene.host().missed == 3


def test_what_was_sent_before_the_first_beat_heard_was_not_missed(scene: Scene) -> None:
    scene.subscribe(0.0)

    scene.beat(1.0, 5_000)

    assert scene.host().missed == 0


def test_a_new_boot_is_a_restart_and_the_first_is_none(scene: Scene) -> None:
    scene.bring_up()
    first = scene.host().restarts

    scene.beat(1.0, 0, boot="b")
    scene.beat(2.0, 0, boot="c")

    assert (first, scene.host().restarts) == (0, 2)


def test_a_restart_misses_no_beats(scene: Scene) -> None:
    scene.bring_up()
    scene.beat(1.0, 900)

    scene.beat(2.0, 3, boot="b")

    assert scene.host().missed == 899


def test_a_quick_restart_pages_nobody(scene: Scene) -> None:
    scene.bring_up()
    scene.beat(1.0, 1)

    scene.death(1.25, "lost")
    scene.birth(1.375, boot="b")
    scene.beat(1.375, 0, boot="b")
    scene.beat(2.375, 1, boot="b")

    assert scene.changed(until=2.5) == []


@pytest.mark.parametrize("interval_s", [0.1, 1.0, 60.0])
def test_a_host_that_comes_back_is_watched_as_closely_as_before(
    scene: Scene, interval_s: float
) -> None:
    scene.bring_down()
    scene.birth(20.0, boot="b", interval_s=interval_s)
    for seq in range(3):
        scene.beat(20.0 + seq * interval_s, seq, boot="b")
    last = 20.0 + 2 * interval_s
    scene.changed()

    changes = scene.changed(until=last + 1_000.0)

    assert changes[-1][1:] == ("down", "deadline_passed")
    assert changes[-1][0] == pytest.approx(last + interval_s + MARGIN_S)
