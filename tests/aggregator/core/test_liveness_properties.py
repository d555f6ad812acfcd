"""Promises of the core for every trace of messages, stalls and lost connections."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.outputs import HostChanged
from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger
from tests.kit.examples import examples
from tests.kit.machine import MARGIN_S
from tests.kit.story import ALONE, Story
from tests.kit.traces import HOSTS, VENUE, Happening, happenings, play, traces

thoroughly = examples(60)


def opened() -> Story:
    """Return three hosts of one venue, of which nothing is known, and a core that hears."""
    story = Story(VENUE)
    story.subscribe(0.0)
    return story


@thoroughly
@given(traces)
def test_hosts_change_along_the_table(trace: list[Happening]) -> None:
    state = dict.fromkeys(HOSTS, HostState.UNKNOWN)

    for change in play(trace, opened()):
        if isinstance(change, HostChanged):
            assert change.before is state[change.host]
            assert TRANSITIONS[change.before, change.trigger] is change.after
            state[change.host] = change.after


@thoroughly
@given(traces)
def test_venue_counts_what_a_recount_counts(trace: list[Happening]) -> None:
    def recount(story: Story, _start: float, _end: float) -> None:
        (venue,) = story.centre.fleet.venues.values()
        states = [host.state for host in venue.hosts.values()]
        assert venue.counts == {state: states.count(state) for state in HostState}

    story = opened()
    play(trace, story, look=recount)

    recount(story, 0.0, 0.0)


@thoroughly
@given(traces)
def test_no_state_changes_before_the_next_deadline(trace: list[Happening]) -> None:
    """What is due is known anew after each message, and so after each tick that comes back."""

    def look_just_before(story: Story, _start: float, end: float) -> None:
        while story.now < end:
            story.advance(story.now)  # a canary on its way may end a doubt
            story.forget()
            due, tick_at = story.centre.decisions.due_at, math.floor(story.now) + 1.0
            if due <= story.now:  # it is decided at the next look
                story.advance(min(end, tick_at, story.centre.due()))
                continue
            then = min(end, tick_at, due)
            story.advance(math.nextafter(then, 0.0))
            assert not [out for out in story.said() if isinstance(out, HostChanged)]
            story.advance(then)

    play(trace, opened(), look=look_just_before)


@given(st.lists(happenings.filter(lambda what: what.kind in {"beat", "farewell"}), max_size=30))
def test_no_living_host_is_overdue_and_verdicts_keep_deadlines(trace: list[Happening]) -> None:
    """Each boot is announced with its interval just before its first beat, as agents do."""
    story = Story(ALONE)
    story.subscribe(0.0)
    host, boots, interval_s = story.host(), 0, 0.0
    for seq, what in enumerate(trace):
        at = story.now + what.after_s
        if what.kind == "farewell":
            story.death(at, "farewell", boot=f"b{boots}", session=what.session)
            continue
        story.advance(at)
        for change in story.said():
            if isinstance(change, HostChanged) and change.trigger is Trigger.DEADLINE_PASSED:
                assert change.silent_since is not None
                assert change.at == pytest.approx(change.silent_since + interval_s + MARGIN_S)
        if not boots or what.boot == "b":
            boots, interval_s = boots + 1, what.interval_s
            story.birth(at, boot=f"b{boots}", interval_s=interval_s)
        story.beat(at, seq, boot=f"b{boots}", session=what.session)
        if host.state in ALIVE and host.evidence_at is not None:
            assert story.now < host.evidence_at + interval_s + MARGIN_S


@thoroughly
@given(traces)
def test_only_beats_bring_a_host_up(trace: list[Happening]) -> None:
    events = play([what for what in trace if what.kind != "beat"], opened())

    assert not [out for out in events if isinstance(out, HostChanged) and out.after in ALIVE]
