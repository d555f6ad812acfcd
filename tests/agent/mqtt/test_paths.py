"""Paths that lose large packets are told from those that lose all, and are remembered."""

import math

import pytest

from agent.mqtt.paths import (
    ADDRESSES_MAX,
    LOOK_EVERY_S,
    REMEMBERED_S,
    REPEATS_IN_VAIN,
    REPEATS_PASSED,
    SEGMENT_BYTES,
    Flight,
    Paths,
    Watch,
)

NOW = 100.0
SEGMENT = 1_448
LARGE = 4_000
SENT_BEFORE = 500
IDLE = Flight(SENT_BEFORE, 0, SEGMENT, passed=0, repeats=0, silent_s=0.01)
WRITTEN = IDLE._replace(queued=LARGE)


def watching(size_bytes: int = LARGE) -> Watch:
    """Return a watch over a write of so many bytes at ``NOW``."""
    watch = Watch()
    watch.before_write(size_bytes, IDLE, NOW)
    return watch


def in_vain(repeats: int = REPEATS_IN_VAIN, *, passed: int = 0, silent_s: float = 0.1) -> Flight:
    return Flight(SENT_BEFORE, LARGE, SEGMENT, passed, repeats, silent_s)


def test_large_write_in_vain_while_the_peer_is_heard_may_be_split() -> None:
    watch = watching()

    advice = [watch.look(in_vain(repeats), NOW + 1.0) for repeats in range(REPEATS_IN_VAIN + 1)]

    assert advice == [""] * REPEATS_IN_VAIN + ["split"]


def test_later_packets_that_passed_tell_it_sooner_and_on_a_silent_line() -> None:
    watch = watching()

    advice = [
        watch.look(in_vain(repeats, passed=1, silent_s=0.9), NOW + 1.0)
        for repeats in range(REPEATS_PASSED + 1)
    ]

    assert advice == [""] * REPEATS_PASSED + ["split"]


def test_line_that_loses_all_is_none_that_loses_large_packets() -> None:
    watch = watching()

    advice = {watch.look(in_vain(repeats=at, silent_s=float(at)), NOW + at) for at in range(1, 30)}

    assert advice == {""}
    assert watch.is_in_vain, "the end of the connection may tell"


def test_loss_of_a_beat_before_it_says_nothing_of_a_large_write() -> None:
    beat = 150
    watch = Watch()
    watch.before_write(LARGE, IDLE._replace(queued=beat), NOW)
    lost = in_vain(passed=1)._replace(queued=beat + LARGE)

    advice = watch.look(lost, NOW + 1.0)
    is_in_vain = watch.is_in_vain

    assert (advice, is_in_vain) == ("", False)
    assert watch.next_at == NOW + 1.0 + LOOK_EVERY_S
    there = lost._replace(acknowledged=SENT_BEFORE + beat, queued=LARGE, repeats=0)
    assert watch.look(there, NOW + 1.2) == ""
    later = there._replace(repeats=REPEATS_PASSED)
    assert watch.look(later, NOW + 2.0) == "split", "that is another matter"


def test_connection_is_left_where_splitting_is_no_help() -> None:
    watch = watching()
    watch.look(in_vain(), NOW + 1.0)

    advice = [
        watch.look(in_vain(REPEATS_IN_VAIN + more), NOW + 2.0)
        for more in range(REPEATS_IN_VAIN + 1)
    ]

    assert advice == [""] * REPEATS_IN_VAIN + ["leave"]


def test_write_that_arrives_once_split_ends_the_watch() -> None:
    watch = watching()
    watch.look(in_vain(), NOW + 1.0)

    advice = watch.look(in_vain()._replace(acknowledged=SENT_BEFORE + SEGMENT), NOW + 1.5)

    assert (advice, watch.is_sound, watch.is_in_vain) == ("", True, False)
    assert watch.next_at == math.inf


@pytest.mark.parametrize(
    ("acknowledged", "queued", "is_sound"),
    [
        (SENT_BEFORE + SEGMENT - 1, LARGE, False),
        (SENT_BEFORE + SEGMENT, LARGE - SEGMENT, True),  # the rest may be lost as anything is
        (0, 0, True),  # a kernel that counts no acknowledged bytes
    ],
)
def test_path_is_sound_once_a_full_segment_has_arrived(
    acknowledged: int, queued: int, *, is_sound: bool
) -> None:
    watch = watching()

    watch.look(WRITTEN._replace(acknowledged=acknowledged, queued=queued), NOW + 1.0)

    assert watch.is_sound is is_sound


def test_write_is_not_there_for_what_was_written_before_it() -> None:
    watch = Watch()
    watch.before_write(LARGE, IDLE._replace(queued=100 * LARGE), NOW)

    watch.look(IDLE._replace(acknowledged=SENT_BEFORE + 100 * LARGE, queued=LARGE), NOW + 1.0)

    assert not watch.is_sound


def test_segment_that_is_not_full_proves_nothing_of_larger_ones() -> None:
    watch = watching(SEGMENT - 1)

    watch.look(WRITTEN._replace(acknowledged=SENT_BEFORE + SEGMENT - 1, queued=0), NOW + 1.0)
    is_sound = watch.is_sound
    watch.before_write(LARGE, IDLE, NOW + 2.0)

    assert not is_sound
    assert watch.next_at == NOW + 2.0 + LOOK_EVERY_S


def test_small_writes_are_not_watched() -> None:
    watch = watching(SEGMENT_BYTES)

    advice = watch.look(in_vain(), NOW + 5.0)

    assert (advice, watch.next_at, watch.is_in_vain) == ("", math.inf, False)


def test_connection_of_small_segments_is_not_watched() -> None:
    watch = Watch()

    watch.before_write(LARGE, IDLE._replace(segment_bytes=SEGMENT_BYTES - 12), NOW)

    assert watch.is_sound
    assert watch.next_at == math.inf


def test_address_is_remembered_for_an_hour() -> None:
    paths = Paths()

    is_news = [paths.lose_large("10.0.0.1", NOW), paths.lose_large("10.0.0.1", NOW + 1.0)]

    assert is_news == [True, False]
    assert paths.is_narrow("10.0.0.1", NOW + REMEMBERED_S)
    assert not paths.is_narrow("10.0.0.1", NOW + 1.0 + REMEMBERED_S)
    assert not paths.is_narrow("10.0.0.2", NOW)


def test_of_many_addresses_the_oldest_are_forgotten() -> None:
    paths = Paths()

    for at in range(ADDRESSES_MAX + 1):
        paths.lose_large(f"fd00::{at}", NOW + at)

    later = NOW + ADDRESSES_MAX
    assert not paths.is_narrow("fd00::0", later)
    assert all(paths.is_narrow(f"fd00::{at}", later) for at in range(1, ADDRESSES_MAX + 1))
