"""A broker that doesn't say why: taken over, refused, or nobody at all is heard."""

from functools import partial

import pytest

from aggregator.core.ends import Ends
from aggregator.core.hearing import REPORT_AFTER_S
from aggregator.core.states import HostState
from aggregator.core.suspension import TOGETHER_S
from tests.kit.machine import GRACE_S
from tests.kit.story import STADE, Story

BLIND = ("centre", "aggregator_blind")


def thrown_out(story: Story, times: int) -> None:
    """Lose our connection half a second after it was opened, again and again."""
    for _ in range(times):
        story.run(0.5)
        story.reconnect(1.0)


def test_connections_that_end_within_seconds_are_taken_over(story: Story) -> None:
    thrown_out(story, 8)

    assert story.opened() == [BLIND]
    assert int(story.evidence("centre")["taken_over"].detail["times"] or 0) >= 2
    assert story.accused() == []


def test_connections_that_last_are_taken_over_by_nobody(story: Story) -> None:
    story.run(60.0)
    story.lose_connection()
    story.centre.port_said(story.now, "answers")
    story.run(REPORT_AFTER_S + 1.0)

    assert story.opened() == [BLIND]
    assert "taken_over" not in story.evidence("centre")


def test_refusal_is_evidence_in_the_words_of_the_broker(story: Story) -> None:
    story.lose_connection()
    for _ in range(3):
        refused = partial(story.centre.decisions.connections.refused, "live", "NOT_AUTHORIZED")
        story.centre.call(story.now, partial(refused, story.now))
        story.run(1.0)
    story.centre.port_said(story.now, "answers")

    story.run(REPORT_AFTER_S)

    assert story.opened() == [BLIND]
    detail = story.evidence("centre")["refused"].detail
    assert detail == {"times": 3, "why": "NOT_AUTHORIZED"}


def test_word_of_the_broker_counts_however_long_a_connection_lasted() -> None:
    ends = Ends()
    ends.opened(0.0)

    ends.lost(1_000.0, is_taken_over=True)

    assert [seen.seen for seen in ends.evidence(1_000.0)] == ["taken_over"]


def test_what_ended_long_ago_says_nothing() -> None:
    ends = Ends()
    for at in (0.0, 2.0):
        ends.opened(at)
        ends.lost(at + 1.0, is_taken_over=False)

    assert [seen.seen for seen in ends.evidence(3.0 + TOGETHER_S)] == ["taken_over"]
    assert ends.evidence(3.1 + TOGETHER_S) == ()


def test_connection_that_is_let_in_was_not_refused() -> None:
    ends = Ends()
    ends.refused("BANNED", 1.0)

    ends.opened(2.0)

    assert ends.evidence(2.0) == ()


@pytest.fixture
def unread() -> Story:
    """Return a centre that was never told of anybody, and hears nothing but its own ticks."""
    story = Story(STADE)
    story.mute(*story.machines)
    story.subscribe(0.0)
    return story


def test_nobody_at_all_that_is_heard_is_told_after_the_grace(unread: Story) -> None:
    unread.run(GRACE_S - 1.0)
    before = unread.opened()
    unread.run(3.0)

    assert before == []
    assert unread.opened() == [BLIND]
    assert unread.incident("centre").opened_at == 0.0
    assert unread.evidence("centre")["nobody_heard"].at == 0.0
    assert {unread.state(name) for name in unread.machines} == {HostState.UNSEEN}
    assert unread.centre.is_ready


def test_it_stays_one_incident_until_one_host_is_heard(unread: Story) -> None:
    unread.run(600.0)
    opened = unread.opened()

    unread.unmute("a1", run_s=3.0)

    assert opened == [BLIND]
    assert [line[1:] for line in unread.lines()] == [("closed", *BLIND)]


def test_fleet_of_which_one_is_heard_is_no_matter(unread: Story) -> None:
    unread.unmute("a1", run_s=GRACE_S + 60.0)

    assert unread.opened() == []


def test_fleet_that_was_up_before_a_restart_is_told_with_the_same_evidence(story: Story) -> None:
    story.restart()
    story.mute(*story.machines)
    story.open()

    story.run(GRACE_S + 10.0)

    assert story.opened() == [BLIND]
    story.run(60.0)
    seen = [each.seen for each in story.incident("centre").evidence]
    assert seen.count("nobody_heard") == 1


def test_inventory_without_hosts_expects_nobody() -> None:
    story = Story({"STA": ()})
    story.subscribe(0.0)

    story.run(GRACE_S + 60.0)

    assert story.opened() == []


def test_hosts_that_said_farewell_before_a_restart_are_not_missed(story: Story) -> None:
    for name in story.machines:
        story.leave(name)
    story.restart()
    story.open()

    story.run(GRACE_S + 60.0)

    assert story.opened() == []
