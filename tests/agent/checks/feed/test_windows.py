"""Windows in which a feed should talk: logical days, and what opens and ends one."""

import pytest

from tests.agent.checks.feed.hall import Hall, each

STORIES = {
    "before the first message nothing is expected": "24h not_expected: nothing heard yet",
    "silence in a window is said after the limit of keep-alives and not before": (
        "0 LOCAL_ON; 90 flowing; 90.1 silent: HALL1: nothing for 90 s, limit 90 s"
    ),
    "any message is a sign of life": "0 LOCAL_ON; 80 SCHEDULE; 160 flowing",
    "a restarted agent learns of an open window from a keep-alive": "0 KA; 91 silent",
    "a restarted agent learns of an open window from any message": "0 SCHEDULE; 91 silent",
    "a restarted agent takes a late signature for no window": (
        "0 RESULT status=OFFICIAL; 91 not_expected"
    ),
    "live data after the window is noted and opens none": (
        "0 LOCAL_ON; 10 LOCAL_OFF; 20 CURRENT version=1; "
        "200 not_expected: *came outside the talking window*"
    ),
    "a keep-alive after the window shows that its next beginning was lost": (
        "0 LOCAL_OFF; 1h KA; 3691 silent"
    ),
    "a keep-alive that the end of the window overtook opens none": (
        "0 LOCAL_ON; 50 LOCAL_OFF; 51 KA stamped_s=40; 52 LOCAL_ON stamped_s=0; 200 not_expected"
    ),
    "several sources have windows of their own": (
        "0 LOCAL_ON; 0 LOCAL_ON source=HALL2; 80 KA source=HALL2; 100 silent: HALL1*"
    ),
    "past midnight it is still the logical day before": (
        "13h KA logical_date=2024-08-03; 14h KA logical_date=2024-08-04; "
        "14h flowing wrong_date_total=1: *logical date 2024-08-04, expected 2024-08-03*"
    ),
    "a window without an end ends with the logical day": (
        "0 LOCAL_ON; 53999 silent; 15h not_expected"
    ),
    "a source that went quiet with a live unit is not let off by the end of the day": (
        "0 CURRENT version=1; 15h silent; 39h not_expected"
    ),
    "a competition that runs past the logical day is still watched": (
        each(range(53_640, 54_360, 20), "CURRENT version={}") + "; 54360 flowing; 54460 silent"
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_window_opens_and_ends_as_it_is_told(story: str) -> None:
    Hall().plays(story)
