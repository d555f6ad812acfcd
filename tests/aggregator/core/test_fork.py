"""Forks: independent copies of a core that go on alike, and never touch each other."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.centre import Centre
from aggregator.core.commands import AskNeighbours
from aggregator.core.dedup import BOOTS_MAX
from aggregator.core.outputs import Output, Stalled, Store
from tests.kit.examples import examples
from tests.kit.graph import changeable, snapshot
from tests.kit.machine import Message
from tests.kit.story import STADE, Story, fleet_of
from tests.kit.traces import VENUE, Happening, decided, happenings, play
from venuewatch.base.wire import topics

REWORKED = ("._routes",)
"""A fork works its routes out anew."""

short_traces = st.lists(happenings.filter(lambda what: what.after_s < 3.0), max_size=8)
often_enough = examples(50)


@pytest.fixture
def busy(story: Story) -> Story:
    """A core in the midst of it: a host down and asked about, twins, a backlog, a bridge."""
    story.alternate("s1")
    story.deliver(Message(topics.BRIDGES + "AQU", b"1", retain=True))
    story.deliver(Message(topics.topic("STA", "stranger", topics.Stream.BEAT), b"{}"))
    for number, taken in enumerate((1, 2, 5)):
        story.deliver(story.machines["a2"].vitals(story.now, taken))
        story.deliver(story.machines["a3"].check(story.now, number, "frozen"))
    story.machines["a2"].clock_ahead_s = 60.0
    story.kill("s2")
    story.run(8.0)
    story.stores = None
    story.deliver(story.machines["a2"].backlog(4, 9.0))
    story.mute("s3", run_s=3.0)
    story.centre.change_inventory(story.now, fleet_of({**STADE, "AQU": ("a1", "a2", "a4")}))
    for number in range(BOOTS_MAX + 1):  # more boots than are known, between two saves
        story.machines["a1"].boot = f"b{number}"
        story.deliver(story.machines["a1"].vitals(story.now, 1))
    return story


def state_of(centre: Centre) -> list[str]:
    return snapshot(centre, without=REWORKED)


def fork_of(story: Story, *, in_pieces: bool) -> Story:
    """Return the same machines, which send the same, before a fork of the core."""
    centre = list(story.centre.fork_in_pieces())[-1] if in_pieces else story.centre.fork()
    assert centre is not None
    forked = copy.copy(story)
    forked.machines = copy.deepcopy(story.machines)
    forked._on_the_way, forked._said, forked.published = [], [], []  # noqa: SLF001 - not shared
    forked.centre = centre
    return forked


def test_fork_stands_as_its_original_and_shares_nothing_changeable(busy: Story) -> None:
    centre = busy.centre
    before = state_of(centre)

    for forked in (centre.fork(), *list(centre.fork_in_pieces())[-1:]):
        assert forked is not None
        assert state_of(forked) == before == state_of(centre)
        shared = changeable(centre).keys() & changeable(forked).keys()
        assert [way for known, (way, _) in changeable(centre).items() if known in shared] == []
    assert len(before) > 500


@often_enough
@given(before=short_traces, ours=short_traces, theirs=short_traces, in_pieces=st.booleans())
def test_neither_original_nor_fork_changes_the_other(
    before: list[Happening], ours: list[Happening], theirs: list[Happening], *, in_pieces: bool
) -> None:
    story = Story(VENUE)
    story.subscribe(0.0)
    play(before, story, then_s=0.0)
    forked = fork_of(story, in_pieces=in_pieces)
    original = state_of(story.centre)

    play(theirs, forked, then_s=5.0)
    assert state_of(story.centre) == original

    copied = state_of(forked.centre)
    play(ours, story, then_s=5.0)
    assert state_of(forked.centre) == copied


@often_enough
@given(before=short_traces, after=short_traces, in_pieces=st.booleans())
def test_fork_goes_on_as_its_original(
    before: list[Happening], after: list[Happening], *, in_pieces: bool
) -> None:
    story = Story(VENUE)
    story.subscribe(0.0)
    play(before, story, then_s=0.0)
    forked = fork_of(story, in_pieces=in_pieces)

    assert play(after, forked, then_s=20.0) == play(after, story, then_s=20.0)


# Calls of inlets while a fork is made in pieces


def live(story: Story, *, is_forked: bool) -> list[Output]:
    """Let an agent be killed while the core is, or is not, forked in pieces; return all it says."""
    pieces = story.centre.fork_in_pieces() if is_forked else iter([None] * 9)
    story.forget()
    for number in range(6):
        next(pieces, None)
        story.run(0.125)
        if number == 1:
            story.kill("s2")
        if number == 3:
            story.deliver(story.machines["a1"].vitals(story.now, 7))
    for _ in pieces:
        pass
    story.run(30.0)
    return decided(story.said())


def test_core_that_is_forked_meanwhile_decides_the_same() -> None:
    never, forked = Story(), Story()
    for story in (never, forked):
        story.bring_up()

    assert live(forked, is_forked=True) == live(never, is_forked=False) != []
    assert forked.host("a1").readings_heard == 1
    assert [host.evidence_at for host in forked.centre.fleet] == [
        host.evidence_at for host in never.centre.fleet
    ]


def test_calls_between_pieces_are_made_with_their_own_times(story: Story) -> None:
    pieces = story.centre.fork_in_pieces()
    next(pieces)
    before = story.host("s1").evidence_at
    calls_at = []
    for _ in range(3):
        story.now += 0.25
        calls_at.append(story.now)
        story.deliver(story.machines["s1"].beat(story.now))
    assert story.host("s1").evidence_at == before
    assert story.centre.take() == []

    forked = list(pieces)[-1]

    assert story.host("s1").evidence_at == calls_at[-1]
    assert forked is not None
    assert forked.fleet.named("s1").evidence_at == before


def test_call_that_is_refused_loses_no_other_call(story: Story) -> None:
    pieces = story.centre.fork_in_pieces()
    next(pieces)
    with pytest.raises(ValueError, match="expected a host that is down"):
        story.centre.command(story.now, AskNeighbours("s1"))
    for _ in range(2):  # refused when they are made
        story.centre.stalled(story.now, story.now + 1.0)
    story.now += 0.25
    story.deliver(story.machines["s1"].beat(story.now))

    with pytest.raises(ValueError, match="before it starts"):
        list(pieces)

    assert story.host("s1").evidence_at == story.now
    story.look()
    assert story.centre.due() > story.now


def test_stall_between_pieces_is_credited(story: Story) -> None:
    pieces = story.centre.fork_in_pieces()
    next(pieces)
    story.now += 5.0
    story.look()

    list(pieces)
    story.look()

    lags = [out.lag_s for out in story.said() if isinstance(out, Stalled)]
    assert lags == [pytest.approx(4.9, abs=0.1)]
    story.run(5.0)
    assert story.accused() == []


def test_fork_between_pieces_has_what_is_held(story: Story) -> None:
    pieces = story.centre.fork_in_pieces()
    next(pieces)
    story.now += 0.25
    story.deliver(story.machines["s1"].beat(story.now))

    forked = story.centre.fork()

    assert forked.fleet.named("s1").evidence_at == story.now
    with pytest.raises(RuntimeError, match="one fork in pieces at a time"):
        story.centre.fork_in_pieces()
    list(pieces)
    assert list(story.centre.fork_in_pieces())[-1] is not None


def test_stop_between_pieces_stores_the_last_and_ends_the_fork(story: Story) -> None:
    pieces = story.centre.fork_in_pieces()
    next(pieces)

    story.centre.stop(story.now)

    assert [out for out in story.centre.take() if isinstance(out, Store) and out.is_alive]
    assert list(pieces) == []
