"""Time stamps as programs write them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.reading.stamps import stamp_of

PARIS = ZoneInfo("Europe/Paris")
TAHITI = ZoneInfo("Pacific/Tahiti")
AT = datetime(2024, 8, 3, 16, 42, 3, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "2024-08-03T18:42:03+02:00",
        "2024-08-03T16:42:03Z",
        "2024-08-03T16:42:03.000000Z",
        "2024-08-03 16:42:03 +0000",
        "20240803T164203Z",
        "2024-08-03T18:42:03",
        "2024-08-03 18:42:03",
        "2024/08/03 18:42:03",
        "2024.08.03 18:42:03",
        "20240803184203",
        " 2024-08-03T18:42:03\r\n",
        "1722703323",
        "1722703323.000",
        "1722703323000",
        "1722703323000000",
        "1722703323000000000",
        "/Date(1722703323000)/",
        "/Date(1722703323000+0200)/",
        "18:42:03",
        "18:42:03.000",
        "18:42:03,0",
        "184203",
        "184203.00",
        "6:42:03 PM",
        "06:42:03.0pm",
        "6:42:03 p.m.",
        "638583001230000000",
    ],
)
def test_stamp_is_read_as_programs_write_it(text: str) -> None:
    assert stamp_of(text, PARIS, AT + 60) == AT


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("2024-08-03T16:42:03.123456789Z", 0.123456),
        ("20240803184203.5", 0.5),
        ("18:42:03.25", 0.25),
        ("18:42", -3.0),
        ("7:42", -11 * 3600 - 3.0),
        ("12:00 PM", -24_123.0 - 0.0),
        ("12:00 am", 5 * 3600 + 1077.0),
    ],
)
def test_fraction_and_short_times_are_read(text: str, after_s: float) -> None:
    assert stamp_of(text, PARIS, AT) == pytest.approx(AT + after_s, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        *("", "d", "2024-08-03", "20240803", "2024-13-01T00:00:00", "2024-08-32 00:00", "25:00"),
        *("1:2:3:4", "18:60:00", "246060", "0", "1234", "-1722703323", "99999999999999", "1e9"),
        *("1972-08-03T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "/Date(9e9)/"),
        *(
            "2024-W31-6T18:42:03",
            "2024-08-03T18:42:03+99:00",
            "18:42:03 PM",
            "0:42 AM",
            "1" * 70,
            "NaN",
        ),
        *("9:5", "\u0661\u0668:42"),
    ],
)
def test_text_that_is_no_stamp_is_not_guessed(text: str) -> None:
    assert stamp_of(text, PARIS, AT) is None


@pytest.mark.parametrize("near", ["2024-08-03T21:59:30", "2024-08-03T22:00:30"])
def test_time_of_day_is_of_the_nearest_day(near: str) -> None:
    near_s = datetime.fromisoformat(f"{near}+00:00").timestamp()
    midnight_s = datetime(2024, 8, 4, tzinfo=PARIS).timestamp()

    assert stamp_of("00:00:00", PARIS, near_s) == midnight_s
    assert stamp_of("23:59:00", PARIS, near_s) == midnight_s - 60


@pytest.mark.parametrize(("near_utc_hour", "utc_hour"), [(0, 0), (1, 1)])
def test_hour_that_comes_twice_is_the_nearer_one(near_utc_hour: int, utc_hour: int) -> None:
    day = datetime(2024, 10, 27, tzinfo=UTC)  # summer time ends at 01:00 UTC
    near_s = (day + timedelta(hours=near_utc_hour, minutes=31)).timestamp()

    found = stamp_of("2024-10-27T02:30:00", PARIS, near_s)

    assert found == (day + timedelta(hours=utc_hour, minutes=30)).timestamp()


@given(st.integers(10**9, 7 * 10**9), st.integers(0, 999_999), st.integers(-14, 14))
def test_stamp_with_a_zone_needs_no_other(second: int, fraction_us: int, hours: int) -> None:
    moment = datetime.fromtimestamp(second, timezone(timedelta(hours=hours)))
    moment = moment.replace(microsecond=fraction_us)

    assert stamp_of(moment.isoformat(), TAHITI, AT) == pytest.approx(moment.timestamp(), abs=1e-5)


@given(st.integers(-43_000, 43_000))
def test_time_of_day_is_within_half_a_day(away_s: int) -> None:
    hour = datetime.fromtimestamp(AT + away_s, TAHITI).strftime("%H:%M:%S")

    assert stamp_of(hour, TAHITI, AT) == AT + away_s


@given(st.text(max_size=40) | st.from_regex(r"[0-9:T.+Z/ -]{1,30}", fullmatch=True))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(stamp_of(text, PARIS, AT), float | None)
