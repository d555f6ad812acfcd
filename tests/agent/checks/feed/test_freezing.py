"""Data that rests, and data that comes late: which is whose fault."""

import pytest

from tests.agent.checks.feed.hall import UNIT, Hall, each

A_MINUTE = each(range(30, 3600, 60), "KA")
STORIES = {
    "data that rests while its source says that it lives is frozen": (
        "0 LOCAL_ON; 10 CURRENT version=1; 40 KA; 56 flowing; 70 KA; "
        f"70 frozen data_age_seconds=60: {UNIT}: no new data for 60 s, limit 45 s"
    ),
    "when all of it ends at once it is silent and was never frozen": (
        "0 LOCAL_ON; 10 CURRENT version=1; 30 KA; "
        f"{each(range(30, 121), 'flowing')}; {each(range(121, 140), 'silent')}"
    ),
    "the limit for resting data belongs to the discipline": (
        "0 CURRENT version=1 code=FBLMTEAM11----GPA-000100; 60 KA; 60 flowing; "
        f"{each(range(120, 420, 60), 'KA')}; 361 frozen"
    ),
    **{
        f"data may rest once its unit is {status}": (
            f"0 CURRENT version=1; 20 RESULT status={status}; {A_MINUTE}; 1h flowing live_units=0"
        )
        for status in ("INTERMEDIATE", "UNOFFICIAL", "OFFICIAL", "PROTESTED")
    },
    "a break ends with the next live message": (
        "0 RESULT; 20 RESULT status=INTERMEDIATE; 60 KA; 100 RESULT; 100 flowing live_units=1; "
        "150 KA; 150 frozen"
    ),
    "live data that its end overtook makes nothing live": (
        "0 CURRENT version=1; 30 RESULT status=OFFICIAL; 31 CURRENT version=2 stamped_s=25; "
        "31 flowing live_units=0"
    ),
    "the same file again and again is frozen": (
        each(range(0, 60, 10), "RESULT version=7 stamped_s=0") + "; 60 frozen"
    ),
    "the same file again and again with a fresh header is frozen": (
        each(range(0, 60, 10), "RESULT version=7") + "; 60 frozen"
    ),
    "a score that is repeated because nothing happens is not frozen": (
        each(range(0, 120, 30), "CURRENT version=7") + "; 120 flowing"
    ),
    "live data that was long on its way is delayed though keep-alives are fresh": (
        "0 LOCAL_ON; 100 CURRENT version=1 stamped_s=30; 101 KA; "
        f"101 delayed latency_seconds=70: {UNIT}: data was 70 s on its way, limit 60 s"
    ),
    "one late message says nothing about the clock": (
        each(range(0, 100, 10), "KA")
        + "; 101 SCHEDULE stamped_s=-500; 101 flowing clock_offset_seconds=0"
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_resting_data_is_judged_as_it_is_told(story: str) -> None:
    Hall().plays(story)


@pytest.mark.parametrize("ahead_s", [-3600.0, -200.0, 200.0, 3600.0])
def test_a_source_whose_clock_is_wrong_is_measured_and_not_called_late(ahead_s: float) -> None:
    Hall(ahead_s=ahead_s).plays(
        f"{each(range(0, 100, 10), 'KA')}; 101 CURRENT version=1; "
        f"101 flowing clock_offset_seconds={ahead_s}"
    )
