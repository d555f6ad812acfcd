"""Each of the states has its reason, begins at its limit, and says since when."""

from typing import Any, Final

import pytest

from tests.agent.checks.stream.scene import Scene
from venuewatch.base.wire.checks import VALUES_OF_NOW

NUMBERED: Final[dict[str, Any]] = {
    "silence_limit_s": 30.0,
    "alive": {"regex": r"^(\*)"},
    "number": {"regex": r"^N(\d+)"},
    "number_rests_s": 300.0,
    "running": {"regex": r"^R(\w+)"},
    "latency_limit_s": 90.0,
}
OPEN: Final = {"silence_limit_s": 30.0, "expected": ["Sat 11:00-13:00"]}


def test_a_source_that_was_never_heard_is_unknown_then_silent() -> None:
    scene = Scene({"silence_limit_s": 30.0})

    soon, later = scene.read(30.0), scene.read(1.0)

    assert soon.state == "unknown"
    assert soon.detail == "nothing heard yet; since 12:00:00 UTC, no good message yet"
    assert later.state == "silent"
    assert later.detail.startswith("nothing for 31 s, limit 30 s; since 12:00:31 UTC")


def test_a_source_that_talks_is_flowing_until_its_limit() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")

    assert scene.read(30.0).state == "flowing"
    silent = scene.read(0.1)

    assert silent.state == "silent"
    assert "last good message 12:00:00 UTC" in silent.detail


def test_the_detail_says_since_when_the_state_is_so() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    scene.read(40.0)

    still = scene.read(600.0)
    again = scene.says(b"HOME 4\r")

    assert "since 12:00:40 UTC, last good message 12:00:00 UTC" in still.detail
    assert "since 12:10:40 UTC, last good message 12:10:40 UTC" in again.detail


def test_a_day_later_the_time_has_its_date() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    scene.read(40.0)

    assert "since 2024-08-03 12:00 UTC" in scene.read(86_400.0).detail


def test_outside_its_times_nothing_is_expected() -> None:
    scene = Scene(OPEN)
    scene.says(b"HOME 3\r")

    within, after = scene.read(3599.0), scene.read(2.0)

    assert within.state == "silent"
    assert after.state == "not_expected"
    assert after.detail.startswith("outside Sat 11:00-13:00; since ")


def test_a_source_that_was_never_heard_is_unknown_outside_its_times_too() -> None:
    scene = Scene({"silence_limit_s": 30.0, "expected": ["Sat 14:00-15:00"]})

    reading = scene.read(3600.0)

    assert reading.state == "unknown"
    assert reading.detail.startswith("nothing heard yet, outside Sat 14:00-15:00")


def test_silence_counts_from_when_its_times_begin() -> None:
    scene = Scene({"silence_limit_s": 30.0, "expected": ["Sat 11:00-12:10", "Sat 14:00-15:00"]})
    scene.says(b"HOME 3\r")
    scene.read(3600.0)

    begun, soon, late = scene.read(3600.0), scene.read(30.0), scene.read(1.0)

    assert (begun.state, soon.state, late.state) == ("unknown", "unknown", "silent")


def test_what_was_quiet_for_the_night_is_unknown_until_it_talks_in_its_times() -> None:
    scene = Scene({"expected": ["13:00-18:00"], "silence_limit_s": 600.0})
    scene.says(b"HOME 3\r\n")

    night = scene.read(3599.0)
    morning = scene.read(1.0)
    talking = scene.says(b"HOME 3\r\n")

    assert (night.state, morning.state, talking.state) == ("not_expected", "unknown", "flowing")
    assert morning.detail.startswith("nothing heard yet in 13:00-18:00")
    assert scene.read(601.0).state == "silent"


def test_what_talked_until_its_times_began_is_flowing_at_once() -> None:
    scene = Scene({"expected": ["13:00-18:00"], "silence_limit_s": 600.0})
    scene.wait(3590.0)
    scene.says(b"HOME 3\r\n")

    assert scene.read(10.0).state == "flowing"


def test_a_source_that_says_it_is_not_running_need_not_talk() -> None:
    scene = Scene(NUMBERED | {"expected_while": "running"})
    scene.says(b"R1\r")
    scene.says(b"Rstopped\r")

    reading = scene.read(3600.0)

    assert reading.state == "not_expected"
    assert reading.detail.startswith("not running: stopped; since 12:00:00 UTC")


@pytest.mark.parametrize(
    "word", ["interrupted", "postponed", "suspended", "delayed", "cancelled", "scheduled"]
)
def test_an_interruption_is_not_expected_with_its_word(word: str) -> None:
    scene = Scene(NUMBERED | {"expected_while": "running"})
    scene.says(b"Rlive\rN1\r")

    reading = scene.each(10.0, 60, f"R{word.upper()}\r".encode())

    assert reading.state == "not_expected"
    assert reading.detail.startswith(f"not running: {word.upper()}")


def test_a_word_that_is_not_known_leaves_running_as_it_was() -> None:
    scene = Scene(NUMBERED | {"expected_while": "running"})
    scene.says(b"R1\r")
    scene.says(b"Rxyzzy\r")

    assert scene.read(60.0).state == "silent"


def test_what_is_not_running_is_silent_where_it_is_expected_all_the_same() -> None:
    scene = Scene(NUMBERED)
    scene.says(b"R0\r")

    assert scene.read(31.0).state == "silent"


@pytest.mark.parametrize("by_s", [7200.0, -7200.0])
def test_step_of_this_machines_clock_is_no_silence(by_s: float) -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    scene.set_wall(by_s)

    soon, later = scene.read(29.0), scene.read(2.0)

    assert (soon.state, later.state) == ("flowing", "silent")


def test_bytes_that_never_make_a_message_are_delayed() -> None:
    scene = Scene({"silence_limit_s": 30.0})

    reading = scene.each(10.0, 5, b"\x00\xff" * 20)

    assert reading.state == "delayed"
    assert reading.detail.startswith("bytes, but no whole message for 40 s, limit 30 s")


@pytest.mark.parametrize("blank", [b"\r\n", b"\n", b"\r\0", b" \r\n", b"\n\r"])
def test_a_line_without_content_is_life_and_no_message(blank: bytes) -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r\n")

    blinking = scene.each(20.0, 30, blank)

    assert blinking.state == "flowing"
    assert blinking.values.results_messages_total == 1
    assert "last good message 12:00:00" in blinking.detail
    assert scene.read(31.0).state == "silent"


def test_a_message_without_content_is_life_also_where_others_end_it() -> None:
    scene = Scene({"silence_limit_s": 30.0, "ends": ["$"]})

    assert scene.each(20.0, 30, b"\n$").state == "flowing"


def test_without_frames_any_byte_is_life() -> None:
    scene = Scene({"silence_limit_s": 30.0, "ends": ""})

    talking = scene.each(20.0, 5, b"\x02\x00")

    assert talking.state == "flowing"
    assert talking.values.results_bytes_total == 10
    assert talking.values.results_messages_total is None
    assert scene.read(31.0).state == "silent"


def test_a_message_that_is_too_long_is_life_and_counted() -> None:
    scene = Scene({"silence_limit_s": 30.0, "max_frame_bytes": 100})

    reading = scene.each(20.0, 5, b"x" * 200 + b"\n")

    assert reading.state == "flowing"
    assert reading.values.results_oversized_total == 5
    assert reading.values.results_messages_total == 0


def test_messages_that_are_all_too_long_are_delayed_after_the_limit() -> None:
    scene = Scene({"max_frame_bytes": 100, "latency_limit_s": 30.0})

    in_time = scene.each(20.0, 2, b"x" * 200 + b"\n")
    late = scene.each(20.0, 1, b"x" * 200 + b"\n")
    readable = scene.says(b"HOME 3\n")

    assert (in_time.state, late.state, readable.state) == ("flowing", "delayed", "flowing")
    assert late.detail.startswith("nothing but too long messages for 40 s, limit 30 s")
    assert "3 longer than `max_frame_bytes` (100)" in late.detail


def test_bodies_that_are_all_too_large_are_delayed_after_the_limit() -> None:
    scene = Scene({"latency_limit_s": 30.0})
    readings = []
    for _ in range(3):
        scene.wait(20.0)
        readings.append(scene.hears(oversized=1).state)

    assert readings == ["flowing", "flowing", "delayed"]


def test_without_frames_nothing_is_too_long() -> None:
    scene = Scene({"latency_limit_s": 30.0, "ends": ""})
    scene.hears(oversized=1)
    scene.wait(40.0)

    assert scene.hears(oversized=1).state == "flowing"


def test_bodies_that_the_way_dropped_as_too_large_are_life() -> None:
    scene = Scene({"silence_limit_s": 30.0})

    reading = scene.hears(oversized=2)

    assert reading.state == "flowing"
    assert reading.values.results_oversized_total == 2


def test_what_waits_to_be_read_is_delayed() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    scene.wait(600.0)
    scene.follower._timeout_s = 0.0  # noqa: SLF001 - a reading without time for more

    reading = scene.hears(unread=3250)

    assert reading.state == "delayed"
    assert reading.detail.startswith("3250 messages or more unread; nothing for 600 s")


def test_outside_its_times_what_waits_is_not_delayed() -> None:
    scene = Scene(OPEN)
    scene.says(b"HOME 3\r")
    scene.wait(7200.0)
    scene.follower._timeout_s = 0.0  # noqa: SLF001

    assert scene.hears(unread=7).state == "not_expected"


def test_a_port_that_can_not_be_had_is_critical_at_once_at_any_time() -> None:
    scene = Scene({"expected": ["Sat 14:00-15:00"]})

    reading = scene.hears(trouble="port 5100: address in use", is_unreadable=True)

    assert reading.state == "critical"
    assert reading.detail.startswith("port 5100: address in use; since 12:00:00 UTC")


def test_values_of_now_are_absent_while_nothing_can_be_heard() -> None:
    scene = Scene(NUMBERED | {"stamp": {"regex": r"^@(\S+)"}})
    known = scene.says(b"R1\rN7\r@12:00:00\r").values

    values = scene.hears(trouble="port 5100: address in use", is_unreadable=True).values

    assert (known.results_live_units, known.results_data_age_seconds) == (1, 0)
    assert known.results_clock_offset_seconds == known.results_latency_seconds == 0
    assert [getattr(values, name) for name in VALUES_OF_NOW] == [None] * 4
    assert values.results_last_number == 7


def test_a_source_that_can_not_be_reached_is_silent_after_its_limit() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    scene.wait(20.0)

    soon = scene.hears(trouble="nothing listens there")
    scene.wait(20.0)
    later = scene.hears(trouble="nothing listens there")

    assert soon.state == "flowing"
    assert later.state == "silent"
    assert later.detail.startswith("nothing for 40 s, limit 30 s; nothing listens there; since ")


def test_a_sender_that_knocks_in_vain_is_unknown_then_critical() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    states = []
    for _ in range(5):
        states.append(
            scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 2}).state
        )
        scene.wait(15.0)
    last = scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 2})

    assert states == ["unknown", "unknown", "unknown", "critical", "critical"]
    assert last.detail.startswith("all that came for 75 s was refused; since 12:00:45 UTC")
    assert "refused: 10.9.9.9 is not among `peers`" in last.detail
    assert last.values.results_unauthorized_total == 12
    assert last.values.results_refused_total == [("peer", 12.0)]


def test_probes_of_a_load_balancer_change_no_state() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    states = []
    for _ in range(4):
        scene.wait(15.0)
        states.append(scene.hears(refusals={"probe": 3}).state)
    last = scene.hears(refusals={"probe": 3})

    assert states == ["flowing", "flowing", "silent", "silent"]
    assert "refused" not in last.detail
    assert last.values.results_unauthorized_total == 0


def test_reason_that_is_no_matter_of_rights_is_not_unauthorized() -> None:
    scene = Scene({"silence_limit_s": 30.0}, refuses=("peer", "full", "request"))

    values = scene.hears(refused="Expected HTTP", refusals={"full": 2, "request": 1}).values

    assert values.results_unauthorized_total == 0
    assert values.results_refused_total == [("peer", 0.0), ("full", 2.0), ("request", 1.0)]


def test_a_sender_that_is_refused_harms_no_source_that_talks() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    states = set()
    for _ in range(10):
        states.add(scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 1}).state)
        scene.wait(15.0)
        states.add(scene.says(b"HOME 3\r").state)

    assert states == {"flowing"}


def test_a_run_of_refusals_begins_after_the_last_message() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 1})
    scene.wait(20.0)
    scene.says(b"HOME 3\r")
    scene.wait(5.0)
    scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 1})
    scene.wait(26.0)

    reading = scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 1})

    assert reading.state == "unknown"
    assert reading.detail.startswith("all that came for 26 s was refused")


def test_a_sender_that_was_refused_once_leaves_silence_silence() -> None:
    scene = Scene({"silence_limit_s": 30.0})
    scene.says(b"HOME 3\r")
    scene.hears(refused="10.9.9.9 is not among `peers`", refusals={"peer": 1})

    assert scene.read(31.0).state == "silent"
