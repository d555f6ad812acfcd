"""A process that did not run, or has just begun, accuses nobody for it."""

import pytest

from aggregator.core.centre import STALL_S
from aggregator.core.hearing import REPORT_AFTER_S
from aggregator.core.outputs import HostChanged, Stalled
from tests.kit.machine import INTERVAL_S, MARGIN_S
from tests.kit.story import Story


def test_only_a_long_lag_is_a_stall(story: Story) -> None:
    for lag_s in (STALL_S - 0.0625, STALL_S + 0.0625):
        story.now = story.centre.due() + lag_s
        story.look()

    stalls = [output.lag_s for output in story.said() if isinstance(output, Stalled)]
    assert stalls == [pytest.approx(STALL_S + 0.0625)]


def test_calls_without_a_wake_between_them_are_one_stall(story: Story) -> None:
    """A read brings much, or a flood is read on and on: the loop has run all the while."""
    story.now = start = story.centre.due() + 5.0

    while story.now < start + 3.0:
        story.centre.receive(story.now, (), story.now)
        story.now += STALL_S / 2

    stalls = [output.lag_s for output in story.centre.take() if isinstance(output, Stalled)]
    assert stalls == [pytest.approx(5.0)]


def test_answers_of_the_journal_show_no_loop_that_reads(story: Story) -> None:
    """Many of them in one turn of the loop, with slow outlets behind each, keep it from reading."""
    for _ in range(48):
        story.now += 0.125
        story.centre.stored(story.now, 0)

    story.deliver(*(machine.beat(story.now) for machine in story.machines.values()))
    story.run(5.0)

    assert [output for output in story.said() if isinstance(output, HostChanged)] == []


def test_a_stall_delays_no_answer_of_a_neighbour(story: Story) -> None:
    story.mute("s1", run_s=2.0)

    story.stall(5.0)
    story.answer("s2", "s1", is_reached=True)

    assert story.incident("host", "s1").cause == "host_frozen"


def test_a_fleet_there_after_our_start_is_no_news() -> None:
    fresh = Story()
    fresh.run(2.0)
    fresh.open()

    fresh.run(60.0)

    assert fresh.lines() == []


def test_before_we_are_subscribed_only_we_are_blind() -> None:
    fresh = Story()
    fresh.mute(*fresh.machines)
    fresh.deliver(*(machine.birth(is_retained=True) for machine in fresh.machines.values()))

    fresh.run(60.0)

    assert fresh.lines() == [(REPORT_AFTER_S, "opened", "centre", "aggregator_blind")]


def test_a_deadline_put_off_is_due_again_after_beats(story: Story) -> None:
    """Its will does not count, it beats again, and then it dies."""
    machine = story.machines["s1"]
    story.lose_connection()
    story.run(3.0)
    machine.is_deaf = True
    story.regain_connection()
    story.run(2.0)
    story.kill("s1")
    story.run(3.0)
    machine.session = 2
    story.deliver(machine.birth())
    story.unmute("s1", run_s=4.0)
    story.mute("s1")
    heard_at = story.host("s1").evidence_at
    assert heard_at is not None

    story.run(3.0)

    assert story.changes("s1")[-1][:2] == (heard_at + INTERVAL_S + MARGIN_S, "down")
