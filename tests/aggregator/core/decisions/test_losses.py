"""Losses of many hosts: one incident each, who is behind it, and what ends it.

At 4 s everybody is up, at six venues of four hosts.
"""

import pytest

from aggregator.core.outputs import Moment
from aggregator.core.states import HostState
from tests.kit.machine import GRACE_S, WALL
from tests.kit.story import Story, fleet_of
from tests.kit.worlds import come_back, hang_up, settle

NAMES = {code: tuple(f"{code.lower()}{at}" for at in range(4)) for code in "ABCDEF"}
LEFT_BEHIND_S = 60.0


def hosts(codes: str) -> list[str]:
    return [name for code in codes for name in NAMES[code]]


@pytest.fixture
def venues() -> Story:
    return Story(NAMES).bring_up()


@pytest.fixture
def lost(venues: Story) -> Story:
    """Four of six venues were lost at 4 s; it is 14 s, and all was reported."""
    venues.mute(*hosts("ABCD"), run_s=10.0)
    venues.forget()
    return venues


@pytest.fixture
def hung_up(venues: Story) -> Story:
    """Two hosts of A and two of B hung up at 4 s; it is 14 s, and all was reported."""
    hang_up(venues, "a0", "a1", "b0", "b1", run_s=10.0)
    venues.forget()
    return venues


@pytest.fixture
def three() -> Story:
    """Three of eight hosts of one venue hung up at 4 s; it is 14 s, and all was reported."""
    eight = Story({"STA": tuple(f"s{at}" for at in range(8)), "AQU": ("a1", "a2")}).bring_up()
    hang_up(eight, "s0", "s1", "s2", run_s=10.0)
    eight.forget()
    return eight


def restart(story: Story) -> None:
    """Begin a new process, which hears after a second."""
    story.restart()
    story.run(1.0)
    story.open()


# Most venues at one moment


def test_most_venues_silent_at_one_moment_are_one_incident(venues: Story) -> None:
    venues.mute(*hosts("ABCD"), run_s=60.0)

    assert venues.opened() == [("centre", "centre_side_loss")]
    incident = venues.incident("centre")
    assert incident.children == ("A", "B", "C", "D")
    detail = venues.evidence("centre")["venues_lost"].detail
    assert (detail["venues"], detail["of"], detail["hosts"]) == (4, 6, 16)
    assert {venues.state(name) for name in hosts("ABCD")} == {HostState.UNREACHABLE}


def test_fewer_venues_are_each_cut_off(venues: Story) -> None:
    venues.mute(*hosts("ABC"), run_s=60.0)

    assert sorted(venues.opened()) == [(f"venue {code}", "venue_unreachable") for code in "ABC"]


def test_venues_lost_one_after_the_other_are_each_cut_off(venues: Story) -> None:
    for code in "ABCD":
        venues.mute(*NAMES[code], run_s=3.0)
    venues.run(60.0)

    assert len(venues.opened()) == 4


def test_venues_of_one_host_are_lost_at_the_centre_too() -> None:
    ones = Story({f"V{at}": (f"v{at}",) for at in range(10)}).bring_up()

    ones.mute(*(f"v{at}" for at in range(7)), run_s=60.0)

    assert ones.opened() == [("centre", "centre_side_loss")]


def test_a_venue_found_cut_before_the_others_is_folded_in(venues: Story) -> None:
    for name in hosts("BCD"):  # wider margins: their deadlines pass later, with nobody overdue
        venues.host(name).deadline += 4.0
        venues.host(name).margin_s += 2.0
        venues.host(name).allowance_s += 4.0
    venues.mute(*hosts("ABCD"), run_s=60.0)

    told = [line[1:] for line in venues.lines()]
    assert told == [
        ("opened", "venue A", "venue_unreachable"),
        ("opened", "centre", "centre_side_loss"),
        ("closed", "venue A", "venue_unreachable"),
    ]
    assert venues.incident("centre").children == ("A", "B", "C", "D")


def test_the_loss_ends_with_the_last_venue_that_is_back(lost: Story) -> None:
    lost.unmute("a0", "b0", "c0", run_s=5.0)
    before = lost.lines()
    lost.unmute("d0", run_s=5.0)

    assert before == []
    assert [line[1:] for line in lost.lines()] == [("closed", "centre", "centre_side_loss")]


def test_a_host_not_back_with_its_venue_is_told_by_itself(lost: Story) -> None:
    lost.unmute(*(name for name in hosts("ABCD") if name != "a1"))

    lost.run(GRACE_S + 5.0)

    assert ("host a1", "silent") in lost.opened()


def test_venues_left_behind_are_told_by_themselves_after_a_minute(lost: Story) -> None:
    lost.unmute(*hosts("ABC"), run_s=LEFT_BEHIND_S - 1.0)
    before = lost.lines()

    lost.run(10.0)

    assert before == []
    assert [line[1:] for line in lost.lines()] == [
        ("opened", "venue D", "venue_unreachable"),
        ("closed", "centre", "centre_side_loss"),
    ]
    lost.unmute(*hosts("D"), run_s=5.0)
    assert [line[1:] for line in lost.lines()] == [("closed", "venue D", "venue_unreachable")]


def test_a_restart_goes_on_with_the_loss_of_venues(lost: Story) -> None:
    restart(lost)
    lost.run(60.0)
    before = lost.lines()
    lost.unmute(*hosts("ABCD"), run_s=10.0)

    assert before == []
    assert [line[1:] for line in lost.lines()] == [("closed", "centre", "centre_side_loss")]


# Hosts that hung up together


def test_the_incident_ends_with_the_last_host_that_is_back(hung_up: Story) -> None:
    come_back(hung_up, "a0")
    hung_up.run(5.0)
    before = hung_up.lines()
    come_back(hung_up, "a1", "b0", "b1")
    hung_up.run(5.0)

    assert before == []
    assert [line[1:] for line in hung_up.lines()] == [("closed", "centre", "hung_up_together")]


def test_three_that_stay_away_stay_one_incident(hung_up: Story) -> None:
    come_back(hung_up, "a0")

    hung_up.run(600.0)

    assert hung_up.lines() == []


def test_a_farewell_of_the_last_ends_the_incident(three: Story) -> None:
    for name in ("s0", "s1", "s2"):
        three.leave(name)

    assert [line[1:] for line in three.lines()] == [("closed", "venue STA", "hung_up_together")]


def test_a_venue_cut_afterwards_takes_its_hosts_over(three: Story) -> None:
    three.mute(*three.machines)
    three.unmute("a1", "a2", run_s=10.0)

    assert [line[1:] for line in three.lines()] == [("sharpened", "venue STA", "venue_unreachable")]
    assert len(three.incident("venue", "STA").children) == 8
    three.unmute("s7", run_s=5.0)
    assert [line[1:] for line in three.lines()] == [("closed", "venue STA", "venue_unreachable")]


def test_hosts_behind_the_centres_incident_go_over_to_a_cut_venue(hung_up: Story) -> None:
    hung_up.mute(*hosts("A"), run_s=10.0)
    hung_up.unmute(*hosts("A"), run_s=5.0)
    come_back(hung_up, "b0", "b1")
    hung_up.run(5.0)

    assert [line[1:] for line in hung_up.lines()] == [
        ("opened", "venue A", "venue_unreachable"),
        ("closed", "venue A", "venue_unreachable"),
        ("closed", "centre", "hung_up_together"),
    ]


def test_more_that_hang_up_later_are_put_behind_it(three: Story) -> None:
    hang_up(three, "s3", "s4", "s5", run_s=10.0)

    assert three.lines() == []
    assert len(three.incident("venue", "STA").children) == 6


def test_an_away_host_of_the_venue_is_still_missed(three: Story) -> None:
    three.host("s7").is_required = True
    three.leave("s7")

    three.run(30.0)

    assert three.opened() == [("host s7", "left_while_required")]


@pytest.mark.parametrize("pause_s", [1.0, 60.0])
def test_a_restart_goes_on_with_hosts_that_hung_up(three: Story, pause_s: float) -> None:
    three.restart()
    three.run(pause_s)
    three.open()
    three.run(60.0)
    before = three.lines()
    come_back(three, "s0", "s1", "s2")
    three.run(5.0)

    assert {line[3] for line in before} <= {"aggregator_blind"}
    assert [line[1:] for line in three.lines()] == [("closed", "venue STA", "hung_up_together")]


def test_a_restart_goes_on_with_hosts_of_several_venues(hung_up: Story) -> None:
    restart(hung_up)
    hung_up.run(60.0)
    before = hung_up.lines()
    come_back(hung_up, "a0", "a1", "b0", "b1")
    hung_up.run(5.0)

    assert before == []
    assert [line[1:] for line in hung_up.lines()] == [("closed", "centre", "hung_up_together")]


def test_a_restart_after_all_came_back_ends_it(three: Story) -> None:
    memory = three.centre.memory(Moment(three.now, WALL + three.now))
    gone = [host._replace(state=HostState.UP) for host in memory.hosts]

    three.restart(memory._replace(hosts=gone))

    assert [line[1:] for line in three.lines()] == [("closed", "venue STA", "hung_up_together")]


def test_one_left_behind_before_a_restart_is_told_by_itself(three: Story) -> None:
    come_back(three, "s0", "s1")
    three.run(5.0)
    restart(three)

    three.run(GRACE_S + 5.0)

    told = [line[1:3] for line in three.lines()]
    assert told[:2] == [("opened", "host s2"), ("closed", "venue STA")]


def test_our_blindness_ends_no_loss(hung_up: Story) -> None:
    hung_up.reconnect(8.0, "c0", "c1", "d0", "e0", "f0")
    hung_up.run(1.0)

    assert ("closed", "centre", "hung_up_together") not in [it[1:] for it in hung_up.lines()]


def test_an_inventory_without_the_lost_hosts_ends_it(three: Story) -> None:
    three.centre.change_inventory(
        three.now, fleet_of({"STA": tuple(f"s{at}" for at in range(3, 8)), "AQU": ("a1", "a2")})
    )
    three.look()

    assert [line[1:] for line in three.lines()] == [("closed", "venue STA", "hung_up_together")]


def test_an_inventory_without_the_lost_venues_ends_it(lost: Story) -> None:
    lost.centre.change_inventory(lost.now, fleet_of({code: NAMES[code] for code in "EF"}))
    lost.look()

    assert [line[1:] for line in lost.lines()] == [("closed", "centre", "centre_side_loss")]


def test_a_fork_decides_the_same_and_changes_nothing_here(venues: Story) -> None:
    hang_up(venues, "a0", "a1", "b0", "b1", run_s=0.5)
    venues.centre.fork().woke(venues.now + 10.0)

    come_back(venues, "a0", "a1", "b0", "b1")
    venues.run(10.0)

    assert venues.lines() == []


def test_a_venue_that_hangs_up_again_and_again_flaps(three: Story) -> None:
    for _ in range(3):
        come_back(three, "s0", "s1", "s2")
        settle(three)
        for name in ("s0", "s1", "s2"):
            three.kill(name)
        three.run(5.0)

    assert three.incident("venue", "STA").cause == "flapping"
