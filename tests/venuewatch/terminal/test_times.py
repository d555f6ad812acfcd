"""Tests of times for people: always with a zone, and the venue's where it differs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from venuewatch.terminal import times

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
        ("Pacific/Tahiti", "13:00:00 CET (venue 02:00:00 -10)"),
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

    assert times.moment(NOON, NOON + 86_400) == "2026-11-25 13:00:00 CET"
    assert (
        times.moment(night, NOON, "Pacific/Tahiti")
        == "09:00:00 CET (venue 2026-11-24 22:00:00 -10)"
    )


def test_summer_and_winter_have_their_own_zone() -> None:
    assert times.moment(NOON - 86_400 * 150, NOON).endswith("CEST")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (59.4, "59 s"), (75, "1 min 15 s"), (3_600, "1 h 0 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert times.lasted(seconds) == shown
