"""A machine that was put back to an earlier state: its numbers begin again, and it lives."""

from hypothesis import given
from hypothesis import strategies as st

from aggregator.core.states import HostState
from tests.kit.machine import DEADLINE_S
from tests.kit.story import STADE, Story

NUMBER = 15
"""The number of the last beat in the snapshot."""


def put_back(story: Story, *, session: int) -> None:
    """Put s1 back to beat ``NUMBER``, after a moment without it, and let it connect again."""
    story.run(45.0)
    story.kill("s1")
    story.run(2.0)
    machine = story.machines["s1"]
    machine.seq, machine.session = NUMBER, session
    story.deliver(machine.birth())
    story.unmute("s1")


def test_machine_that_was_put_back_is_up_as_soon_as_it_echoes_our_ticks(story: Story) -> None:
    put_back(story, session=2)

    story.run(5.0)

    assert story.state("s1") is HostState.UP
    assert story.host("s1").restarts == 1
    assert story.host("s1").missed == 0
    story.run(60.0)
    assert story.state("s1") is HostState.UP
    assert story.host("s1").restarts == 1


def test_number_of_its_session_may_have_been_there_before(story: Story) -> None:
    put_back(story, session=1)

    story.run(5.0)

    assert story.state("s1") is HostState.UP


def test_machine_that_was_put_back_before_its_silence_was_noticed_stays_up(story: Story) -> None:
    story.run(45.0)
    story.machines["s1"].seq = NUMBER
    story.deliver(story.machines["s1"].reconnect())

    story.run(10.0)

    assert story.changes("s1") == []
    assert story.host("s1").restarts == 1


def test_machine_that_echoes_nothing_is_not_believed(story: Story) -> None:
    put_back(story, session=2)
    story.machines["s1"].is_deaf = True
    story.machines["s1"].ticks.clear()

    story.run(5.0)

    assert story.state("s1") is HostState.DOWN


@given(st.lists(st.integers(0, 9), max_size=40))
def test_repeats_of_beats_in_any_order_are_no_life(again: list[int]) -> None:
    story = Story(STADE).bring_up()
    said = []
    for _ in range(10):
        story.run(0.875)
        story.mute("s1", run_s=0.125)
        said.append(story.machines["s1"].beat(story.now))
        story.deliver(said[-1])
        story.unmute("s1")
    story.mute("s1")
    heard_at = story.host("s1").evidence_at

    for number in again:
        story.run(0.125)
        story.deliver(said[number])

    assert story.host("s1").evidence_at == heard_at
    assert story.host("s1").restarts == 0
    story.run(DEADLINE_S + 1.0)
    assert story.state("s1") is HostState.DOWN
