"""Neighbours of a silent host: what they answer, and what is reported where they do not.

At 4 s everybody is up; s1 was heard last at 3.125 s, so that its deadline passes at 5.875 s.
"""

from aggregator.core.probes import ANSWER_WITHIN_S
from tests.kit.story import Story

DUE_AT = 5.875


def test_an_answer_counts_only_in_time(story: Story) -> None:
    story.mute("s1", run_s=2.0)
    story.answer("s2", 1, "s1", is_reached=False)
    story.run(ANSWER_WITHIN_S)
    reported = story.lines()

    story.answer("s3", 1, "s1", is_reached=True)
    story.run(1.0)

    assert reported == [
        (DUE_AT, "opened", "host s1", "silent"),
        (DUE_AT + ANSWER_WITHIN_S, "sharpened", "host s1", "host_down"),
    ]
    assert story.host("s1").cause == "host_down"
    assert story.evidence("host", "s1")["no_word"].detail == {"of": "s3"}
    assert story.lines() == []


def test_an_answer_about_a_speaking_host_changes_nothing(story: Story) -> None:
    story.mute("s1", run_s=2.0)
    story.unmute("s1", run_s=0.25)
    story.lines()

    story.answer("s2", 1, "s1", is_reached=False)
    story.answer("s3", 1, "s1", is_reached=False)

    assert story.lines() == []


def test_a_late_answer_is_late_however_seldom_woken(story: Story) -> None:
    story.mute("s1", run_s=2.0)

    story.advance(DUE_AT + ANSWER_WITHIN_S - 0.0625)
    story.now += 0.125  # and the centre is not woken meanwhile
    story.answer("s2", 1, "s1", is_reached=True)

    assert story.incident("host", "s1").cause == "silent"
    assert story.evidence("host", "s1")["no_word"].at == DUE_AT + ANSWER_WITHIN_S
