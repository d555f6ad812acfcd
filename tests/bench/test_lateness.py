"""Tests of lateness, as the bench of a lossy line counts it."""

import pytest

from bench.kit.lateness import Lateness


def heard_at(*moments: float, interval_s: float = 1.0) -> Lateness:
    heard = Lateness(interval_s)
    for now in moments:
        heard.add_beats("a host", now)
    return heard


@pytest.mark.parametrize(
    ("heard", "late_s"),
    [
        (heard_at(1_000.0), 0.0),
        (heard_at(10.0, 11.0, 13.5), 1.5),
        (heard_at(10.0, 11.0, 11.75, 12.75), 0.0),
        (heard_at(10.0, 15.0, 22.0, interval_s=5.0), 2.0),
    ],
    ids=["the first", "after a silence", "in time and early", "of another interval"],
)
def test_beat_is_as_late_as_its_silence_is_too_long(heard: Lateness, late_s: float) -> None:
    assert heard.latest_s == late_s
    assert heard.later_than(0.0) == (late_s > 0.0)
    assert heard.later_than(late_s) == 0


def test_of_beats_that_arrive_together_only_the_first_is_late() -> None:
    heard = heard_at(10.0)

    heard.add_beats("a host", 15.0, beats=4)
    heard.add_beats("a host", 15.0)

    assert (heard.beats, heard.later_than(2.0), heard.latest_s) == (6, 1, 4.0)


def test_each_connection_has_silences_of_its_own() -> None:
    heard = heard_at(10.0)

    for name, now in (("another", 12.0), ("another", 13.0), ("a host", 13.5)):
        heard.add_beats(name, now)

    assert (heard.later_than(0.0), heard.latest_s) == (1, 2.5)


def test_silence_from_before_the_measurement_counts_in_full() -> None:
    heard = heard_at(10.0, 19.0)

    heard.begin()
    at_once = heard.latest_s
    heard.add_beats("a host", 22.0)

    assert (at_once, heard.beats, heard.latest_s) == (0.0, 1, 2.0)


def test_a_silence_that_lasts_at_the_end_counts_for_as_long_as_it_has() -> None:
    heard = heard_at(10.0)
    heard.add_beats("another", 15.0)

    heard.finish(15.5)

    assert (heard.beats, heard.later_than(0.0), heard.latest_s) == (2, 1, 4.5)
