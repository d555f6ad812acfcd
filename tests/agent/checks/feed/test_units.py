"""Life of a unit: what begins it, what ends it, and what lets its data rest without an alarm."""

import pytest

from agent.checks.results_feed.messages import read
from tests.agent.checks.feed.hall import UNIT, Hall, each

FULL = "BKBWTEAM5-------------GPA-000100--"
EVENT = "VBVWTEAM2-------------------------"
BOUT = "TTEMTEAM--------------FNL-00010001"
TEAMS = "TTEMTEAM--------------FNL-000100--"
KEEP_ALIVES = each(range(30, 1230, 30), "KA")
WAITING = each(range(30, 600, 30), "KA")
GOING_ON = each(range(630, 1230, 30), "KA")
STORIES = {
    **{
        f"statistics of {what} that say live are no unit": (
            f"0 LOCAL_ON; 10 RESULT code={FULL}; 20 RESULT code={FULL} status=OFFICIAL; "
            f"25 STATS code={code} status=LIVE; {KEEP_ALIVES}; 1229 flowing live_units=0"
        )
        for what, code in {
            "an event": EVENT,
            "an event with a dash less": EVENT[:-1],
            "a discipline": "BOX-------------------------------",
            "a phase": "BOXM75KG--------------8FNL--------",
            "a unit": FULL,
        }.items()
    },
    "a result of an event that says live is no unit": (
        f"0 LOCAL_ON; 10 RESULT code={EVENT}; {KEEP_ALIVES}; 1229 flowing live_units=0"
    ),
    "a code less one dash is the same unit": (
        f"0 RESULT code={FULL}; 10 RESULT code={FULL[:-1]} status=OFFICIAL; "
        f"{KEEP_ALIVES}; 1229 flowing live_units=0"
    ),
    "a code without its dashes is the same unit": (
        f"0 RESULT code={FULL}; 10 RESULT code={FULL.rstrip('-')} status=UNOFFICIAL; "
        f"{KEEP_ALIVES}; 1229 flowing live_units=0"
    ),
    **{
        f"{kind} ends no unit": (
            f"0 RESULT; 10 {kind} code={UNIT} status={status}; 11 flowing live_units=1; "
            "40 KA; 60 KA; 60 frozen"
        )
        for kind, status in {
            "PLAY_BY_PLAY": "INTERMEDIATE",
            "STATS": "OFFICIAL",
            "PDF": "OFFICIAL",
            "IMAGE": "UNOFFICIAL",
            "POOL_STANDING": "INTERMEDIATE",
        }.items()
    },
    "a play by play that says live begins a unit": (
        f"0 LOCAL_ON; 1 PLAY_BY_PLAY code={UNIT} status=LIVE; 2 flowing live_units=1"
    ),
    **{
        f"a unit that the schedule calls {word} rests without an alarm": (
            f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/{word}; {KEEP_ALIVES}; "
            f"1229 not_expected live_units=0: {UNIT} is {word.lower()}*"
        )
        for word in ("INTERRUPTED", "DELAYED", "POSTPONED")
    },
    **{
        f"a unit that the schedule calls {word} has ended": (
            f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/{word}; {KEEP_ALIVES}; "
            "1229 flowing live_units=0"
        )
        for word in ("FINISHED", "CANCELLED", "RESCHEDULED", "UNSCHEDULED")
    },
    "an interrupted unit is frozen once the schedule lets it run": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 50 KA; 60 not_expected; "
        f"70 SCHEDULE_UPDATE schedule={UNIT}/RUNNING; 75 flowing live_units=1; "
        "110 KA; 130 KA; 130 frozen"
    ),
    "an interrupted unit goes on once live data that is clearly newer has come for a while": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 20 RESULT; 70 KA; "
        "75 not_expected; 100 RESULT; 130 RESULT; 131 not_expected; 161 RESULT; "
        "162 flowing live_units=1; 210 KA; 210 frozen"
    ),
    "a unit whose score is corrected in the rain stays interrupted": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; {WAITING}; "
        f"600 RESULT; 601 RESULT; 602 CURRENT; {GOING_ON}; "
        "1229 not_expected live_units=0"
    ),
    "corrections far apart are no play": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/DELAYED; {WAITING}; "
        f"600 RESULT; {GOING_ON}; 1230 RESULT; 1260 KA; 1290 KA; 1320 KA; "
        "1321 not_expected live_units=0"
    ),
    "a unit that was delayed before it began rests after one live message": (
        f"0 LOCAL_ON; 5 SCHEDULE_UPDATE schedule={UNIT}/DELAYED; 300 RESULT; {GOING_ON}; "
        f"1229 not_expected live_units=0: {UNIT} is delayed*"
    ),
    "a unit that was delayed before it began is live once it plays": (
        f"0 LOCAL_ON; 5 SCHEDULE_UPDATE schedule={UNIT}/DELAYED; "
        + each(range(300, 420, 20), "CURRENT version={}")
        + "; 420 flowing live_units=1; 460 KA; 460 frozen"
    ),
    **{
        f"a unit that was delayed and is {word} begins as any other": (
            f"0 LOCAL_ON; 5 SCHEDULE_UPDATE schedule={UNIT}/DELAYED; "
            f"10 SCHEDULE_UPDATE schedule={UNIT}/{word}; 20 RESULT; 21 flowing live_units=1; "
            "70 KA; 70 frozen"
        )
        for word in ("RUNNING", "SCHEDULED", "GETTING_READY", "RESCHEDULED")
    },
    "a delay that was overtaken keeps no unit waiting": (
        f"0 LOCAL_ON; 5 SCHEDULE_UPDATE schedule={UNIT}/DELAYED stamped_s=5; "
        f"10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 11 SCHEDULE_UPDATE "
        f"schedule={UNIT}/RUNNING stamped_s=9; 20 RESULT; 21 not_expected live_units=0"
    ),
    "a second interruption rests as the first did": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 100 RESULT; 130 RESULT; "
        f"170 RESULT; 171 flowing; 180 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 250 RESULT; "
        "300 KA; 301 not_expected live_units=0"
    ),
    **{
        f"{kind} that says live after the end begins no unit again": (
            f"0 RESULT; 30 RESULT status=UNOFFICIAL; {said}; {WAITING}; 600 flowing live_units=0"
        )
        for kind, said in {
            "a play by play": f"40 PLAY_BY_PLAY code={UNIT} status=LIVE",
            "a play by play that is mended": f"500 PLAY_BY_PLAY_UPDATE code={UNIT} status=LIVE",
            "one current score more": "33 CURRENT",
        }.items()
    },
    **{
        f"one {kind} more after the schedule called its unit {word} begins none": (
            f"0 RESULT; 30 SCHEDULE_UPDATE schedule={UNIT}/{word}; 32 {kind}; {WAITING}; "
            "600 flowing live_units=0"
        )
        for kind in ("RESULT", "CURRENT")
        for word in ("CANCELLED", "FINISHED", "RESCHEDULED")
    },
    **{
        f"{what} begins a unit again": (
            f"0 RESULT; 30 {end}; {again}; {at} flowing live_units=1; {at + 60} KA; "
            f"{at + 61} frozen"
        )
        for what, end, again, at in (
            ("a result at once", "RESULT status=INTERMEDIATE", "31 RESULT", 31),
            ("a current score", "RESULT status=INTERMEDIATE", "91 CURRENT", 91),
            ("play that goes on", "CURRENT status=INTERMEDIATE", "40 CURRENT; 91 CURRENT", 91),
            ("play after all", f"SCHEDULE schedule={UNIT}/CANCELLED", "40 RESULT; 91 RESULT", 91),
        )
    },
    "a current score by a clock set back begins a unit again": (
        "0 RESULT; 30 RESULT status=OFFICIAL; 91 CURRENT stamped_s=-3600; 91 delayed live_units=1"
    ),
    "an interruption that is sent again interrupts nothing": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 15 SCHEDULE_UPDATE "
        f"schedule={UNIT}/RUNNING; {GOING_ON}; 1230 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED "
        "stamped_s=10; 1230 frozen live_units=1"
    ),
    "an end that is sent again ends nothing": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/RESCHEDULED; {KEEP_ALIVES}; 1230 RESULT; "
        f"1231 SCHEDULE_UPDATE schedule={UNIT}/RESCHEDULED stamped_s=10; 1231 flowing live_units=1"
    ),
    "a delay that is sent again delays nothing": (
        f"0 LOCAL_ON; 5 SCHEDULE_UPDATE schedule={UNIT}/DELAYED; 10 SCHEDULE_UPDATE "
        f"schedule={UNIT}/RUNNING; {KEEP_ALIVES}; 1230 SCHEDULE_UPDATE schedule={UNIT}/DELAYED "
        "stamped_s=5; 1231 RESULT; 1231 flowing live_units=1"
    ),
    "an interruption with the words of the first is a second one": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 15 SCHEDULE_UPDATE "
        f"schedule={UNIT}/RUNNING; 20 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 21 not_expected"
    ),
    "a unit of parts is alive while one of them is": (
        f"0 RESULT code={TEAMS}; {each(range(10, 700, 20), f'RESULT code={BOUT} version={{}}')}; "
        "700 flowing live_units=2"
    ),
    "a unit of parts is frozen when none of them moves": (
        f"0 RESULT code={TEAMS}; 10 RESULT code={BOUT}; 20 RESULT code={BOUT} status=OFFICIAL; "
        f"{WAITING}; 600 frozen live_units=1: {TEAMS}*"
    ),
    "another unit of a phase keeps no unit alive": (
        f"0 RESULT code={TEAMS}; "
        + each(range(10, 700, 20), f"RESULT code={TEAMS.replace('0001', '0002')} version={{}}")
        + f"; 700 frozen: {TEAMS}*"
    ),
    **{
        f"a schedule by another clock, {-behind_s:+} s off, {what}": story.format(40 - behind_s)
        for behind_s in (120, 3500, -120, -3500)
        for what, story in {
            "ends a unit": (
                f"0 RESULT; 20 RESULT; 40 SCHEDULE_UPDATE source=SCH stamped_s={{}} "
                f"schedule={UNIT}/CANCELLED; {WAITING}; 600 flowing live_units=0"
            ),
            "interrupts a unit that goes on": (
                f"0 RESULT; 40 SCHEDULE_UPDATE source=SCH stamped_s={{}} "
                f"schedule={UNIT}/INTERRUPTED; {each(range(300, 420, 20), 'RESULT version={}')}; "
                "420 flowing live_units=1"
            ),
            "delays a unit that begins": (
                f"0 LOCAL_ON; 40 SCHEDULE_UPDATE source=SCH stamped_s={{}} "
                f"schedule={UNIT}/DELAYED; {each(range(300, 420, 20), 'RESULT version={}')}; "
                "420 flowing live_units=1"
            ),
            "lets a corrected unit rest": (
                f"0 RESULT; 40 SCHEDULE_UPDATE source=SCH stamped_s={{}} "
                f"schedule={UNIT}/INTERRUPTED; 41 RESULT; 110 RESULT; 150 KA; 190 KA; "
                "190 not_expected"
            ),
        }.items()
    },
    "what waited at the second server begins no unit that has ended": (
        "0 RESULT; 20 RESULT; 400 RESULT status=OFFICIAL; "
        + "; ".join(
            f"410 RESULT source=HALL2 version={at} stamped_s={at}" for at in range(0, 100, 10)
        )
        + f"; {each(range(420, 900, 30), 'KA')}; "
        + each(range(421, 900, 30), "KA source=HALL2")
        + "; 900 flowing live_units=0"
    ),
    **{
        f"the second server takes over by a clock that is {off_s:+} s off": (
            "; ".join(
                f"{at} RESULT; {at} KA source=HALL2 stamped_s={at + off_s}"
                for at in range(0, 130, 20)
            )
            + "; 140 RESULT source=HALL2 "
            f"status=OFFICIAL stamped_s={140 + off_s}; {each(range(150, 600, 30), 'KA')}; "
            + each(range(151, 600, 30), "KA source=HALL2")
            + "; 600 flowing live_units=0"
        )
        for off_s in (-120, 120)
    },
    "an interruption excuses no source that falls silent": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; 90 not_expected; 101 silent"
    ),
    "an interruption of one unit excuses no other": (
        f"0 RESULT; 0 RESULT code={FULL}; 10 SCHEDULE_UPDATE schedule={UNIT}/INTERRUPTED; "
        f"50 KA; 50 frozen: {FULL}*"
    ),
    "a schedule of other units changes nothing": (
        f"0 RESULT; 10 SCHEDULE_UPDATE schedule={FULL}/INTERRUPTED; 50 KA; 50 frozen"
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_unit_begins_rests_and_ends_as_it_is_told(story: str) -> None:
    Hall().plays(story)


SCHEDULE = (
    '<OdfBody DocumentType="DT_SCHEDULE_UPDATE"><Competition><Unit Code="U1" '
    'ScheduleStatus="INTERRUPTED" StartDate="x"/><Unit Code="U2"/><Unit ScheduleStatus="DELAYED"/>'
    '<Session Code="&#10;" ScheduleStatus="DELAYED"/>{}</Competition></OdfBody>'
)


def test_schedule_gives_code_and_status_of_its_units() -> None:
    assert read(SCHEDULE.format("").encode(), 10_000).schedule == (("U1", "INTERRUPTED"),)


def test_units_of_a_schedule_are_bounded() -> None:
    many = '<Unit Code="U" ScheduleStatus="RUNNING"/>' * 5_000

    message = read(SCHEDULE.format(many).encode(), 1_000_000)

    assert len(message.schedule) == 512


def test_other_messages_have_no_schedule() -> None:
    text = SCHEDULE.format("").replace("DT_SCHEDULE_UPDATE", "DT_RESULT")

    assert read(text.encode(), 10_000).schedule == ()


def test_units_that_wait_are_bounded_and_push_no_live_one_out() -> None:
    hall = Hall()
    hall.score(0.0, 1)

    for at in range(2_000):
        hall.says(1.0, "DT_SCHEDULE_UPDATE", schedule=((f"U{at}", "DELAYED"),))

    assert len(hall.feed._ours.units._waiting) <= 512  # noqa: SLF001
    assert hall.at(2.0).values.results_live_units == 1
