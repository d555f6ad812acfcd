"""Tests of times for people: always with a zone, and the venue's where it differs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from tests.kit.shown import AT
from venuewatch.base import times

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def _barcelona(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Madrid")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("", "13:00:00 CET"),
        ("Europe/Paris", "13:00:00 CET"),
        ("Pacific/Tahiti", "13:00:00 CET (venue 02:00:00 UTC-10)"),
        ("Asia/Tokyo", "13:00:00 CET (venue 21:00:00 JST)"),
        ("No/Such", "13:00:00 CET"),
        ("../etc/passwd", "13:00:00 CET"),
        ("\x00", "13:00:00 CET"),
    ],
)
def test_a_moment_has_the_centres_zone_and_the_venues(zone: str, shown: str) -> None:
    assert times.moment(NOON, NOON, zone) == shown


def test_another_day_is_named_there_and_here() -> None:
    night = NOON - 4 * 3_600

    assert times.moment(NOON, NOON + 86_400) == "25 Nov 13:00:00 CET"
    assert (
        times.moment(night, NOON, "Pacific/Tahiti") == "09:00:00 CET (venue 24 Nov 22:00:00 UTC-10)"
    )


def test_summer_and_winter_have_their_own_zone() -> None:
    assert times.moment(NOON - 86_400 * 150, NOON).endswith("CEST")


@pytest.mark.parametrize(
    ("length_s", "said"),
    [(-1, "0 s"), (0.9, "0 s"), (59.9, "59 s"), (252, "4 min 12 s"), (3_600, "1 h 00 min"),
     (86_399, "23 h 59 min"), (90_000, "1 d 1 h")],
)  # fmt: skip
def test_durations_have_two_units_at_most(length_s: float, said: str) -> None:
    assert times.duration(length_s) == said


@pytest.mark.parametrize(
    ("zone", "now", "said"),
    [
        (UTC, AT, "08:00:00 UTC"),
        (ZoneInfo("Europe/Paris"), AT, "09:00:00 CET"),
        (ZoneInfo("Pacific/Tahiti"), AT, "22:00:00 UTC\u221210"),
        (UTC, AT + 86_400 * 365, "15 Jan 2027 08:00:00 UTC"),
        (ZoneInfo("Pacific/Tahiti"), AT + 86_400, "14 Jan 22:00:00 UTC\u221210"),
        (timezone(timedelta(hours=5, minutes=30)), AT, "13:30:00 UTC+05:30"),
    ],
)
def test_times_have_a_zone_and_a_date_if_it_is_another_day(
    zone: tzinfo, now: float, said: str
) -> None:
    assert str(times.zoned(AT, zone, now)) == said


def test_a_zone_that_is_none_is_not_shown() -> None:
    assert [times.zone_of(name) for name in ("No/Where", "", "../etc/passwd", "a\0b")] == [None] * 4
