"""Windows in which a feed should talk: logical days, and what opens and ends one."""

from datetime import date

import pytest

from tests.agent.checks.feed.hall import Hall


def test_before_the_first_message_nothing_is_expected(hall: Hall) -> None:
    reading = hall.at(86_400.0)

    assert reading[:2] == ("not_expected", "nothing heard yet")


def test_silence_inside_a_window_is_said_after_the_keep_alive_limit_and_not_before(
    hall: Hall,
) -> None:
    hall.says(0.0, "DT_LOCAL_ON")

    assert hall.at(90.0).state == "flowing"
    assert hall.at(90.1).state == "silent"
    assert hall.at(90.1).detail == "HALL1: nothing for 90 s, limit 90 s"


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
