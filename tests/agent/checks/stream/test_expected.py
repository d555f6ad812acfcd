"""A source is expected at its times: days, hours, past midnight, by its zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.checks.streams.expected import Expected, span_of

PARIS, TAHITI = ZoneInfo("Europe/Paris"), ZoneInfo("Pacific/Tahiti")


def is_expected(*spans: str, at: str, zone: ZoneInfo = PARIS) -> bool:
    wall_s = datetime.fromisoformat(at).replace(tzinfo=zone).timestamp()
    return Expected(spans, zone).has(wall_s)


@pytest.mark.parametrize(
    ("spans", "at", "expected"),
    [
        (["Mon-Sun 08:00-22:00"], "2024-08-03 08:00:00", True),
        (["Mon-Sun 08:00-22:00"], "2024-08-03 07:59:59", False),
        (["Mon-Sun 08:00-22:00"], "2024-08-03 21:59:59", True),
        (["Mon-Sun 08:00-22:00"], "2024-08-03 22:00:00", False),
        (["08:00-22:00"], "2024-08-03 12:00:00", True),
        (["Mon-Fri 08:00-22:00"], "2024-08-03 12:00:00", False),
        (["Mon-Fri 08:00-22:00", "Sat 12:00-13:00"], "2024-08-03 12:00:00", True),
        (["Mon,Wed,Sat-Sun 08:00-22:00"], "2024-08-03 12:00:00", True),
        (["Mon,Wed,Sat-Sun 08:00-22:00"], "2024-08-02 12:00:00", False),
        (["Sat-Mon 08:00-22:00"], "2024-08-05 12:00:00", True),
        (["Sat-Mon 08:00-22:00"], "2024-08-06 12:00:00", False),
        (["00:00-24:00"], "2024-08-03 23:59:59", True),
        ([], "2024-08-03 03:00:00", True),
    ],
)
def test_days_and_hours_say_when(spans: list[str], at: str, *, expected: bool) -> None:
    assert is_expected(*spans, at=at) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2024-08-02 19:59:59", False),
        ("2024-08-02 20:00:00", True),
        ("2024-08-03 01:59:59", True),
        ("2024-08-03 02:00:00", False),
        ("2024-08-04 01:00:00", False),
        ("2024-08-02 01:00:00", False),
    ],
)
def test_a_night_session_belongs_to_the_day_of_its_beginning(at: str, *, expected: bool) -> None:
    assert is_expected("Fri 20:00-02:00", at=at) is expected


def test_sunday_night_goes_on_into_monday() -> None:
    assert is_expected("Sun 22:00-02:00", at="2024-08-05 01:30:00")
    assert not is_expected("Sun 22:00-02:00", at="2024-08-04 01:30:00")


def test_hours_are_those_of_the_zone() -> None:
    assert is_expected("Sat 08:00-22:00", at="2024-08-03 08:00:00", zone=TAHITI)
    assert not is_expected("Sat 08:00-22:00", at="2024-08-03 07:00:00", zone=TAHITI)


@pytest.mark.parametrize("at", ["2024-03-31 08:00:00", "2024-10-27 08:00:00"])
def test_a_change_of_the_clocks_moves_no_hour(at: str) -> None:
    assert is_expected("Sun 08:00-09:00", at=at)
    assert not is_expected("Sun 08:00-09:00", at=at.replace("08:00:00", "07:59:59"))


@pytest.mark.parametrize(
    "text",
    [
        *("", "Mon", "8-22", "08:00", "08:00-08:00", "24:00-06:00", "08:00-25:00", "08:60-09:00"),
        *("Mo 08:00-22:00", "Mon- 08:00-22:00", "Mon 08:00-22:00 x", "mon 08:00-22:00"),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match='as "Mon-Sun 08:00-22:00"'):
        span_of(text)
