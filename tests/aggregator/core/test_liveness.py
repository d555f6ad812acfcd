"""Silence, lateness and recovery of one host, and the numbers of its beats."""

import pytest

from tests.kit.machine import DEADLINE_S, INTERVAL_S, MARGIN_S
from tests.kit.story import Story

LATE = (INTERVAL_S + 1.0, "late", "patience_ended")
DOWN = (DEADLINE_S, "down", "deadline_passed")


@pytest.fixture
def down(alone: Story) -> Story:
    """One host, which was born at 0 and has been silent since, at 10 s."""
    alone.begin()
    alone.advance(10.0)
    alone.forget()
    return alone


def test_burst_of_beats_brings_no_host_back(down: Story) -> None:
    for seq in range(2, 12):
        down.beat(20.0 + seq / 100, seq)

    assert down.changes() == []


def test_gap_begins_the_count_of_steady_beats_again(down: Story) -> None:
    for at, seq in ((20.0, 20), (21.0, 21), (25.0, 25), (26.0, 26), (27.0, 27)):
        down.beat(at, seq)

    assert down.changes() == [(27.0, "up", "steady")]


@pytest.mark.parametrize("interval_s", [0.1, 1.0, 60.0])
def test_returned_host_is_watched_as_closely_as_before(down: Story, interval_s: float) -> None:
    down.birth(20.0, boot="b", interval_s=interval_s)
    for seq in range(3):
        down.beat(20.0 + seq * interval_s, seq, boot="b")
    last = 20.0 + 2 * interval_s
    down.forget()

    changes = down.changes(until=last + 1_000.0)

    assert changes[-1][1:] == ("down", "deadline_passed")
    assert changes[-1][0] == pytest.approx(last + interval_s + MARGIN_S)


@pytest.mark.parametrize("seq", [5, 3])
def test_repeated_or_overtaken_beat_is_no_evidence(alone: Story, seq: int) -> None:
    alone.begin()
    alone.beat(1.0, 5)

    alone.beat(1.5, seq)

    assert alone.host().evidence_at == 1.0


def test_beats_before_the_first_received_were_not_missed(alone: Story) -> None:
    alone.subscribe(0.0)

    alone.beat(1.0, 5_000)

    assert alone.host().missed == 0


def test_new_boot_is_a_restart_and_misses_no_beat(alone: Story) -> None:
    alone.begin()
    at_first = alone.host().restarts
    alone.beat(1.0, 900)

    alone.beat(2.0, 3, boot="b")
    alone.beat(3.0, 4, boot="c")

    assert (at_first, alone.host().restarts, alone.host().missed) == (0, 2, 899)
