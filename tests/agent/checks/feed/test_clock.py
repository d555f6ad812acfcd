"""A source whose clock is off, or whose messages wait: one lasting finding beside its state."""

import pytest

from agent.checks.results_feed.clock import in_words
from tests.agent.checks.feed.hall import Hall, each

LIVE = each(range(0, 600, 10), "CURRENT version={}")


@pytest.mark.parametrize("ahead_s", [-7200.0, -600.0, -75.0, 75.0, 3600.0, 32_400.0])
def test_wrong_clock_changes_no_state_and_is_told_for_ever(ahead_s: float) -> None:
    hall = Hall(ahead_s=ahead_s)
    for at_s in range(0, 1200, 10):
        hall.score(at_s, at_s)

        assert hall.at(at_s).state == "flowing"

    reading = hall.at(1190.0)
    assert reading.values.results_clock_offset_seconds == ahead_s
    assert reading.values.results_clock_limit_seconds == 60.0
    assert f"clock of HALL1 is {abs(ahead_s):.0f} s" in reading.detail


def test_clock_within_its_limit_is_not_told() -> None:
    hall = Hall(ahead_s=-59.0)
    hall.plays(LIVE)

    assert "clock" not in hall.at(600.0).detail


@pytest.mark.parametrize("ahead_s", [-3610.0, -7200.0, -36_000.0])
def test_clock_that_is_behind_past_the_end_of_the_day_freezes_nothing(ahead_s: float) -> None:
    hall = Hall(ahead_s=ahead_s)
    states = set()
    for at_s in range(int(-ahead_s), 57_600, 20):
        hall.score(at_s, at_s)
        states.add(hall.at(at_s).state)

    assert states == {"flowing"}
    hall.plays("57610 KA; 57650 KA; 57650 frozen; 57741 silent")


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 70.0])
def test_step_of_this_machines_clock_delays_nothing(by_s: float) -> None:
    hall = Hall()
    hall.plays(LIVE)
    hall.stepped_s = by_s
    states = set()
    for at_s in range(600, 700, 10):
        hall.score(at_s, at_s)
        states.add(hall.at(at_s).state)

    assert states == {"flowing"}


def test_late_data_beside_fresh_keep_alives_is_delayed_and_no_clock() -> None:
    hall = Hall()
    hall.plays(each(range(0, 600, 30), "KA"))
    for at_s in range(600, 700, 10):
        hall.says(at_s, "DT_KA")
        hall.score(at_s + 1, at_s, stamped_s=at_s - 400)

    reading = hall.at(700.0)
    assert reading.state == "delayed"
    assert "clock" not in reading.detail


@pytest.mark.parametrize("ahead_s", [-3600.0, 3600.0, -600.0])
def test_wrong_clock_hides_no_frozen_and_no_silent_source(ahead_s: float) -> None:
    hall = Hall(ahead_s=ahead_s)
    hall.plays(f"{each(range(0, 100, 10), 'CURRENT version={}')}; 120 KA; 140 KA; 140 frozen")

    assert hall.at(231.0).state == "silent"


@pytest.mark.parametrize(
    ("ahead_s", "told"),
    [
        (-7200.0, "7200 s behind; whole quarter hours: is `zone` right?"),
        (20_695.0, "20695 s ahead; whole quarter hours: is `zone` right?"),
        (-600.0, "600 s behind; is its clock wrong, or do its messages wait in a queue?"),
        (-70.0, "70 s behind; is its clock wrong, or do its messages wait in a queue?"),
        (1000.0, "1000 s ahead; is its clock wrong?"),
        (14.0, "14 s ahead; is its clock wrong?"),
    ],
)
def test_wrong_clock_is_told_with_its_likely_reason(ahead_s: float, told: str) -> None:
    assert in_words(ahead_s) == told
