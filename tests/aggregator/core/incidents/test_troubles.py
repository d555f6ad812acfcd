"""Troubles of the centre: each one incident, several at once, and none said twice."""

from aggregator.core.incidents.troubles import PARTS, RESTORED_S, subject_of
from aggregator.core.outputs import Moment
from aggregator.core.verdicts.causes import Cause
from tests.kit.story import Story


def of_parts(story: Story) -> list[str]:
    return sorted(
        incident.cause
        for incident in story.centre.decisions.store.open.values()
        if incident.subject.check in PARTS.values()
    )


def test_several_troubles_are_open_beside_one_another_and_beside_blindness() -> None:
    story = Story({"STA": ("s1",)})
    story.centre.begin_trouble(story.now, Cause.JOURNAL_FAILING, "disk full")
    story.centre.begin_trouble(story.now, Cause.NOTICES_FAILING, "401")
    story.run(10.0)

    assert of_parts(story) == ["journal_failing", "notices_failing"]
    assert "aggregator_blind" in {one.cause for one in story.centre.decisions.store.open.values()}


def test_trouble_said_again_adds_only_what_is_new() -> None:
    story = Story({"STA": ("s1",)})
    for why in ("disk full", "disk full", "read-only", "disk full"):
        story.centre.begin_trouble(story.now, Cause.JOURNAL_FAILING, why)

    incident = story.centre.decisions.store.open[subject_of(Cause.JOURNAL_FAILING)]
    assert [seen.detail["why"] for seen in incident.evidence] == ["disk full", "read-only"]


def test_trouble_of_an_earlier_process_ends_unless_it_is_said_again() -> None:
    story = Story({"STA": ("s1",)})
    for cause in (Cause.JOURNAL_FAILING, Cause.NOTICES_FAILING):
        story.centre.begin_trouble(story.now, cause, "so")
    later = Story({"STA": ("s1",)})
    later.centre.restore(later.now, story.centre.memory(Moment(story.now, 0.0)))
    later.centre.begin_trouble(later.now, Cause.JOURNAL_FAILING, "so")

    later.run(RESTORED_S + 1.0)

    assert of_parts(later) == ["journal_failing"]
    assert later.centre.decisions.store.next_number == story.centre.decisions.store.next_number + 1
