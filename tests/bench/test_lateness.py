"""Tests of lateness, as the bench of a lossy line counts it."""

from bench.kit.lateness import Lateness


def heard_at(*moments: float, interval_s: float = 1.0) -> Lateness:
    heard = Lateness(interval_s)
    for now in moments:
        heard.add_beats("a host", now)
    return heard


def test_a_beat_is_as_late_as_the_silence_was_longer_than_the_interval() -> None:
    heard = heard_at(10.0, 11.0, 13.5)

    assert heard.latest_s == 1.5
    assert (heard.later_than(1.0), heard.later_than(1.5)) == (1, 0)


def test_beats_in_time_and_early_ones_are_not_late() -> None:
    heard = heard_at(10.0, 11.0, 11.75, 12.75)

    assert heard.beats == 4
    assert heard.later_than(0.0) == 0
    assert heard.latest_s == 0.0


def test_the_interval_is_the_one_that_was_named() -> None:
    heard = heard_at(10.0, 15.0, 22.0, interval_s=5.0)

    assert heard.later_than(0.0) == 1
    assert heard.latest_s == 2.0


def test_the_first_beat_is_never_late() -> None:
    assert heard_at(1_000.0).later_than(0.0) == 0


def test_of_beats_that_arrive_together_only_the_first_is_late() -> None:
    heard = heard_at(10.0)

    heard.add_beats("a host", 15.0, beats=4)
    heard.add_beats("a host", 15.0)

    assert heard.beats == 6
    assert heard.later_than(2.0) == 1
    assert heard.latest_s == 4.0


def test_each_connection_has_silences_of_its_own() -> None:
    heard = heard_at(10.0)

    heard.add_beats("another", 12.0)
    heard.add_beats("another", 13.0)
    heard.add_beats("a host", 13.5)

    assert heard.later_than(0.0) == 1
    assert heard.latest_s == 2.5


def test_what_came_before_the_measurement_does_not_count() -> None:
    heard = heard_at(10.0, 19.0)

    heard.begin()
    heard.add_beats("a host", 20.0)

    assert heard.beats == 1
    assert heard.latest_s == 0.0


def test_a_silence_that_began_before_the_measurement_counts_in_full() -> None:
    heard = heard_at(10.0)

    heard.begin()
    heard.add_beats("a host", 13.0)

    assert heard.latest_s == 2.0


def test_a_silence_that_lasts_at_the_end_counts_for_as_long_as_it_has() -> None:
    heard = heard_at(10.0)
    heard.add_beats("another", 15.0)

    heard.finish(15.5)

    assert heard.beats == 2
    assert heard.later_than(0.0) == 1
    assert heard.latest_s == 4.5
