"""Wills, farewells, and hosts that are away."""

from collections.abc import Callable
from typing import Literal

import pytest

from tests.kit.machine import DEADLINE_S, GRACE_S
from tests.kit.story import Story

HOLD_S = 0.2
LOST = (0.5 + HOLD_S, "down", "connection_lost")


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
