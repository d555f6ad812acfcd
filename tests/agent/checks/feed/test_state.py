"""Values of a feed in any state: notes, times, bounds, and our own clock."""

import os
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.checks import feed
from agent.checks.results_feed.clock import Calendar, zone_of
from agent.checks.results_feed.header import FeedError, OversizedError
from tests.agent.checks.feed.hall import NOON, Hall, untimed


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_a_step_of_our_own_clock_makes_nothing_silent_and_nothing_old(hall: Hall) -> None:
    hall.score(0.0, 1)
    hall.stepped_s = 7200.0

    reading = hall.at(10.0)

    assert reading.state == "flowing"
    assert reading.values.results_data_age_seconds == 10.0
    assert reading.values.results_last_message_timestamp_seconds == NOON + 7200.0


def test_what_is_no_message_is_counted_and_said(hall: Hall) -> None:
    hall.feed.refuse(FeedError("Expected no DOCTYPE"), hall.now(0.0))
    hall.feed.refuse(OversizedError("Expected at most 9 bytes"), hall.now(1.0))

    values = hall.at(1.0).values

    assert values.results_parse_errors_total == 1
    assert values.results_oversized_total == 1
    assert untimed(hall.at(1.0).detail) == (
        "all that came for 1 s was refused; refused: Expected at most 9 bytes"
    )


def test_a_note_is_forgotten_after_five_minutes(hall: Hall) -> None:
    hall.feed.refuse(FeedError("Expected no DOCTYPE"), hall.now(0.0))

    assert "DOCTYPE" in hall.at(299.0).detail
    assert "DOCTYPE" not in hall.at(301.0).detail


def test_when_things_were_is_told_in_unixtime(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.score(10.0, 1, size_bytes=500)
    hall.says(20.0, "DT_KA", size_bytes=100)

    values = hall.at(25.0).values

    assert values.results_last_message_timestamp_seconds == NOON + 20.0
    assert values.results_last_data_timestamp_seconds == NOON + 10.0
    assert values.results_bytes_total == 600
    assert values.results_live_units == 1


def test_what_is_remembered_is_bounded_whoever_speaks(hall: Hall) -> None:
    for at in range(20_000):
        hall.score(at / 100, 1, code=f"BKB{at}", source=f"HALL{at % 500}")

    reading = hall.at(200.0)

    assert (reading.values.results_live_units or 0) <= 512
    assert reading.values.results_messages_total == 20_000


def test_a_repeated_hour_is_the_one_that_is_nearer() -> None:
    calendar = Calendar(ZoneInfo("Europe/Paris"), time(3))
    change = datetime(2024, 10, 27, 1, tzinfo=UTC).timestamp()
    stamp = datetime(2024, 10, 27, 2, 30)  # noqa: DTZ001 - a source's stamp has no zone

    first = calendar.unixtime_of(stamp, change - 1800)
    second = calendar.unixtime_of(stamp, change + 1800)

    assert (first, second) == (change - 1800, change + 1800)
    assert timedelta(seconds=second - first) == timedelta(hours=1)


def test_windows_is_told_where_zones_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")

    with pytest.raises(ValueError, match="Windows knows none before `pip install tzdata`"):
        zone_of("Nowhere/Town")


def test_a_discipline_keeps_its_limit_when_another_is_set() -> None:
    config = feed.Config(name="results", zone="UTC", folder="a", data_limits_s={"ATH": 20.0})

    limits = feed.limits_of(config)

    assert limits.data_s == {"BKB": 45.0, "FBL": 450.0, "ATH": 20.0}
    assert limits.data_default_s == 300.0
