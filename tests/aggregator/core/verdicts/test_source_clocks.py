"""Verdict on the clocks of sources: wrong three times in a row, right below half of the limit."""

import pytest

from tests.kit.story import Story
from venuewatch.base.wire.checks import CheckState, CheckValues

EVERY_S = 2.0


def report(
    story: Story,
    *offsets_s: float | None,
    limit_s: float | None = None,
    state: CheckState = "flowing",
) -> None:
    """Let s1 report how far the clock of its source is off, every two seconds."""
    for offset_s in offsets_s:
        values = CheckValues(
            results_clock_offset_seconds=offset_s, results_clock_limit_seconds=limit_s
        )
        seq = round(story.now * 8)
        told = {"every_s": EVERY_S, "kind": "feed", "values": values}
        story.deliver(story.machines["s1"].check(story.now, seq, state, **told))
        story.run(EVERY_S)


def said(story: Story) -> list[tuple[str, str, str]]:
    return [line[1:] for line in story.lines()]


OPENED = ("opened", "source s1", "results_clock")


@pytest.mark.parametrize(
    ("offsets_s", "changes"),
    [
        ((-3600.0, -3600.0), []),
        ((-3600.0, -3600.0, -3600.0), ["opened"]),
        ((61.0, 3600.0, 61.0), ["opened"]),
        ((61.0, 61.0, 59.0, 61.0, 61.0), []),
        ((60.0, 60.0, 60.0), []),
        ((61.0, None, 61.0, 61.0), ["opened"]),
        ((61.0, 61.0, 61.0, 31.0, 31.0), ["opened"]),
        ((61.0, 61.0, 61.0, None, None), ["opened"]),
        ((61.0, 61.0, 61.0, 29.0), ["opened", "closed"]),
        ((61.0, 61.0, 61.0, -29.0), ["opened", "closed"]),
    ],
)
def test_clock_is_wrong_after_three_readings_and_right_below_half(
    story: Story, offsets_s: tuple[float | None, ...], changes: list[str]
) -> None:
    report(story, *offsets_s)

    assert [line[0] for line in said(story)] == changes


def test_limit_of_the_check_counts(story: Story) -> None:
    report(story, 100.0, 100.0, 100.0, limit_s=120.0)
    assert said(story) == []

    report(story, 20.0, 20.0, 20.0, limit_s=10.0)

    assert said(story) == [OPENED]


def test_wrong_clock_and_frozen_data_are_two_incidents(story: Story) -> None:
    report(story, -3600.0, -3600.0, -3600.0, state="frozen")

    assert set(said(story)) == {("opened", "feed s1", "results_frozen"), OPENED}


def test_clock_of_a_check_that_is_not_mentioned_any_more_is_over(story: Story) -> None:
    report(story, 90.0, 90.0, 90.0)
    for _ in range(10):
        story.run(10.0)
        story.deliver(story.machines["s1"].vitals(story.now, round(story.now)))

    assert [line[0] for line in said(story)] == ["opened", "closed"]
