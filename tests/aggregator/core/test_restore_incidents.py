"""An incident that a restart finds open ends when its subject is well, whatever it is about."""

import pytest

from aggregator.core.incidents.record import Incident, Scope, Subject
from aggregator.core.outputs import KnownHost, Moment
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from tests.kit.machine import WALL
from tests.kit.story import Story, whom

S1 = Subject("host", "STA", "s1")


def story_after(*incidents: Incident, hosts: tuple[KnownHost, ...] = ()) -> Story:
    """Return two venues, after a process that left these incidents; at 50 s, not subscribed."""
    story = Story(start=50.0)
    story.restart(Memory(hosts, incidents, len(incidents) + 1))
    return story


def known(state: HostState, cause: Cause | None = None) -> KnownHost:
    return KnownHost("STA", "s1", state, 10.0, cause, 1.0, None, was_up=state is HostState.UP)


def reported(story: Story) -> list[tuple[str, str, str]]:
    return [line[1:] for line in story.lines()]


def test_fall_hidden_by_flapping_counts_when_it_lasts() -> None:
    flaps = Incident(1, S1, Cause.FLAPPING, 5.0, falls=4)
    story = story_after(flaps, hosts=(known(HostState.DOWN, Cause.HOST_DOWN),))
    story.mute("s1")

    story.open()
    story.run(24.0)

    assert reported(story) == [("sharpened", "host s1", "host_down")]


def test_flapping_host_that_is_up_ends_when_well_for_long() -> None:
    flaps = Incident(1, S1, Cause.FLAPPING, 5.0, falls=4)
    story = story_after(flaps, hosts=(known(HostState.UP),))
    story.open()

    story.run(650.0)  # four falls at 5 s have faded 300 * log2(4000 / 800) s later
    before = reported(story)
    story.run(3.0)

    assert before == []
    assert reported(story) == [("closed", "host s1", "flapping")]


@pytest.mark.parametrize("how", ["we were blind", "we were restarted"])
def test_will_stays_evidence_until_a_neighbour_answers(story: Story, how: str) -> None:
    story.kill("s1")
    story.run(5.0)
    if how == "we were blind":
        story.lose_connection()
        story.run(3.0)
        story.reach["s1"] = True
        story.regain_connection("s2", "s3", "a1", "a2", "a3")
    else:
        memory = story.centre.memory(Moment(story.now, WALL + story.now))
        story.now += 5.0
        story.restart(memory)
        story.reach["s1"] = True
        story.open()

    story.run(6.0)

    assert story.incident("host", "s1").cause == Cause.AGENT_STOPPED


@pytest.mark.parametrize(
    ("scope", "cause"),
    [("feed", Cause.RESULTS_SILENT), ("clock", Cause.CLOCK_SKEW), ("link", Cause.ONE_WAY_LOSS)],
)
def test_problem_of_a_living_host_waits_for_its_word(scope: Scope, cause: Cause) -> None:
    story = story_after(Incident(1, Subject(scope, "STA", "s1"), cause, 5.0))

    assert reported(story) == []
    assert story.incident(scope, "s1").cause == cause


def test_feed_ends_when_its_check_is_not_there_any_more() -> None:
    feed = Subject("feed", "STA", "s1", "odf")
    story = story_after(Incident(1, feed, Cause.RESULTS_FROZEN, 5.0))
    story.open()
    story.run(4.0)

    for number in range(200):  # an earlier version left no period: 3.5 times five minutes
        story.deliver(story.machines["s1"].vitals(story.now, number))

    assert reported(story) == [("closed", "feed s1", "results_frozen")]


@pytest.mark.parametrize(
    ("subject", "cause", "children", "after_s"),
    [
        (Subject("identity", "STA", "s1"), Cause.DUPLICATE_IDENTITY, (), 65.0),
        (Subject("link", "STA"), Cause.ONE_WAY_LOSS, ("s1",), 4.0),
        (Subject("link", "STA"), Cause.ONE_WAY_LOSS, ("gone", "left"), 0.0),
        (Subject("centre"), Cause.BROKER_DOWN, (), 4.0),
    ],
)
def test_incident_ends_when_its_subject_is_well(
    subject: Subject, cause: Cause, children: tuple[str, ...], after_s: float
) -> None:
    story = story_after(Incident(1, subject, cause, 5.0, children=children))

    if after_s:
        story.open()
        story.run(after_s)

    assert reported(story) == [("closed", whom(subject), cause)]
