"""Connections that are closed together: who is waited for, and what is told of the others.

At 16 s everybody is up, and its connection has lasted. A will is held for 0.2 s, and the window is
2 s without a way.
"""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import GRACE_S, Message
from tests.kit.story import Story
from tests.kit.worlds import come_back, hang_up, settle
from venuewatch.base.wire import topics

FORTY = tuple(f"s{number}" for number in range(1, 41))
SOME = FORTY[:6]
START_S = 16.0
WINDOW_S = 2.0


@pytest.fixture
def venue() -> Story:
    """A venue of forty, and another one."""
    return settle(Story({"STA": FORTY, "AQU": ("a1", "a2", "a3")}).bring_up())


@pytest.fixture
def venues() -> Story:
    """Six venues of four."""
    names = {code: tuple(f"{code.lower()}{at}" for at in range(4)) for code in "ABCDEF"}
    return settle(Story(names).bring_up())


def test_hosts_back_within_their_window_are_no_news(venue: Story) -> None:
    hang_up(venue, *FORTY, run_s=1.0)
    come_back(venue, *FORTY)

    venue.run(30.0)

    assert venue.lines() == []
    assert venue.accused() == []


def test_nobody_is_accused_before_the_window_is_over(venue: Story) -> None:
    hang_up(venue, *SOME)

    venue.run(WINDOW_S - 0.125)

    assert venue.accused() == []


def test_hosts_not_back_are_one_incident_of_their_venue(venue: Story) -> None:
    hang_up(venue, *SOME)

    venue.run(60.0)

    assert venue.lines() == [(START_S + WINDOW_S, "opened", "venue STA", "hung_up_together")]
    assert venue.incident("venue", "STA").children == SOME
    assert {venue.state(name) for name in SOME} == {HostState.UNREACHABLE}
    assert venue.evidence("venue", "STA")["hang_ups"].detail == {
        "hosts": 6,
        "venues": 1,
        "within_s": 0.0,
        "not_back": 6,
        "waited_s": WINDOW_S,
    }


def test_only_hosts_that_are_not_back_are_children(venue: Story) -> None:
    hang_up(venue, *SOME, run_s=1.0)
    come_back(venue, *SOME[2:])

    venue.run(5.0)

    assert venue.incident("venue", "STA").children == SOME[:2]


def test_a_single_host_not_back_is_told_by_itself(venue: Story) -> None:
    venue.reach["s1"] = True
    hang_up(venue, *SOME, run_s=1.0)
    come_back(venue, *SOME[1:])

    venue.run(5.0)

    assert venue.opened() == [("host s1", "connection_lost")]
    assert venue.incident("host", "s1").cause == "agent_stopped"
    assert venue.evidence("host", "s1")["excuse"].detail["for_s"] == WINDOW_S


def test_a_venue_of_which_nobody_is_back_is_cut_off(story: Story) -> None:
    settle(story)
    hang_up(story, "s1", "s2", "s3")

    story.run(10.0)

    assert story.lines() == [(START_S + WINDOW_S, "opened", "venue STA", "venue_unreachable")]
    assert "hang_ups" in story.evidence("venue", "STA")


def test_both_of_a_venue_of_two_are_one_case() -> None:
    two = Story({"TAH": ("t1", "t2"), "AQU": ("a1", "a2")}).bring_up()
    hang_up(two, "t1", "t2", run_s=1.0)
    come_back(two, "t1", "t2")

    two.run(10.0)

    assert two.lines() == []


def test_two_of_a_venue_of_three_are_two_hosts(story: Story) -> None:
    hang_up(story, "s1", "s2", run_s=1.0)

    assert story.opened() == [("host s1", "connection_lost"), ("host s2", "connection_lost")]


def test_one_kill_beside_others_is_known_soon(story: Story) -> None:
    hang_up(story, "s1", run_s=0.25)

    assert story.lines() == [(4.2, "opened", "host s1", "connection_lost")]


def test_hang_ups_more_than_a_second_apart_are_each_its_own(venue: Story) -> None:
    for name in SOME[:3]:
        hang_up(venue, name, run_s=1.125)

    assert venue.opened() == [(f"host {name}", "connection_lost") for name in SOME[:3]]


@pytest.mark.parametrize("later", [0.375, 0.5])
def test_a_verdict_given_before_the_third_is_folded_in(venue: Story, later: float) -> None:
    hang_up(venue, "s1", run_s=later)
    hang_up(venue, "s2", run_s=later)
    hang_up(venue, "s3", run_s=60.0)

    told = [(change, who) for _, change, who, _ in venue.lines()]
    assert told == [
        ("opened", "host s1"),
        ("opened", "host s2"),
        ("opened", "venue STA"),
        ("closed", "host s1"),
        ("closed", "host s2"),
    ]
    whole = venue.incident("venue", "STA")
    assert set(whole.children) == {"s1", "s2", "s3"}
    folded = [it for it in venue.centre.decisions.store.known() if it.subject.host]
    assert {it.evidence[-1].detail["into"] for it in folded} == {whole.number}


def test_two_told_before_a_third_that_came_back_are_folded_in(venue: Story) -> None:
    hang_up(venue, "s1", "s2", run_s=0.5)
    hang_up(venue, "s3", run_s=0.5)
    come_back(venue, "s3")

    venue.run(5.0)

    assert venue.incident("venue", "STA").children == ("s1", "s2")


def test_a_host_that_may_have_been_cut_only_is_not_called_stopped(venue: Story) -> None:
    hang_up(venue, "s1", run_s=0.25)
    hang_up(venue, "s2", "s3")
    venue.answer("s4", "s1", is_reached=True)

    venue.run(1.0)

    assert venue.incident("host", "s1").cause == "connection_lost"


def test_hosts_of_several_venues_are_one_incident_of_the_centre(venues: Story) -> None:
    lost = ("a1", "b1", "b2", "c1")
    hang_up(venues, *lost)

    venues.run(60.0)

    assert venues.lines() == [(START_S + WINDOW_S, "opened", "centre", "hung_up_together")]
    assert venues.incident("centre").children == lost


def test_three_venues_of_which_nobody_is_back_are_one_incident(venues: Story) -> None:
    hang_up(venues, *(f"{code}{at}" for code in "abc" for at in range(4)))

    venues.run(60.0)

    assert venues.opened() == [("centre", "hung_up_together")]


def test_most_venues_of_which_nobody_is_back_are_lost_at_the_centre(venues: Story) -> None:
    hang_up(venues, *(f"{code}{at}" for code in "abcd" for at in range(4)))

    venues.run(60.0)

    assert venues.opened() == [("centre", "centre_side_loss")]
    assert venues.incident("centre").children == ("A", "B", "C", "D")


def test_a_fleet_of_which_nobody_is_back_is_our_blindness(venues: Story) -> None:
    hang_up(venues, *venues.machines)

    venues.run(60.0)

    assert venues.opened() == [("centre", "aggregator_blind")]


def test_one_percent_of_a_large_fleet_is_a_case() -> None:
    names = {f"V{at}": tuple(f"v{at}-{number}" for number in range(50)) for at in range(8)}
    large = Story(names).bring_up()
    hang_up(large, "v1-0", "v2-0", "v3-0", run_s=0.25)
    single = large.opened()
    large.run(90.0)
    large.forget()

    hang_up(large, "v1-1", "v2-1", "v3-1", "v4-1", run_s=60.0)

    assert len(single) == 3
    assert large.opened() == [("centre", "hung_up_together")]


@pytest.mark.parametrize("pause_s", [5.0, 0.5])
def test_restless_hosts_delay_no_kill_elsewhere(venues: Story, pause_s: float) -> None:
    restless = ("a1", "b1", "c1")
    for _ in range(4):
        hang_up(venues, *restless)
        come_back(venues, *restless)
        venues.run(pause_s)
    venues.run(2.0)
    venues.forget()
    at = venues.now

    hang_up(venues, *restless)
    hang_up(venues, "e1", run_s=0.25)

    assert venues.lines()[0] == (at + 0.2, "opened", "host e1", "connection_lost")


def test_flapping_hosts_delay_no_kill_elsewhere(venues: Story) -> None:
    flapping = ("a1", "a2", "b1")
    for _ in range(3):
        for name in flapping:
            hang_up(venues, name, run_s=2.0)
            come_back(venues, name)
            venues.run(4.0)
    assert {venues.incident("host", name).cause for name in flapping} == {"flapping"}
    venues.run(60.0)
    venues.forget()
    at = venues.now

    hang_up(venues, *flapping)
    hang_up(venues, "e1", run_s=0.25)

    assert venues.lines() == [(at + 0.2, "opened", "host e1", "connection_lost")]


def test_restless_hosts_that_hang_up_together_are_one_case(venue: Story) -> None:
    for _ in range(4):
        hang_up(venue, *FORTY, run_s=1.0)
        come_back(venue, *FORTY)
        venue.run(9.0)

    assert venue.lines() == []


def test_unlisted_hosts_make_no_case(story: Story) -> None:
    for name in ("s2", "s3"):
        story.host(name).is_listed = False
    hang_up(story, "s1", "s2", "s3", run_s=0.25)

    assert ("host s1", "connection_lost") in story.opened()


def test_a_farewell_inside_is_no_child(venue: Story) -> None:
    hang_up(venue, *SOME, run_s=0.5)
    come_back(venue, "s1")
    venue.leave("s1")

    venue.run(10.0)

    assert "s1" not in venue.incident("venue", "STA").children
    assert venue.state("s1") is HostState.AWAY


def test_the_brokers_own_end_is_nobodys_hang_up(venue: Story) -> None:
    hang_up(venue, *FORTY)
    venue.lose_connection()

    venue.run(4.0)

    assert venue.lines() == []


def test_a_bridge_that_ends_voids_the_wills_of_its_venue(venue: Story) -> None:
    hang_up(venue, *FORTY)
    venue.deliver(Message(topics.BRIDGES + "STA", b"0"))

    venue.run(WINDOW_S + 0.5)

    assert venue.opened() == []


def test_a_stall_of_ours_gives_the_window_more_time(venue: Story) -> None:
    hang_up(venue, *FORTY)
    venue.stall(2.5)
    come_back(venue, *FORTY)

    venue.run(10.0)

    assert venue.lines() == []


def test_nobody_is_accused_while_our_own_tick_is_late(venue: Story) -> None:
    hang_up(venue, *SOME)
    venue.canary_s = 1.75
    venue.run(2.5)
    come_back(venue, *SOME)
    venue.canary_s = 0.0

    venue.run(10.0)

    assert venue.lines() == []


def test_a_silent_host_waits_for_those_that_hung_up(venue: Story) -> None:
    others = [name for name in FORTY if name not in SOME]
    venue.mute(*others)
    hang_up(venue, *SOME)

    venue.run(20.0)

    assert venue.opened() == [("venue STA", "venue_unreachable")]
    assert set(venue.incident("venue", "STA").children) == set(FORTY)


def test_a_kill_of_a_host_that_is_back_is_still_told(venue: Story) -> None:
    hang_up(venue, *SOME, run_s=0.5)
    come_back(venue, *SOME)
    venue.run(0.5)

    hang_up(venue, "s1", run_s=10.0)

    assert venue.opened() == [("host s1", "connection_lost")]


def test_hosts_left_behind_are_told_by_themselves_after_their_grace(venue: Story) -> None:
    venue.reach["s1"] = True
    hang_up(venue, *SOME, run_s=10.0)
    come_back(venue, *SOME[1:])
    venue.forget()

    venue.run(GRACE_S + 5.0)

    assert [line[1:] for line in venue.lines()] == [
        ("opened", "host s1", "connection_lost"),
        ("closed", "venue STA", "hung_up_together"),
        ("sharpened", "host s1", "agent_stopped"),
    ]
