"""Every state says since when it is so, and when the last good message came."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.checks.reading.times import Now, Since
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.header import FeedError
from agent.checks.results_feed.state import Feed, Way
from tests.agent.checks.feed.hall import LIMITS, NOON, Hall, each


@pytest.mark.parametrize(
    ("story", "at_s", "state", "words"),
    [
        ("", 5, "unknown", "since 12:00:05 UTC, no good message yet"),
        ("9 LOCAL_ON; 10 flowing", 40, "flowing", "since 12:00:10 UTC, last good message 12:00:09"),
        ("0 LOCAL_ON; 95 silent", 130, "silent", "since 12:01:35 UTC, last good message 12:00:00"),
        ("9 LOCAL_ON; 30 KA broken=x", 40, "flowing", "last good message 12:00:09 UTC"),
        ("9 LOCAL_ON; 30 KA flag=T", 40, "flowing", "last good message 12:00:09 UTC"),
        ("0 LOCAL_ON; 9 LOCAL_OFF; 10 not_expected", 90, "not_expected", "since 12:00:10 UTC"),
        ("0 LOCAL_ON; 1 CURRENT; " + each(range(5, 60, 5), "KA"), 60, "frozen", "12:00:55 UTC"),
    ],
)
def test_state_is_told_with_its_beginning(story: str, at_s: int, state: str, words: str) -> None:
    hall = Hall()
    if story:
        hall.plays(story)

    reading = hall.at(at_s)

    assert reading.state == state
    assert words in reading.detail


@pytest.mark.parametrize(
    ("way", "state"),
    [
        (Way("no such folder"), "critical"),
        (Way("a" * 400), "critical"),
        (Way(unread=5), "delayed"),
        (Way(seen=7), "delayed"),
    ],
)
def test_feed_that_is_not_read_tells_its_last_good_message(way: Way, state: str) -> None:
    hall = Hall()
    hall.plays("0 LOCAL_ON; 10 flowing")

    readings = [hall.feed.judge(hall.now(at_s), way) for at_s in (100.0, 200.0)]

    assert {it.state for it in readings} == {state}
    times = "since 12:01:40 UTC, last good message 12:00:00 UTC"
    assert all(times in it.detail for it in readings)


def test_refused_feed_tells_since_when() -> None:
    hall = Hall()
    for at_s in range(0, 200, 10):
        hall.feed.refuse(FeedError("Expected no DOCTYPE"), hall.now(at_s))
        reading = hall.at(at_s)

    assert reading.state == "critical"
    assert "since 12:01:40 UTC, no good message yet" in reading.detail


def test_state_that_comes_back_begins_again() -> None:
    hall = Hall()
    hall.plays("0 LOCAL_ON; 10 flowing; 100 silent; 110 KA; 120 flowing")

    assert "since 12:02:00 UTC" in hall.at(130.0).detail


def test_times_are_of_the_zone_of_the_source() -> None:
    calendar = Calendar(ZoneInfo("Pacific/Tahiti"), time(3))

    reading = Feed(LIMITS, calendar).judge(Now(0.0, NOON))

    assert "since 02:00:00 -10, " in reading.detail


def test_step_of_our_own_clock_moves_the_times_with_it() -> None:
    since = Since(UTC)
    since.words("silent", Now(990.0, NOON - 10.0), Now(1000.0, NOON))

    words = since.words("silent", Now(990.0, NOON - 10.0), Now(1001.0, NOON + 3601.0))

    assert words == "since 13:00:00 UTC, last good message 12:59:50 UTC"


def test_time_of_another_day_has_its_date() -> None:
    since = Since(UTC)
    begun = Now(0.0, datetime(2024, 8, 3, 12, tzinfo=UTC).timestamp())
    since.words("silent", None, begun)
    later_s = timedelta(days=2).total_seconds()

    words = since.words("silent", None, Now(later_s, begun.wall_s + later_s))

    assert words == "since 2024-08-03 12:00 UTC, no good message yet"
