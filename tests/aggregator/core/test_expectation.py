"""Deadlines: announced intervals and margins, our own start, blindness and stalls."""

from collections.abc import Callable

import pytest

from tests.kit.machine import DEADLINE_S, GRACE_S, INTERVAL_S, MARGIN_S, STOCK_MARGIN_S, Message
from tests.kit.story import ALONE, HOST, Story
from venuewatch.base.wire import topics
from venuewatch.base.wire.errors import Reason
from venuewatch.base.wire.messages import Beat

UNANNOUNCED_S = 60.0
BRIDGE = Message(topics.BRIDGES + "STA", b"1", retain=True)


# Intervals and margins


def test_unannounced_boot_has_the_patience_of_a_slow_one(alone: Story) -> None:
    alone.subscribe(0.0)

    alone.beat(0.0, 7)

    assert alone.changes(until=1_000.0) == [
        (0.0, "up", "beat"),
        (UNANNOUNCED_S + 1.0, "late", "patience_ended"),
        (UNANNOUNCED_S + MARGIN_S, "down", "deadline_passed"),
    ]


def test_birth_after_the_beat_sets_the_interval(alone: Story) -> None:
    alone.subscribe(0.0)
    alone.beat(0.0, 7)

    alone.birth(0.25)

    assert alone.changes(until=100.0)[1:] == [
        (INTERVAL_S + 1.0, "late", "patience_ended"),
        (DEADLINE_S, "down", "deadline_passed"),
    ]


def test_interval_learned_late_accuses_no_past_silence(alone: Story) -> None:
    alone.subscribe(0.0)
    alone.beat(0.0, 7)
    assert alone.changes(until=30.0) == [(0.0, "up", "beat")]

    alone.birth(30.0)

    assert all(at > 30.0 for at, _, _ in alone.changes(until=1_000.0))


@pytest.mark.parametrize(
    ("before_s", "after_s", "is_beating", "down_at"),
    [
        (1.0, 3_600.0, False, DEADLINE_S),
        (60.0, 1.0, True, 0.5 + DEADLINE_S),
        (1.0, 60.0, True, 0.5 + 60.0 + MARGIN_S),
    ],
)
def test_interval_of_a_new_boot_counts_from_its_first_beat(
    alone: Story, before_s: float, after_s: float, *, is_beating: bool, down_at: float
) -> None:
    alone.begin(interval_s=before_s)

    alone.birth(0.5, boot="b", interval_s=after_s)
    if is_beating:
        alone.beat(0.5, 0, boot="b")

    assert alone.changes(until=200.0)[-1] == (down_at, "down", "deadline_passed")


def test_stock_tcp_has_its_own_margin_while_announced(alone: Story) -> None:
    alone.subscribe(0.0)
    alone.birth(0.0, stock_tcp=True)
    alone.beat(0.0, 0)
    expected_at = alone.host().expected_at

    alone.beat(INTERVAL_S + STOCK_MARGIN_S - 0.5, 1)
    assert [after for _, after, _ in alone.changes()] == ["up", "late", "up"]

    alone.birth(alone.now, session=2)
    assert alone.changes(until=100.0)[-1] == (
        INTERVAL_S + STOCK_MARGIN_S - 0.5 + DEADLINE_S,
        "down",
        "deadline_passed",
    )
    assert expected_at == INTERVAL_S


@pytest.mark.parametrize("is_before", [True, False])
def test_host_behind_a_bridge_has_the_stock_margin(alone: Story, *, is_before: bool) -> None:
    """The agent's own connection ends at the venue's broker: its birth does not help."""
    alone.subscribe(0.0)
    if is_before:
        alone.deliver(BRIDGE)
    alone.birth(0.0)
    alone.beat(0.0, 0)

    if not is_before:
        alone.advance(0.5)
        alone.deliver(BRIDGE)

    assert alone.centre.fleet.venues["STA"].margin_s == STOCK_MARGIN_S
    assert alone.host().expected_at == INTERVAL_S
    assert alone.changes(until=100.0)[-1] == (
        INTERVAL_S + STOCK_MARGIN_S,
        "down",
        "deadline_passed",
    )


# Our own start


def test_host_never_heard_is_unseen_until_its_first_beat(alone: Story) -> None:
    alone.subscribe(0.0)
    assert alone.changes(until=90.0) == [(GRACE_S, "unseen", "never_heard")]
    assert alone.host().cause is None

    alone.beat(100.0, 0)

    assert alone.changes() == [(100.0, "up", "beat")]


@pytest.mark.parametrize(
    ("reason", "change"),
    [("lost", (GRACE_S, "down", "grace_ended")), ("farewell", (1.0, "away", "farewell"))],
)
def test_only_a_farewell_is_believed_within_the_grace(
    alone: Story, reason: str, change: tuple[float, str, str]
) -> None:
    alone.subscribe(0.0)
    alone.birth(0.0, is_retained=True)

    alone.death(1.0, "lost" if reason == "lost" else "farewell")

    assert alone.changes(until=500.0) == [change]


@pytest.mark.parametrize("interval_s", [30.0, 48.0, 60.0])
def test_slow_host_has_its_own_interval_after_our_start(alone: Story, interval_s: float) -> None:
    """A bridge that reconnects repeats retained births: that extends nothing."""
    alone.subscribe(0.0)
    for part in range(4):
        alone.birth(part * interval_s / 4, interval_s=interval_s, is_retained=True)

    assert alone.changes(until=interval_s) == []
    assert alone.changes(until=1_000.0) == [(interval_s + MARGIN_S, "down", "grace_ended")]


def test_host_heard_before_the_subscription_has_its_deadline_after_it(alone: Story) -> None:
    """A broker that kept our session sends live beats between its CONNACK and its SUBACK."""
    alone.birth(0.0, is_retained=True)
    alone.beat(0.5, 7)

    alone.subscribe(20.0)

    assert alone.changes(until=20.0 + INTERVAL_S) == [(0.5, "up", "beat")]


def test_core_is_ready_when_every_host_is_decided() -> None:
    story = Story({"STA": ("alpha", "beta")})
    is_ready = [story.centre.is_ready]

    story.subscribe(0.0)
    story.beat(1.0, 0, "alpha")
    is_ready.append(story.centre.is_ready)
    story.advance(GRACE_S)
    is_ready.append(story.centre.is_ready)
    story.lose_connection()
    is_ready.append(story.centre.is_ready)

    assert is_ready == [False, False, True, False]


# Our own blindness


def test_blind_core_knows_of_no_living_host_and_accuses_none() -> None:
    story = Story({"STA": ("up", "down", "late")})
    story.begin()
    for second in range(1, 9):
        story.beat(second, second, "up")
        story.beat(second, second, "late")
    story.beat(9.0, 9, "up")
    story.beat(10.0, 10, "up")
    story.advance(10.25)
    story.forget()

    story.lose_connection()

    assert [story.state(name).value for name in story.machines] == ["unknown", "down", "unknown"]
    assert story.host("late").counts_as_up
    assert not story.host("down").counts_as_up
    story.advance(1_000.0)
    assert story.accused() == []


def test_host_counts_as_up_while_we_are_blind_twice(alone: Story) -> None:
    alone.begin()
    alone.advance(1.0)
    alone.lose_connection()
    alone.subscribe(2.0)

    alone.advance(3.0)
    alone.lose_connection()

    assert alone.host().counts_as_up


def test_host_that_was_down_is_not_reported_again_after_our_return(alone: Story) -> None:
    alone.begin()
    alone.advance(10.0)
    alone.lose_connection()
    alone.forget()

    alone.subscribe(20.0)

    assert alone.changes(until=1_000.0) == []


def test_host_that_is_away_has_the_grace_after_our_return() -> None:
    story = Story(ALONE, away_limit_s=60.0)
    story.begin()
    story.death(0.5, "farewell")
    story.advance(10.0)
    story.lose_connection()
    story.forget()

    story.subscribe(100.0)

    assert story.changes(until=1_000.0) == [(100.0 + GRACE_S, "down", "away_too_long")]


# Our own stalls


@pytest.mark.parametrize("is_willed", [True, False])
def test_stall_is_credited_to_held_will_and_grace(alone: Story, *, is_willed: bool) -> None:
    alone.subscribe(0.0)
    if is_willed:
        alone.beat(0.0, 0)
        alone.death(0.5, "lost")
    alone.mute(HOST)
    alone.look()

    alone.stall(10.0)

    due = (0.7, "down", "connection_lost") if is_willed else (GRACE_S, "unseen", "never_heard")
    assert alone.changes(until=1_000.0)[-1] == (due[0] + 10.0, *due[1:])


# What was due before


def receive_late(alone: Story) -> None:
    alone.deliver(alone.machines[HOST].said(Beat("a", 1, 1, 0, 0)))


def stall(alone: Story) -> None:
    alone.centre.refuse(alone.now, Reason.BAD_PACKET)
    alone.stall(5.0)


@pytest.mark.parametrize("happen", [receive_late, stall, Story.lose_connection])
def test_what_was_due_before_is_decided_as_without(
    alone: Story, happen: Callable[[Story], None]
) -> None:
    alone.begin()
    alone.mute(HOST)
    alone.advance(DEADLINE_S - 0.01)
    alone.now = DEADLINE_S

    happen(alone)

    assert alone.changes()[-1] == (DEADLINE_S, "down", "deadline_passed")
