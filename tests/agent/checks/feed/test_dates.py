"""Logical dates: sessions past the end of their day, and senders that say any date."""

from datetime import UTC, date, datetime, time, timedelta

from agent.checks.reading.times import Now
from agent.checks.results_feed.clock import Calendar
from agent.checks.results_feed.dates import LogicalDates
from agent.checks.results_feed.header import Message

EVENING = datetime(2024, 8, 3, 22)  # noqa: DTZ001 - a source's stamp has no zone


def message(stamp: datetime, said: date) -> Message:
    return Message("DT_KA", stamp=stamp, logical_date=said)


def test_session_keeps_its_date_whatever_else_is_sent_again() -> None:
    dates = LogicalDates(Calendar(UTC, time(3)))
    wrong = []

    for at in range(0, 6 * 3600, 30):
        now = Now(1000.0 + at, 0.0)
        wrong.append(dates.hear(message(EVENING + timedelta(seconds=at), EVENING.date()), now))
        day = EVENING - timedelta(days=1 + at % 5)
        wrong.append(dates.hear(message(day, day.date()), now))

    assert set(wrong) == {""}


def test_what_is_remembered_of_dates_is_bounded() -> None:
    dates = LogicalDates(Calendar(UTC, time(3)))

    for days in range(2_000):
        day = EVENING + timedelta(days=days)
        dates.hear(message(day, day.date()), Now(1000.0, 0.0))

    assert len(dates._right_s) <= 8  # noqa: SLF001
