"""A venue is cut off: one incident, with its hosts behind it, and how they come back.

At 4 s everybody is up; s1 was heard last at 3.125 s and is the first whose deadline passes.
"""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import GRACE_S, INTERVAL_S, MARGIN_S, Message
from tests.kit.story import HERE, Story
from venuewatch.base.wire import topics

FIRST_DUE_AT = 3.125 + INTERVAL_S + MARGIN_S


@pytest.fixture
def cut(story: Story) -> Story:
    """STA was cut at 4 s; it is 14 s, and all was reported."""
    story.mute(*HERE, run_s=10.0)
    story.forget()
    return story


@pytest.fixture
def one() -> Story:
    """A venue of one host, and another venue: all are up at 4 s, then the one falls silent."""
    one = Story({"TAH": ("t1",), "AQU": ("a1", "a2")}).bring_up()
    one.mute("t1")
    return one


def test_a_cut_is_one_incident_and_accuses_no_host(story: Story) -> None:
    story.mute(*HERE)

    story.run(60.0)

    assert story.lines() == [(FIRST_DUE_AT, "opened", "venue STA", "venue_unreachable")]
    assert {story.state(name) for name in HERE} == {HostState.UNREACHABLE}
    assert story.asked() == []
    incident = story.incident("venue", "STA")
    assert (incident.children, incident.silent_since) == (HERE, 3.375)
    assert story.evidence("venue", "STA")["silence"].detail == {
        "silent": 3,
        "heard": 0,
        "first_overdue": "s1",
        "last_heard_s_ago": FIRST_DUE_AT - 3.375,
        "elsewhere": "heard",
    }


def test_a_host_that_is_away_is_behind_no_cut(story: Story) -> None:
    story.leave("s3")
    story.mute("s3", run_s=5.0)
    story.mute("s1", "s2")

    story.run(10.0)

    assert story.incident("venue", "STA").children == ("s1", "s2")
    assert story.state("s3") is HostState.AWAY


def test_a_cut_ends_with_the_first_steady_host(cut: Story) -> None:
    cut.unmute("s2")

    cut.run(3.0)

    assert cut.lines() == [(16.25, "closed", "venue STA", "venue_unreachable")]
    assert (cut.state("s2"), cut.state("s1")) == (HostState.UP, HostState.UNREACHABLE)


def test_a_host_not_back_after_the_grace_is_down(cut: Story) -> None:
    cut.reach["s1"] = False
    cut.unmute("s2", "s3")

    cut.run(30.0)

    back_at = 16.25
    assert cut.lines() == [
        (back_at, "closed", "venue STA", "venue_unreachable"),
        (back_at + GRACE_S, "opened", "host s1", "silent"),
        (back_at + GRACE_S, "sharpened", "host s1", "host_down"),
    ]


def test_a_host_back_within_the_grace_is_no_news(cut: Story) -> None:
    cut.unmute("s2", run_s=10.0)
    cut.unmute("s1", "s3")

    cut.run(60.0)

    assert [line[1] for line in cut.lines()] == ["closed"]


def test_a_host_fallen_before_the_cut_stays_down(story: Story) -> None:
    story.mute("s1")
    story.run(2.0)  # its deadline passes while s2 and s3 are heard
    story.mute("s2", "s3")
    alone = story.lines()

    story.run(5.0)

    assert alone == [(FIRST_DUE_AT, "opened", "host s1", "silent")]
    assert story.state("s1") is HostState.DOWN
    assert story.incident("venue", "STA").children == ("s2", "s3")


def test_a_backlog_of_a_cut_corrects_only_its_record(cut: Story) -> None:
    cut.deliver(cut.machines["s1"].backlog(3, 6.0, 7.0, 8.0))

    assert [line[1:] for line in cut.lines()] == [("corrected", "venue STA", "venue_unreachable")]
    (alive,) = cut.incident("venue", "STA").alive
    assert (alive.host, alive.start, alive.end, alive.readings) == ("s1", 6.0, 8.0, 3)
    assert cut.state("s1") is HostState.UNREACHABLE


def test_hosts_silent_later_join_the_cut() -> None:
    names = tuple(f"s{number}" for number in range(1, 9))
    eight = Story({"STA": names, "AQU": ("a1", "a2")}).bring_up()
    eight.mute(*names[:5], run_s=10.0)
    first = eight.incident("venue", "STA").children
    eight.mute(*names)

    eight.run(10.0)

    assert set(first) == set(names[:5])
    assert set(eight.incident("venue", "STA").children) == set(names)
    assert eight.opened() == [("venue STA", "venue_unreachable")]


def test_a_cut_ends_with_its_last_hosts_farewell(cut: Story) -> None:
    cut.leave("s1")
    cut.leave("s2")
    before = cut.lines()

    cut.leave("s3")

    assert before == []
    assert [line[1:3] for line in cut.lines()] == [("closed", "venue STA")]
    assert cut.state("s3") is HostState.AWAY


@pytest.mark.parametrize(("said", "who"), [(b"0", "venue TAH"), (b"1", "host t1")])
def test_a_bridge_tells_a_cut_from_a_death(one: Story, said: bytes, who: str) -> None:
    one.deliver(Message(topics.BRIDGES + "TAH", said))
    said_at = one.now

    one.run(10.0)

    assert [line[2] for line in one.lines()] == [who]
    if said == b"0":
        bridge = (said_at, "broker", "bridge", {"is_connected": False})
        assert one.evidence("venue")["bridge"] == bridge


@pytest.mark.parametrize(("venue", "said"), [("STA", b"2"), ("STA", b""), ("NIX", b"0")])
def test_a_bridge_without_a_meaning_changes_nothing(story: Story, venue: str, said: bytes) -> None:
    story.deliver(Message(topics.BRIDGES + venue, said))

    assert story.centre.fleet.venues["STA"].bridge is None
