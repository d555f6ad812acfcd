"""A source that lives has to move: its number, its clock, or anything that it sends."""

import random
from typing import Any, Final

import msgspec
import pytest

from tests.agent.checks.stream.scene import NOON, Scene

JSON: Final[dict[str, Any]] = {
    "silence_limit_s": 30.0,
    "number": {"json": "/n"},
    "number_rests_s": 300.0,
}
CLOCKED: Final[dict[str, Any]] = {
    "silence_limit_s": 30.0,
    "clock": {"columns": [2, 6]},
    "running": {"columns": [1, 1]},
    "clock_rests_s": 3.0,
}
STAMPED: Final[dict[str, Any]] = {
    "silence_limit_s": 600.0,
    "stamp": {"json": "/at"},
    "latency_limit_s": 90.0,
    "zone": "UTC",
}


def at(seconds: float) -> bytes:
    return b'{"at": %.1f}\r' % (NOON + seconds)


def test_a_number_that_rests_is_frozen_after_its_limit() -> None:
    scene = Scene(JSON)
    scene.says(b'{"n": 7}\r')

    soon = scene.each(10.0, 30, b'{"n": 7}\r')
    late = scene.each(10.0, 1, b'{"n": 7}\r')

    assert soon.state == "flowing"
    assert late.state == "frozen"
    assert late.detail.startswith("alive, but number is 7 for 310 s, limit 300 s; since ")
    assert late.values.results_last_number == 7
    assert late.values.results_data_age_seconds == 310


def test_a_number_that_moves_ends_the_freeze() -> None:
    scene = Scene(JSON)
    scene.each(10.0, 40, b'{"n": 7}\r')

    assert scene.says(b'{"n": 8}\r').state == "flowing"


def test_signs_of_life_do_not_move_a_number() -> None:
    scene = Scene(JSON | {"alive": {"json": "/ping"}})
    scene.says(b'{"n": 7}\r')

    reading = scene.each(10.0, 31, b'{"ping": true}\r')

    assert reading.state == "frozen"
    assert reading.values.results_messages_total == 1


def test_a_number_that_goes_back_is_no_freeze_and_no_gap() -> None:
    scene = Scene(JSON)
    scene.each(10.0, 40, b'{"n": 700}\r')

    restarted = scene.says(b'{"n": 1}\r')
    next_one = scene.says(b'{"n": 2}\r')

    assert (restarted.state, next_one.state) == ("flowing", "flowing")
    assert next_one.values.results_version_gaps_total == 0
    assert next_one.values.results_version_regressions_total == 1


def test_numbers_that_were_left_out_are_counted() -> None:
    scene = Scene(JSON)

    reading = scene.says(*(b'{"n": %d}\r' % n for n in (7, 8, 8, 11, 12)))

    assert reading.values.results_version_gaps_total == 2


def test_a_look_now_and_then_misses_nothing() -> None:
    scene = Scene(JSON, sees_all=False)
    scene.sends(b'{"n": 7}')

    assert scene.sends(b'{"n": 90}').values.results_version_gaps_total == 0


def test_a_huge_jump_is_another_count_and_no_loss() -> None:
    scene = Scene(JSON)
    scene.says(b'{"n": 7}\r')

    assert scene.says(b'{"n": 1722686400000}\r').values.results_version_gaps_total == 0


@pytest.mark.parametrize("number", ["nan", "1e99", "-", "\u0663", "9" * 400, "x", "", "[]"])
def test_a_number_that_is_none_costs_that_fact_only(number: str) -> None:
    scene = Scene({"number": {"regex": r"^N(.*)"}, "number_rests_s": 300.0})

    reading = scene.says(f"N{number}\r".encode(), b"N7\r")

    assert reading.state == "flowing"
    assert reading.values.results_last_number == 7


def test_a_number_of_any_size_fits_into_a_reading() -> None:
    scene = Scene({"number": {"regex": r"^N(.*)"}})

    reading = scene.says(b"N" + b"9" * 40 + b"e99\r")

    assert msgspec.json.decode(msgspec.json.encode(reading.values))["results_last_number"] > 1e138


def test_a_clock_that_stands_while_it_should_run_is_frozen() -> None:
    scene = Scene(CLOCKED)
    scene.says(b"112:31\r")

    reading = scene.each(2.0, 2, b"112:31\r")

    assert reading.state == "frozen"
    assert reading.detail.startswith("alive, but the clock shows 12:31 for 4 s, limit 3 s")


def test_a_clock_may_stand_while_it_is_stopped() -> None:
    scene = Scene(CLOCKED)
    scene.says(b"112:31\r")

    stopped = scene.each(2.0, 100, b"012:31\r")
    begins = scene.says(b"112:31\r")
    scene.wait(2.0)
    runs = scene.says(b"112:30\r")

    assert [it.state for it in (stopped, begins, runs)] == ["flowing"] * 3
    assert stopped.values.results_live_units == 0
    assert stopped.values.results_data_age_seconds is None
    assert runs.values.results_live_units == 1


@pytest.mark.parametrize(
    ("said", "note"),
    [(b"", "`running` was not found"), (b"Rxyzzy\n", "`running` says 'xyzzy'")],
)
@pytest.mark.parametrize("limit", ["clock_rests_s", "number_rests_s", "same_frame_s"])
def test_a_source_that_never_says_whether_it_runs_is_taken_as_running(
    said: bytes, note: str, limit: str
) -> None:
    scene = Scene(
        {
            "clock": {"regex": "C(.*)"},
            "number": {"regex": "N(.*)"},
            "running": {"regex": "R(.*)"},
            limit: 30.0,
        }
    )

    reading = scene.each(10.0, 6, b"C12:00\nN1\n" + said)

    assert reading.state == "frozen"
    assert note in reading.detail


def test_a_clock_that_was_never_found_is_said_to_be_none() -> None:
    scene = Scene({"clock": {"regex": "C(.*)"}, "clock_rests_s": 30.0})

    assert "the clock shows none for" in scene.each(10.0, 6, b"T\n").detail


def test_the_same_frame_for_too_long_is_frozen() -> None:
    scene = Scene({"same_frame_s": 60.0})
    scene.says(b"HOME 3\r")

    assert scene.each(20.0, 3, b"HOME 3\r").state == "flowing"
    frozen = scene.each(20.0, 1, b"HOME 3\r")

    assert frozen.state == "frozen"
    assert frozen.detail.startswith("alive, but nothing new came for 80 s, limit 60 s")
    assert scene.says(b"HOME 4\r").state == "flowing"


def test_frames_that_take_turns_and_stay_the_same_are_frozen() -> None:
    scene = Scene({"same_frame_s": 60.0})
    turns = b"HOME 3\rAWAY 2\rCLOCK 12:31\r"
    scene.says(turns)

    assert scene.each(20.0, 4, turns).state == "frozen"


def test_a_program_that_sleeps_for_a_night_is_no_freeze_as_it_begins() -> None:
    scene = Scene(JSON | {"expected": ["Sat 11:00-12:10", "Sun 11:00-13:00"]})
    scene.says(b'{"n": 7}\r')
    scene.read(3600.0)
    scene.read(22.0 * 3600)

    scene.says(b'{"n": 7}\r')
    reading = scene.each(10.0, 20, b'{"n": 7}\r')

    assert reading.state == "flowing"


def test_a_message_that_was_long_on_its_way_is_delayed() -> None:
    scene = Scene(STAMPED)
    scene.says(at(0.0))
    scene.wait(200.0)

    late = scene.says(at(100.0))
    fresh = scene.says(at(200.0))

    assert late.state == "delayed"
    assert late.detail.startswith("messages were 100 s on their way, limit 90 s")
    assert late.values.results_latency_seconds == 100
    assert fresh.state == "flowing"


def test_one_late_message_before_a_break_is_not_told_for_hours() -> None:
    scene = Scene(STAMPED | {"silence_limit_s": 30.0})
    scene.says(at(0.0))
    scene.wait(200.0)
    late = scene.says(at(50.0))

    reading = scene.each(20.0, 10, b'{"ping": 1}\r')

    assert late.state == "delayed"
    assert reading.state == "flowing"


def test_a_clock_that_is_off_is_told_beside_the_state() -> None:
    scene = Scene(STAMPED)
    for second in range(10):
        scene.wait(1.0)
        reading = scene.says(at(second - 7199.0))

    assert reading.state == "flowing"
    assert "clock is 7200 s behind; whole quarter hours: is `zone` right?" in reading.detail
    assert reading.values.results_clock_offset_seconds == -7200
    assert reading.values.results_clock_limit_seconds == 60


@pytest.mark.parametrize("by_s", [3600.0, -3600.0, 40.0])
def test_a_jump_of_this_machines_clock_delays_nothing(by_s: float) -> None:
    scene = Scene(STAMPED | JSON | {"number": {"json": "/at"}})
    states = set()
    for second in range(20):
        scene.wait(1.0)
        if second == 10:
            scene.set_wall(by_s)
        states.add(scene.says(at(second)).state)

    assert states == {"flowing"}


def test_the_same_page_again_is_not_later_than_it_was() -> None:
    scene = Scene(STAMPED, sees_all=False)
    page = b'{"at": %.1f}' % NOON
    scene.sends(page)

    for _ in range(50):
        scene.wait(30.0)
        reading = scene.sends(page)

    assert reading.state == "flowing"


def test_broken_messages_are_counted_and_told() -> None:
    scene = Scene(JSON)
    scene.says(b'{"n": 7}\r')

    reading = scene.says(b'{"n": 8\r', b'{"n": 9}\r')

    assert reading.state == "flowing"
    assert "1 broken: is not JSON" in reading.detail
    assert reading.values.results_parse_errors_total == 1
    assert reading.values.results_last_number == 9


def test_broken_messages_alone_are_delayed_after_the_limit() -> None:
    scene = Scene(JSON | {"latency_limit_s": 90.0})
    scene.says(b'{"n": 7}\r')

    soon = scene.each(10.0, 10, b'{"n": \r')
    late = scene.each(10.0, 1, b'{"n": \r')

    assert soon.state == "flowing"
    assert late.state == "delayed"
    assert late.detail.startswith("nothing but broken messages for 100 s, limit 90 s")
    assert "last good message 12:00:00 UTC" in late.detail


def test_broken_messages_beside_sound_ones_delay_nothing() -> None:
    scene = Scene(JSON | {"alive": {"json": "/ping"}})

    reading = scene.each(10.0, 29, b'{"n": \r{"ping": 1}\r')

    assert reading.state == "flowing"


NUMBERED = {"number": {"regex": r"^N(\d+)"}, "silence_limit_s": 30.0, "latency_limit_s": 90.0}
GARBAGE = b"\x81\x02\x9c\x11\r"


def test_crumbs_of_text_among_broken_messages_are_no_good_ones() -> None:
    scene = Scene(NUMBERED)
    scene.says(b"N1\r")

    reading = scene.each(10.0, 20, GARBAGE * 5 + b"q\r")

    assert reading.state == "delayed"
    assert "last good message 12:00:00 UTC" in reading.detail


def test_a_line_of_a_wrong_speed_is_delayed() -> None:
    noise, scene = random.Random(14), Scene(NUMBERED)
    for _ in range(40):
        scene.wait(5.0)
        reading = scene.says(noise.randbytes(500))

    assert reading.state == "delayed"


def test_a_fact_ends_a_run_of_broken_messages_at_once() -> None:
    scene = Scene(NUMBERED)
    scene.each(10.0, 20, GARBAGE * 50)

    assert scene.says(b"N2\r").state == "flowing"


def test_a_few_messages_without_a_fact_end_a_run_of_broken_ones() -> None:
    scene = Scene(NUMBERED)
    scene.each(10.0, 20, GARBAGE * 50)

    assert scene.says(b"READY\r" * 8).state == "flowing"


def test_one_broken_message_among_those_without_a_fact_delays_nothing() -> None:
    scene = Scene(NUMBERED)

    assert scene.each(10.0, 20, GARBAGE + b"READY\r").state == "flowing"


def test_a_sign_of_life_need_not_be_of_the_sort_of_data() -> None:
    scene = Scene(JSON | {"alive": {"regex": r"^(\*)"}, "clock": {"xml": "Clock"}})

    reading = scene.each(10.0, 11, b"*\r")
    moved = scene.says(b'{"n": 7}\r<Clock>12:31</Clock>\r')

    assert reading.state == "flowing"
    assert "last good message 12:01:50 UTC" in reading.detail
    assert moved.values.results_parse_errors_total == 0
    assert moved.values.results_last_number == 7


def test_what_is_no_text_is_broken_where_facts_are_looked_for() -> None:
    scene = Scene({"number": {"regex": r"^N(\d+)"}, "silence_limit_s": 30.0})

    reading = scene.each(10.0, 11, bytes(range(1, 10)) * 3 + b"\r\n")

    assert reading.state == "delayed"
    assert "is no text in UTF-8" in reading.detail
