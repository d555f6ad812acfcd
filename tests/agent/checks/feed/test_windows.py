"""Windows in which a feed should talk: logical days, and what opens and ends one."""

import pytest

from tests.agent.checks.feed.hall import Hall, each

BKB, HBL = (f"{discipline}{'-' * 31}" for discipline in ("BKB", "HBL"))
HBL_UNIT = "HBLMTEAM7-------------GPA-000100--"
ODD_KEEP_ALIVES = each(range(1, 300, 30), f"KA code={HBL}")
STORIES = {
    "before the first message nothing is known": "24h unknown: nothing heard yet",
    "silence in a window is said after the limit of keep-alives and not before": (
        "0 LOCAL_ON; 90 flowing; 90.1 silent: HALL1: nothing for 90 s, limit 90 s"
    ),
    "any message is a sign of life": "0 LOCAL_ON; 80 SCHEDULE; 160 flowing",
    "a restarted agent learns of an open window from a keep-alive": "0 KA; 91 silent",
    "a restarted agent learns of an open window from a live unit": "0 RESULT; 91 silent",
    **{
        f"a restarted agent learns of no window from {kind}": f"0 {kind}; 91 not_expected"
        for kind in (
            *("SCHEDULE", "SCHEDULE_UPDATE", "GLOBAL_GM", "PING", "MEDALS", "PDF", "PARTIC"),
            "STATS code=BKBWTEAM5------------------------- status=LIVE",
            "CURRENT status=",
        )
    },
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
    **{
        f"one keep-alive more after the end {of} opens none": (
            f"0 LOCAL_ON{code}; 30 KA{code}; 60 LOCAL_OFF{code}; 61 KA{code}; 200 not_expected"
        )
        for of, code in {"of all": "", "of a discipline": f" code={BKB}"}.items()
    },
    "one keep-alive without a discipline after the end of the only one opens none": (
        f"0 LOCAL_ON code={BKB}; 60 LOCAL_OFF code={BKB}; 61 KA; 200 not_expected"
    ),
    "keep-alives that go on after the end open a window": (
        f"0 LOCAL_ON; 60 LOCAL_OFF; {each(range(70, 180, 30), 'KA')}; 180 flowing; 251 silent"
    ),
    "keep-alives of another discipline than all else leave nothing open behind the end": (
        f"0 LOCAL_ON code={BKB}; {ODD_KEEP_ALIVES}; 300 LOCAL_OFF code={BKB}; 301 not_expected; "
        f"302 KA code={HBL}; 500 not_expected"
    ),
    "keep-alives of a discipline that is live keep its window behind the end of another": (
        f"0 LOCAL_ON code={BKB}; 1 KA code={HBL}; 2 RESULT code={HBL_UNIT}; "
        f"30 LOCAL_OFF code={BKB}; 31 flowing live_units=1; 121 silent"
    ),
    "live data opens a window that keep-alives alone had opened before another ended": (
        f"0 LOCAL_ON code={BKB}; 1 KA code={HBL}; 30 LOCAL_OFF code={BKB}; "
        f"40 RESULT code={HBL_UNIT}; 41 flowing live_units=1; 131 silent"
    ),
    "a beginning that is sent again after the end opens none": (
        "0 LOCAL_ON; 1800 LOCAL_OFF; 1810 LOCAL_ON stamped_s=0; 2000 not_expected"
    ),
    "an end that is sent again in the next session ends nothing": (
        "0 LOCAL_ON; 1800 LOCAL_OFF; 3600 LOCAL_ON; 3610 RESULT; 3620 LOCAL_OFF stamped_s=1800; "
        "3621 flowing live_units=1"
    ),
    "a beginning by a clock that was set back opens a window": (
        "0 LOCAL_ON; 1800 LOCAL_OFF; 3600 LOCAL_ON stamped_s=10; 3700 silent"
    ),
    "a keep-alive that the end of the window overtook opens none": (
        "0 LOCAL_ON; 50 LOCAL_OFF; 51 KA stamped_s=40; 52 LOCAL_ON stamped_s=0; 200 not_expected"
    ),
    "a keep-alive without a source is of the only one": (
        "0 LOCAL_ON; 30 KA source=; 60 LOCAL_OFF; 300 not_expected"
    ),
    "an end without a source is of the only one": (
        "0 LOCAL_ON; 30 RESULT; 60 LOCAL_OFF source=; 300 not_expected live_units=0"
    ),
    "data without a source is of the only one": (
        "0 LOCAL_ON; 30 RESULT source=; 60 KA; 80 KA; 80 frozen; 90 LOCAL_OFF; 300 not_expected"
    ),
    "a message without a source is of none of two": (
        "0 LOCAL_ON; 0 LOCAL_ON source=HALL2; 80 KA source=; 100 silent: HALL1*"
    ),
    "several sources have windows of their own": (
        "0 LOCAL_ON; 0 LOCAL_ON source=HALL2; 80 KA source=HALL2; 100 silent: HALL1*"
    ),
    "one discipline ends its window and the other goes on": (
        f"0 LOCAL_ON code={BKB}; 1 LOCAL_ON code={HBL}; "
        + each(range(10, 120, 10), f"RESULT code={HBL_UNIT} version={{}}")
        + f"; 60 LOCAL_OFF code={BKB}; 65 flowing live_units=1; 119 flowing live_units=1; "
        f"120 LOCAL_OFF code={HBL}; 121 not_expected live_units=0"
    ),
    "of one source that went quiet each discipline has a window": (
        f"0 LOCAL_ON code={BKB}; 1 LOCAL_ON code={HBL}; 2 LOCAL_OFF code={HBL}; 93 silent"
    ),
    "an end without a discipline ends all windows": (
        f"0 LOCAL_ON code={BKB}; 1 LOCAL_ON code={HBL}; 2 LOCAL_OFF; 100 not_expected"
    ),
    "a keep-alive without a discipline leaves nothing open behind the end": (
        f"0 LOCAL_ON code={BKB}; 30 KA; 60 KA; 70 LOCAL_OFF code={BKB}; 200 not_expected"
    ),
    "what a keep-alive opened ends with the end of its discipline": (
        f"0 KA; 30 RESULT; 70 LOCAL_OFF code={BKB}; 200 not_expected live_units=0"
    ),
    "a third discipline in the hall opens a window while another ended": (
        f"0 LOCAL_ON code={BKB}; 5 LOCAL_OFF code={BKB}; 10 RESULT code={HBL_UNIT}; 101 silent"
    ),
    "live data of a discipline that ended opens no window though another is open": (
        f"0 LOCAL_ON code={HBL}; 0 LOCAL_ON code={BKB}; 5 LOCAL_OFF code={BKB}; 10 RESULT; "
        "11 flowing live_units=0: *came outside the talking window*"
    ),
    "messages of yesterday that are sent again open nothing and begin nothing": (
        "; ".join(
            f"{at} {kind} stamped_s=-72000"
            for at, kind in enumerate(("LOCAL_ON", "KA", "SCHEDULE", "RESULT", "CURRENT"))
        )
        + "; 10 not_expected live_units=0 messages_total=5; 200 not_expected"
    ),
    "messages of yesterday that are sent again end nothing of today": (
        "0 LOCAL_ON; 10 RESULT; 20 LOCAL_OFF stamped_s=-72000; "
        "21 RESULT status=OFFICIAL stamped_s=-72000; 22 flowing live_units=1"
    ),
    "a backlog of this day is no message of yesterday": (
        "0 KA; 1 LOCAL_ON stamped_s=-1800; 1 RESULT stamped_s=-1200; 1 delayed live_units=1"
    ),
    "past midnight it is still the logical day before": (
        "13h KA logical_date=2024-08-03; 14h KA logical_date=2024-08-04; "
        "14h flowing wrong_date_total=1: *logical date 2024-08-04, expected 2024-08-03*"
    ),
    "a session that runs past the logical day keeps its date": (
        each(range(53_400, 54_660, 60), "KA logical_date=2024-08-03")
        + "; 54660 flowing wrong_date_total=0"
    ),
    "a session that runs past the logical day may change its date with it": (
        "53970 KA logical_date=2024-08-03; 54030 KA logical_date=2024-08-04; "
        "54030 flowing wrong_date_total=0"
    ),
    "a date of the day before is wrong after a rest": (
        "53970 KA logical_date=2024-08-03; 57600 KA logical_date=2024-08-03; "
        "57600 flowing wrong_date_total=1: *logical date 2024-08-03, expected 2024-08-04*"
    ),
    "a date of the day before is wrong when nothing was heard of that day": (
        "54030 KA logical_date=2024-08-03; 54030 flowing wrong_date_total=1"
    ),
    "a date of two days before is wrong in any session": (
        "53970 KA logical_date=2024-08-02; 54030 KA logical_date=2024-08-02; "
        "54030 flowing wrong_date_total=2"
    ),
    "a server that never changes its date is told in the morning": (
        each(range(52_200, 75_600, 1_800), "KA logical_date=2024-08-03")
        + "; 73800 flowing wrong_date_total=0; 75600 KA logical_date=2024-08-03; "
        "75600 flowing wrong_date_total=1: *logical date 2024-08-03, expected 2024-08-04*"
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
