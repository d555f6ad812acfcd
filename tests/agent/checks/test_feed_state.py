"""What state a feed is in, message by message, on a virtual clock in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.checks import Reading
from agent.checks._feed_clock import Calendar
from agent.checks._feed_messages import FeedError, Message, OversizedError
from agent.checks._feed_state import Feed, Flag
from agent.checks._feed_world import Limits
from agent.checks._moment import Now

NOON = datetime(2024, 8, 3, 12, tzinfo=UTC).timestamp()
UNIT = "BKBWTEAM5-----GPA-000700"
LIMITS = Limits(keep_alive_s=90.0, latency_s=60.0, data_default_s=300.0, data_s={"BKB": 45.0})


class Hall:
    """A feed, and a clock that starts at noon; times are seconds since then."""

    def __init__(self, flag: Flag = "P", ahead_s: float = 0.0) -> None:
        self.feed = Feed(LIMITS, Calendar(UTC, time(3)), flag)
        self.ahead_s = ahead_s
        self.stepped_s = 0.0

    def says(self, at_s: float, kind: str, *, stamped_s: float | None = None, **more: Any) -> None:
        stamp_s = NOON + self.ahead_s + (at_s if stamped_s is None else stamped_s)
        stamp = datetime.fromtimestamp(stamp_s, UTC).replace(tzinfo=None)
        header = {"source": "HALL1", "stamp": stamp, "flag": "P", **more}
        self.feed.hear(Message(kind, **header), self.now(at_s))

    def score(self, at_s: float, version: int | None = None, **more: Any) -> None:
        header = {"code": UNIT, "status": "LIVE", "version": version, **more}
        self.says(at_s, header.pop("kind", "DT_CURRENT"), **header)

    def result(self, at_s: float, status: str, **more: Any) -> None:
        self.says(at_s, "DT_RESULT", code=UNIT, status=status, **more)

    def at(self, at_s: float) -> Reading:
        return self.feed.judge(self.now(at_s))

    def now(self, at_s: float) -> Now:
        return Now(1000.0 + at_s, NOON + at_s + self.stepped_s)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_before_the_first_message_nothing_is_expected(hall: Hall) -> None:
    reading = hall.at(86_400.0)

    assert reading.state == "not_expected"
    assert reading.detail == "nothing heard yet"


def test_silence_inside_a_window_is_said_after_the_keep_alive_limit_and_not_before(
    hall: Hall,
) -> None:
    hall.says(0.0, "DT_LOCAL_ON")

    assert hall.at(90.0).state == "flowing"
    assert hall.at(90.1).state == "silent"
    assert hall.at(90.1).detail == "HALL1: nothing for 90 s, limit 90 s"


def test_silence_after_the_window_is_expected(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.says(10.0, "DT_LOCAL_OFF")

    assert hall.at(10.0).state == "not_expected"
    assert hall.at(10_000.0).state == "not_expected"


def test_any_message_is_a_sign_of_life(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.says(80.0, "DT_SCHEDULE")

    assert hall.at(160.0).state == "flowing"


@pytest.mark.parametrize("kind", ["DT_KA", "DT_SCHEDULE", "DT_LOCAL_ON"])
def test_a_restarted_agent_learns_of_an_open_window_from_any_message(hall: Hall, kind: str) -> None:
    hall.says(0.0, kind)

    assert hall.at(91.0).state == "silent"


def test_a_restarted_agent_takes_a_late_signature_for_no_window(hall: Hall) -> None:
    hall.result(0.0, "OFFICIAL")

    assert hall.at(91.0).state == "not_expected"


def test_a_late_signature_after_the_window_opens_none(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.says(10.0, "DT_LOCAL_OFF")
    hall.result(2000.0, "OFFICIAL")

    assert hall.at(2100.0).state == "not_expected"


def test_live_data_after_the_window_is_noted_and_opens_none(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.says(10.0, "DT_LOCAL_OFF")
    hall.score(20.0, 1)

    reading = hall.at(200.0)

    assert reading.state == "not_expected"
    assert "came outside the talking window" in reading.detail


def test_a_keep_alive_after_the_window_shows_that_its_next_beginning_was_lost(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_OFF")
    hall.says(3600.0, "DT_KA")

    assert hall.at(3691.0).state == "silent"


def test_a_keep_alive_that_the_end_of_the_window_overtook_opens_none(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.says(50.0, "DT_LOCAL_OFF")
    hall.says(51.0, "DT_KA", stamped_s=40.0)
    hall.says(52.0, "DT_LOCAL_ON", stamped_s=0.0)

    assert hall.at(200.0).state == "not_expected"


def test_several_sources_have_windows_of_their_own(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON", source="HALL1")
    hall.says(0.0, "DT_LOCAL_ON", source="HALL2")
    hall.says(80.0, "DT_KA", source="HALL2")

    reading = hall.at(100.0)

    assert reading.state == "silent"
    assert reading.detail.startswith("HALL1")


def test_data_that_rests_while_its_source_says_that_it_lives_is_frozen(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.score(10.0, 1)
    hall.says(40.0, "DT_KA")
    before = hall.at(56.0)
    hall.says(70.0, "DT_KA")
    after = hall.at(70.0)

    assert before.state == "flowing"
    assert after.state == "frozen"
    assert after.detail == f"{UNIT}: no new data for 60 s, limit 45 s"
    assert after.values.results_data_age_seconds == 60.0


def test_when_all_of_it_ends_at_once_it_is_silent_and_was_never_frozen(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.score(10.0, 1)
    hall.says(30.0, "DT_KA")

    states = [hall.at(float(at_s)).state for at_s in range(30, 140)]

    assert states == ["flowing"] * 91 + ["silent"] * 19


def test_the_limit_for_resting_data_belongs_to_the_discipline(hall: Hall) -> None:
    hall.score(0.0, 1, code="FBLMTEAM11----GPA-000100")
    hall.says(60.0, "DT_KA")
    early = hall.at(60.0)
    for at_s in range(120, 420, 60):
        hall.says(at_s, "DT_KA")
    late = hall.at(361.0)

    assert early.state == "flowing"
    assert late.state == "frozen"


@pytest.mark.parametrize("status", ["INTERMEDIATE", "UNOFFICIAL", "OFFICIAL", "PROTESTED"])
def test_data_may_rest_once_its_unit_is_no_longer_live(hall: Hall, status: str) -> None:
    hall.score(0.0, 1)
    hall.result(20.0, status)
    for at_s in range(30, 3600, 60):
        hall.says(at_s, "DT_KA")

    reading = hall.at(3600.0)

    assert reading.state == "flowing"
    assert reading.values.results_live_units == 0


def test_a_break_ends_with_the_next_live_message(hall: Hall) -> None:
    hall.result(0.0, "LIVE")
    hall.result(20.0, "INTERMEDIATE")
    hall.says(60.0, "DT_KA")
    hall.result(100.0, "LIVE")
    back = hall.at(100.0)
    hall.says(150.0, "DT_KA")

    assert back.values.results_live_units == 1
    assert back.state == "flowing"
    assert hall.at(150.0).state == "frozen"


def test_live_data_that_its_end_overtook_makes_nothing_live(hall: Hall) -> None:
    hall.score(0.0, 1)
    hall.result(30.0, "OFFICIAL")
    hall.score(31.0, 2, stamped_s=25.0)

    assert hall.at(31.0).values.results_live_units == 0


def test_the_same_file_again_and_again_is_frozen(hall: Hall) -> None:
    for at_s in range(0, 60, 10):
        hall.score(at_s, 7, kind="DT_RESULT", stamped_s=0.0)

    assert hall.at(60.0).state == "frozen"


def test_the_same_file_with_a_fresh_header_is_frozen_too(hall: Hall) -> None:
    for at_s in range(0, 60, 10):
        hall.score(at_s, 7, kind="DT_RESULT")

    assert hall.at(60.0).state == "frozen"


def test_a_score_that_is_repeated_because_nothing_happens_is_not_frozen(hall: Hall) -> None:
    for at_s in range(0, 120, 30):
        hall.score(at_s, 7)

    assert hall.at(120.0).state == "flowing"


def test_live_data_that_was_long_on_its_way_is_delayed_though_keep_alives_are_fresh(
    hall: Hall,
) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.score(100.0, 1, stamped_s=30.0)
    hall.says(101.0, "DT_KA")

    reading = hall.at(101.0)

    assert reading.state == "delayed"
    assert reading.detail == f"{UNIT}: data was 70 s on its way, limit 60 s"
    assert reading.values.results_latency_seconds == 70.0


def test_a_backlog_is_delayed_until_it_is_worked_off(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    states = []
    for version, stamped_s in enumerate(range(0, 200, 20)):
        hall.score(200.0 + version, version, stamped_s=stamped_s)
        states.append(hall.at(200.0 + version).state)

    assert states == ["delayed"] * 8 + ["flowing"] * 2


def test_a_late_signature_is_no_fault(hall: Hall) -> None:
    hall.result(0.0, "LIVE")
    hall.result(20.0, "UNOFFICIAL")
    for at_s in range(60, 7200, 60):
        hall.says(at_s, "DT_KA")
    hall.result(7200.0, "OFFICIAL")

    assert hall.at(7200.0).state == "flowing"


@pytest.mark.parametrize("ahead_s", [-3600.0, -200.0, 200.0, 3600.0])
def test_a_source_whose_clock_is_wrong_is_measured_and_not_called_late(ahead_s: float) -> None:
    hall = Hall(ahead_s=ahead_s)
    for at_s in range(0, 100, 10):
        hall.says(at_s, "DT_KA")
    hall.score(101.0, 1)

    reading = hall.at(101.0)

    assert reading.state == "flowing"
    assert reading.values.results_clock_offset_seconds == pytest.approx(ahead_s)


def test_one_late_message_says_nothing_about_the_clock(hall: Hall) -> None:
    for at_s in range(0, 100, 10):
        hall.says(at_s, "DT_KA")
    hall.says(101.0, "DT_SCHEDULE", stamped_s=-500.0)

    assert hall.at(101.0).values.results_clock_offset_seconds == 0


def test_a_version_that_never_came_is_a_gap(hall: Hall) -> None:
    hall.score(0.0, 3)
    hall.score(1.0, 7)

    reading = hall.at(1.0)

    assert reading.values.results_version_gaps_total == 3
    assert reading.detail.endswith(f"DT_CURRENT {UNIT} jumped to version 7, 3 missing")


def test_the_same_version_again_is_no_gap_and_no_regression(hall: Hall) -> None:
    for at_s in range(3):
        hall.score(at_s, 3)

    values = hall.at(2.0).values

    assert values.results_version_gaps_total == 0
    assert values.results_version_regressions_total == 0
    assert values.results_messages_total == 3


def test_a_version_that_went_backward_is_counted_and_said(hall: Hall) -> None:
    hall.score(0.0, 9)
    hall.score(1.0, 4)

    reading = hall.at(1.0)

    assert reading.values.results_version_regressions_total == 1
    assert reading.detail.endswith(f"DT_CURRENT {UNIT} went back to version 4")


def test_a_source_that_counts_anew_is_followed(hall: Hall) -> None:
    hall.score(0.0, 90)
    for version in range(1, 6):
        hall.score(10.0 * version, version)

    reading = hall.at(60.0)

    assert reading.state == "flowing"
    assert reading.values.results_version_regressions_total == 1
    assert reading.values.results_version_gaps_total == 0


def test_a_message_that_was_overtaken_is_a_regression_but_nobody_goes_back_to_it(
    hall: Hall,
) -> None:
    hall.score(0.0, 8)
    hall.score(20.0, 10)
    hall.score(21.0, 9, stamped_s=10.0)
    hall.score(30.0, 11)

    values = hall.at(30.0).values

    assert values.results_version_regressions_total == 1
    assert values.results_version_gaps_total == 1


@pytest.mark.parametrize(
    "other",
    [
        {"code": "BKBMTEAM5-----GPA-000100"},
        {"competition": "TEST2"},
        {"subcode": "Q1"},
        {"subtype": "STATS"},
        {"language": "FRA"},
        {"source": "HALL2"},
        {"kind": "DT_PLAY_BY_PLAY"},
    ],
)
def test_each_identity_has_versions_of_its_own(hall: Hall, other: dict[str, str]) -> None:
    hall.score(0.0, 1)
    hall.score(1.0, 9, **other)

    assert hall.at(1.0).values.results_version_gaps_total == 0


def test_updates_have_no_versions_to_miss(hall: Hall) -> None:
    hall.score(0.0, 1, kind="DT_RESULT_UPDATE")
    hall.score(1.0, 9, kind="DT_RESULT_UPDATE")
    hall.score(2.0, 2, kind="DT_RESULT_UPDATE")

    values = hall.at(2.0).values

    assert values.results_version_gaps_total == 0
    assert values.results_version_regressions_total == 0


def test_messages_with_another_flag_are_counted_and_said_and_excuse_nothing(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.says(80.0, "DT_KA", flag="T")

    reading = hall.at(100.0)

    assert reading.state == "silent"
    assert reading.values.results_wrong_flag_total == 1
    assert "feed flag T, expected P" in reading.detail


def test_another_flag_ends_no_window_and_no_unit(hall: Hall) -> None:
    hall.score(0.0, 1)
    hall.result(10.0, "OFFICIAL", flag="T")
    hall.says(20.0, "DT_LOCAL_OFF", flag="T")

    assert hall.at(30.0).state == "flowing"
    assert hall.at(30.0).values.results_live_units == 1


def test_a_competition_that_is_sent_with_another_flag_only_is_frozen(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON", flag="T")
    early = hall.at(10.0)
    for at_s in range(10, 100, 10):
        hall.score(at_s, at_s, flag="T")

    reading = hall.at(100.0)

    assert early.state == "not_expected"
    assert reading.state == "frozen"
    assert "feed flag T, expected P" in reading.detail


@pytest.mark.parametrize(("flag", "expected"), [("", "P"), ("T", "T"), ("P", "any"), ("T", "any")])
def test_a_flag_that_fits_or_is_missing_is_not_wrong(flag: str, expected: Flag) -> None:
    hall = Hall(expected)
    hall.says(0.0, "DT_LOCAL_ON", flag=flag)

    assert hall.at(0.0).state == "flowing"
    assert hall.at(0.0).values.results_wrong_flag_total == 0


def test_past_midnight_it_is_still_the_logical_day_before(hall: Hall) -> None:
    hall.says(13 * 3600.0, "DT_KA", logical_date=date(2024, 8, 3))
    hall.says(14 * 3600.0, "DT_KA", logical_date=date(2024, 8, 4))

    reading = hall.at(14 * 3600.0)

    assert reading.values.results_wrong_date_total == 1
    assert "logical date 2024-08-04, expected 2024-08-03" in reading.detail


def test_a_window_without_an_end_ends_with_the_logical_day(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    before_three, after_three = 15 * 3600.0 - 1, 15 * 3600.0

    assert hall.at(before_three).state == "silent"
    assert hall.at(after_three).state == "not_expected"


def test_a_source_that_went_quiet_with_a_live_unit_is_not_let_off_by_the_end_of_the_day(
    hall: Hall,
) -> None:
    hall.score(0.0, 1)

    assert hall.at(15 * 3600.0).state == "silent"
    assert hall.at(39 * 3600.0).state == "not_expected"


def test_a_competition_that_runs_past_the_logical_day_is_still_watched(hall: Hall) -> None:
    for at_s in range(int(14.9 * 3600), int(15.1 * 3600), 20):
        hall.score(at_s, at_s)

    assert hall.at(15.1 * 3600).state == "flowing"
    assert hall.at(15.1 * 3600 + 100).state == "silent"


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
    assert hall.at(1.0).detail == "nothing heard yet; refused: Expected at most 9 bytes"


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
