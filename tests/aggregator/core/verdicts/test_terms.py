"""A host does not say itself how long nobody may ask for it: its terms have bounds."""

import pytest
from msgspec.structs import replace

from aggregator.core.expectation import RECONNECT_LIMIT_S
from aggregator.core.states import HostState
from tests.kit.machine import MARGIN_S
from tests.kit.story import Story
from venuewatch.base.wire.links import INTERVAL_MAX_S, KEEPALIVE_MAX_S

BOUNDS = {
    "interval_s": INTERVAL_MAX_S,
    "keepalive_s": KEEPALIVE_MAX_S,
    "reconnect_max_s": RECONNECT_LIMIT_S,
}


def announce(story: Story, **terms: float) -> None:
    machine = story.machines["s1"]
    story.deliver(machine.said(replace(machine.announced(), **terms)))


@pytest.mark.parametrize(("term", "bound"), BOUNDS.items())
def test_terms_out_of_bounds_are_told_until_they_are_right(
    story: Story, term: str, bound: float
) -> None:
    announce(story, **{term: bound + 0.1})

    assert story.opened() == [("terms s1", "terms_refused")]
    assert story.evidence("terms", "s1")["terms"].detail == {
        term: bound + 0.1,
        f"{term.removesuffix('_s')}_used_s": bound,
    }
    announce(story)
    assert [change for _, change, _, _ in story.lines()] == ["closed"]


def test_terms_at_their_bounds_are_taken(story: Story) -> None:
    announce(story, **BOUNDS)

    assert story.opened() == []


def test_host_that_announces_a_day_is_judged_by_a_minute(story: Story) -> None:
    announce(story, interval_s=86_400.0)
    story.run(3.0)
    heard_at = story.host("s1").evidence_at
    assert heard_at is not None

    story.mute("s1", run_s=INTERVAL_MAX_S + MARGIN_S + 1.0)

    assert story.state("s1") is HostState.DOWN
    assert story.incident("host", "s1").opened_at == heard_at + INTERVAL_MAX_S + MARGIN_S


def test_will_after_a_long_keepalive_is_read_by_the_bound(story: Story) -> None:
    announce(story, keepalive_s=60_000.0)

    birth = story.host("s1").birth
    assert birth is not None
    assert birth.keepalive_s == KEEPALIVE_MAX_S


def test_terms_of_an_earlier_process_are_told_on(story: Story) -> None:
    announce(story, interval_s=86_400.0)
    story.forget()

    story.restart()
    story.subscribe(story.now)
    announce(story, interval_s=86_400.0)
    story.run(90.0)

    assert story.lines() == []
