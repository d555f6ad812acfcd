"""Data that rests, and data that comes late: which is whose fault."""

import pytest

from tests.agent.checks.feed.hall import UNIT, Hall


def test_data_that_rests_while_its_source_says_that_it_lives_is_frozen(hall: Hall) -> None:
    hall.says(0.0, "DT_LOCAL_ON")
    hall.score(10.0, 1)
    hall.says(40.0, "DT_KA")
    before = hall.at(56.0)
    hall.says(70.0, "DT_KA")
    after = hall.at(70.0)

    assert before.state == "flowing"
    assert after[:2] == ("frozen", f"{UNIT}: no new data for 60 s, limit 45 s")
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


@pytest.mark.parametrize("stamped_s", [0.0, None])  # None: its header is fresh
def test_the_same_file_again_and_again_is_frozen(hall: Hall, stamped_s: float | None) -> None:
    for at_s in range(0, 60, 10):
        hall.score(at_s, 7, kind="DT_RESULT", stamped_s=stamped_s)

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

    assert reading[:2] == ("delayed", f"{UNIT}: data was 70 s on its way, limit 60 s")
    assert reading.values.results_latency_seconds == 70.0


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
