"""Versions that are missing, repeated or went backward, and messages that are no competition's."""

import pytest

from agent.checks.results_feed.state import Flag
from tests.agent.checks.feed.hall import UNIT, Hall


def gaps_and_regressions(hall: Hall, at_s: float) -> tuple[float | None, float | None]:
    values = hall.at(at_s).values
    return values.results_version_gaps_total, values.results_version_regressions_total


@pytest.mark.parametrize(
    ("second", "counted", "words"),
    [(7, (3, 0), "jumped to version 7, 3 missing"), (2, (0, 1), "went back to version 2")],
)
def test_a_gap_and_a_regression_are_counted_and_said(
    hall: Hall, second: int, counted: tuple[float, float], words: str
) -> None:
    hall.score(0.0, 3)
    hall.score(1.0, second)

    assert gaps_and_regressions(hall, 1.0) == counted
    assert hall.at(1.0).detail.endswith(f"DT_CURRENT {UNIT} {words}")


@pytest.mark.parametrize(
    ("kind", "versions"), [("DT_CURRENT", (3, 3, 3)), ("DT_RESULT_UPDATE", (1, 9, 2))]
)
def test_repeated_versions_and_those_of_updates_are_no_loss(
    hall: Hall, kind: str, versions: tuple[int, ...]
) -> None:
    for at_s, version in enumerate(versions):
        hall.score(at_s, version, kind=kind)

    assert gaps_and_regressions(hall, 2.0) == (0, 0)
    assert hall.at(2.0).values.results_messages_total == 3


def test_an_overtaken_message_is_a_regression_that_is_not_followed(hall: Hall) -> None:
    hall.score(0.0, 8)
    hall.score(20.0, 10)
    hall.score(21.0, 9, stamped_s=10.0)
    hall.score(30.0, 11)

    assert gaps_and_regressions(hall, 30.0) == (1, 1)


def test_a_source_that_counts_anew_is_followed(hall: Hall) -> None:
    hall.score(0.0, 90)
    for version in range(1, 6):
        hall.score(10.0 * version, version)

    assert hall.at(60.0).state == "flowing"
    assert gaps_and_regressions(hall, 60.0) == (0, 1)


@pytest.mark.parametrize(
    "other", ["code", "competition", "subcode", "subtype", "language", "source", "kind"]
)
def test_each_identity_has_versions_of_its_own(hall: Hall, other: str) -> None:
    hall.score(0.0, 1)
    hall.score(1.0, 9, **{other: "OTHER"})

    assert hall.at(1.0).values.results_version_gaps_total == 0


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
