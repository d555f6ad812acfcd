"""A bridge that changes its word again and again puts no verdict off."""

import pytest

from aggregator.core.states import HostState
from aggregator.core.verdicts.bridges import CHANGES, STEADY_S
from tests.kit.machine import DEADLINE_S, STOCK_MARGIN_S, Message
from tests.kit.story import Story
from venuewatch.base.wire import topics


def say(story: Story, word: bytes) -> None:
    story.deliver(Message(topics.BRIDGES + "STA", word, retain=True))


def alternate(story: Story, seconds: int) -> None:
    for number in range(seconds):
        say(story, b"0" if number % 2 == 0 else b"1")
        story.run(1.0)


@pytest.fixture
def bridged(story: Story) -> Story:
    """A venue behind a bridge, all of it up."""
    say(story, b"1")
    story.run(10.0)
    story.forget()
    return story


def test_host_behind_an_alternating_bridge_is_judged(bridged: Story) -> None:
    bridged.mute("s1")

    alternate(bridged, round(CHANGES + 2 * (DEADLINE_S + STOCK_MARGIN_S)))

    assert bridged.state("s1") is HostState.DOWN
    assert ("bridge STA", "bridge_unstable") in bridged.opened()


def test_alternating_bridge_alone_cuts_no_venue_off(bridged: Story) -> None:
    alternate(bridged, 60)

    assert bridged.opened() == [("bridge STA", "bridge_unstable")]
    assert bridged.state("s1") is HostState.UP


def test_bridge_that_keeps_its_word_is_trusted_again(bridged: Story) -> None:
    alternate(bridged, 10)
    bridged.forget()

    bridged.run(STEADY_S + 1.0)

    assert [(change, who) for _, change, who, _ in bridged.lines()] == [("closed", "bridge STA")]


def test_bridge_that_reconnects_now_and_then_is_stable(bridged: Story) -> None:
    for _ in range(4):
        say(bridged, b"0")
        bridged.run(2.0)
        say(bridged, b"1")
        bridged.run(160.0)

    assert bridged.opened() == []


def test_bridge_that_repeats_its_word_is_stable(bridged: Story) -> None:
    for _ in range(50):
        say(bridged, b"1")
        bridged.run(0.5)

    assert bridged.opened() == []
