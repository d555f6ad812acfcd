"""Versions that are missing, repeated or went backward, and messages that are no competition's."""

import pytest

from agent.checks.results_feed.state import Flag
from tests.agent.checks.feed.hall import UNIT, Hall


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
