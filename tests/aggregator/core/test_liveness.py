"""Silence and recovery of one host, the numbers of its beats, wills, farewells and absence."""

from collections.abc import Callable
from typing import Literal

import pytest

from tests.kit.machine import DEADLINE_S, GRACE_S, MARGIN_S
from tests.kit.story import Story

LOST = (0.5 + 0.2, "down", "connection_lost")
"""What a will at 0.5 s leads to, once it was held."""


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


# Wills, farewells and absence


def test_will_never_makes_a_verdict_later_than_silence(alone: Story) -> None:
    alone.begin()
    alone.host().round_trip_s = 60.0

    alone.death(0.5, "lost")

    assert alone.changes(until=100.0)[-1] == (DEADLINE_S, "down", "deadline_passed")


AFTER_A_WILL: dict[str, tuple[Callable[[Story], None], bool]] = {
    "the birth of a new session": (lambda story: story.birth(0.625, session=2), True),
    "the birth of a new boot": (lambda story: story.birth(0.625, boot="b"), True),
    "a beat of a new session": (lambda story: story.beat(0.625, 1, session=2), True),
    "the same birth again": (lambda story: story.birth(0.625), False),
    "a retained birth": (lambda story: story.birth(0.625, session=2, is_retained=True), False),
}


@pytest.mark.parametrize(("say", "is_void"), AFTER_A_WILL.values(), ids=AFTER_A_WILL.keys())
def test_only_a_new_session_voids_a_will(
    alone: Story, say: Callable[[Story], None], *, is_void: bool
) -> None:
    alone.begin()
    alone.death(0.5, "lost")

    say(alone)

    assert alone.changes(until=1.5) == ([] if is_void else [LOST])


@pytest.mark.parametrize("reason", ["lost", "farewell"])
def test_retained_death_changes_nothing(alone: Story, reason: Literal["lost", "farewell"]) -> None:
    alone.begin()

    alone.death(0.5, reason, is_retained=True)

    assert alone.changes(until=1.5) == []


def test_host_that_was_away_is_back_on_its_first_beat(alone: Story) -> None:
    alone.begin()
    alone.death(0.5, "farewell")
    alone.advance(200.0)
    alone.birth(300.0, boot="b")
    alone.beat(300.0, 0, boot="b")

    assert alone.changes(until=1_000.0) == [
        (0.5, "away", "farewell"),
        (300.0, "up", "beat"),
        (302.0, "late", "patience_ended"),
        (300.0 + DEADLINE_S, "down", "deadline_passed"),
    ]


def test_lost_host_may_still_say_farewell(alone: Story) -> None:
    alone.begin()
    alone.death(11.0, "farewell")

    assert alone.changes()[-1] == (11.0, "away", "farewell")


@pytest.mark.parametrize(
    ("session", "after"), [(1, ("away", "farewell")), (2, ("down", "grace_ended"))]
)
def test_retained_farewell_of_the_latest_session_counts_after_the_grace(
    alone: Story, session: int, after: tuple[str, str]
) -> None:
    alone.subscribe(0.0)

    alone.birth(0.0, session=session, is_retained=True)
    alone.death(0.0, "farewell", session=1, is_retained=True)

    assert alone.changes(until=GRACE_S) == [(GRACE_S, *after)]


@pytest.mark.parametrize(("boot", "session"), [("a", 2), ("b", 1)])
@pytest.mark.parametrize("is_born", [True, False])
@pytest.mark.parametrize("reason", ["lost", "farewell"])
def test_death_of_an_older_session_changes_nothing(
    alone: Story, reason: Literal["lost", "farewell"], boot: str, session: int, *, is_born: bool
) -> None:
    alone.begin()
    if is_born:
        alone.birth(0.25, boot=boot, session=session)
    else:
        alone.beat(0.25, 1, boot=boot, session=session)

    alone.death(0.5, reason)

    assert alone.changes(until=1.0) == []
