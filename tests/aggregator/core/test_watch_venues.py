"""A venue is cut off: one incident, with its hosts behind it, and how they come back.

At 4 s everybody is up; s1 was heard last at 3.125 s and is the first whose deadline passes.
"""

import pytest

from aggregator.core.fleet import Fleet, Host, Venue
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from tests.aggregator.machine import WALL, Message
from tests.aggregator.scene import GRACE_S, INTERVAL_S, MARGIN_S
from tests.aggregator.watching import Watching
from venuewatch.base.wire import topics
from venuewatch.base.wire.messages import Backlog, Vitals, encode
from venuewatch.base.wire.readings import Readings

HERE = ("s1", "s2", "s3")
FIRST_DUE_AT = 3.125 + INTERVAL_S + MARGIN_S


@pytest.fixture
def cut(watching: Watching) -> Watching:
    """Return them after STA was cut at 4 s; it is 14 s, and all was told."""
    watching.mute(*HERE)
    watching.run(10.0)
    watching.lines()
    return watching


def test_a_cut_is_one_incident_at_the_first_deadline_and_names_no_host(
    watching: Watching,
) -> None:
    watching.mute(*HERE)

    watching.run(60.0)

    assert watching.lines() == [(FIRST_DUE_AT, "opened", "venue STA", "venue_unreachable")]
    assert {watching.state(name) for name in HERE} == {HostState.UNREACHABLE}
    assert watching.asked() == []


def test_the_hosts_behind_a_cut_and_its_last_evidence_are_listed(cut: Watching) -> None:
    incident = cut.incident("venue", "STA")

    assert incident.children == HERE
    assert incident.silent_since == 3.375
    detail = cut.evidence("venue", "STA")["silence"].detail
    assert (detail["silent"], detail["heard"], detail["elsewhere"]) == (3.0, 0.0, "heard")


def test_a_cut_of_a_fleet_of_one_venue_is_still_a_cut() -> None:
    alone = Watching({"STA": HERE})
    alone.bring_up()
    alone.mute(*HERE)

    alone.run(10.0)

    assert [line[2:] for line in alone.lines()] == [("venue STA", "venue_unreachable")]


def test_the_away_and_the_dead_are_not_behind_a_cut(watching: Watching) -> None:
    watching.deliver(watching.machines["s3"].death("farewell"))
    watching.mute("s3")
    watching.run(5.0)
    watching.mute("s1", "s2")

    watching.run(10.0)

    assert watching.incident("venue", "STA").children == ("s1", "s2")
    assert watching.state("s3") is HostState.AWAY


def test_a_cut_ends_with_the_first_host_that_is_heard_steadily(cut: Watching) -> None:
    cut.unmute("s2")

    cut.run(2.0)
    before = cut.lines()
    cut.run(1.0)

    assert before == []
    assert cut.lines() == [(16.25, "closed", "venue STA", "venue_unreachable")]
    assert (cut.state("s2"), cut.state("s1")) == (HostState.UP, HostState.UNREACHABLE)


def test_a_few_beats_that_get_through_do_not_end_a_cut(cut: Watching) -> None:
    cut.unmute("s2")
    cut.run(2.0)
    cut.mute("s2")

    cut.run(60.0)

    assert cut.lines() == []
    assert {cut.state(name) for name in HERE} == {HostState.UNREACHABLE}


def test_who_is_not_back_after_the_grace_is_down_itself(cut: Watching) -> None:
    cut.reach["s1"] = False
    cut.unmute("s2", "s3")

    cut.run(30.0)

    back_at = 16.25
    assert cut.lines() == [
        (back_at, "closed", "venue STA", "venue_unreachable"),
        (back_at + GRACE_S, "opened", "host s1", "silent"),
        (back_at + GRACE_S, "sharpened", "host s1", "host_down"),
    ]


def test_who_comes_back_within_the_grace_is_no_news(cut: Watching) -> None:
    cut.unmute("s2")
    cut.run(10.0)
    cut.unmute("s1", "s3")

    cut.run(60.0)

    assert [line[1] for line in cut.lines()] == ["closed"]


def test_wills_of_hosts_that_find_their_way_back_say_nothing(cut: Watching) -> None:
    cut.unmute(*HERE)
    cut.run(4.0)
    for name in HERE:
        machine = cut.machines[name]
        cut.deliver(machine.death())
        machine.session = 2
    cut.mute(*HERE)
    cut.run(6.0)
    cut.unmute(*HERE)

    cut.run(30.0)

    assert [line[1] for line in cut.lines()] == ["closed"]


def test_who_fell_alone_just_before_its_venue_was_cut_is_behind_the_cut(
    watching: Watching,
) -> None:
    watching.mute("s1")
    watching.run(1.75)  # its deadline passes while s2 and s3 are heard
    watching.run(0.25)
    watching.mute("s2", "s3")
    alone = watching.lines()

    watching.run(5.0)

    assert alone == [(FIRST_DUE_AT, "opened", "host s1", "silent")]
    assert watching.state("s1") is HostState.DOWN
    assert watching.incident("venue", "STA").children == ("s2", "s3")


def test_while_its_neighbours_are_overdue_too_a_host_is_held() -> None:
    lossy = Watching(margin_s=4.0)
    lossy.bring_up()
    lossy.mute("s1")  # whose last beat was in a retransmission when the link was cut
    lossy.run(1.5)
    lossy.mute("s2", "s3")

    lossy.run(20.0)

    assert lossy.lines() == [(5.25 + INTERVAL_S + 4.0, "opened", "venue STA", "venue_unreachable")]
    assert set(lossy.incident("venue", "STA").children) == set(HERE)


def test_a_backlog_of_a_cut_corrects_its_record_and_brings_nobody_back(cut: Watching) -> None:
    said = [Vitals("b1", 1, seq, int((WALL + 5.0 + seq) * 1000), Readings()) for seq in (1, 2, 3)]
    backlog = Backlog("b1", 1, 3, vitals=said)
    topic = cut.machines["s1"].topic(topics.Stream.BACKLOG)

    cut.deliver(Message(topic, encode(backlog)))

    assert [line[1:] for line in cut.lines()] == [("corrected", "venue STA", "venue_unreachable")]
    (alive,) = cut.incident("venue", "STA").alive
    assert (alive.host, alive.start, alive.end, alive.readings) == ("s1", 6.0, 8.0, 3)
    assert cut.state("s1") is HostState.UNREACHABLE


def test_five_of_eight_that_fall_silent_at_once_are_the_venue_and_four_are_hosts() -> None:
    names = tuple(f"s{number}" for number in range(1, 9))
    for silent, scope in ((names[:5], "venue"), (names[:4], "host")):
        eight = Watching({"STA": names, "AQU": ("a1", "a2")})
        eight.bring_up()
        eight.mute(*silent)

        eight.run(10.0)

        assert {who.split()[0] for _, _, who, _ in eight.lines()} == {scope}


@pytest.mark.parametrize(("said", "who"), [(b"0", "venue TAH"), (b"1", "host t1")])
def test_the_bridge_of_a_venue_of_one_tells_a_cut_from_a_death(said: bytes, who: str) -> None:
    one = Watching({"TAH": ("t1",), "AQU": ("a1", "a2")})
    one.bring_up()
    one.mute("t1")
    one.deliver(Message(topics.BRIDGES + "TAH", said))

    one.run(10.0)

    assert [line[2] for line in one.lines()] == [who]


def test_when_a_bridge_is_back_those_behind_it_are_given_a_whole_beat_again() -> None:
    one = Watching({"TAH": ("t1",), "AQU": ("a1", "a2")})
    one.bring_up()
    one.mute("t1")
    one.deliver(Message(topics.BRIDGES + "TAH", b"0"))
    one.run(1.75)  # its deadline would pass in an eighth of a second
    one.deliver(Message(topics.BRIDGES + "TAH", b"1"))
    one.run(1.0)
    one.unmute("t1")

    one.run(10.0)

    assert one.lines() == []


@pytest.mark.parametrize(("venue", "said"), [("STA", b"2"), ("STA", b""), ("NIX", b"0")])
def test_a_bridge_that_says_nothing_sensible_changes_nothing(
    watching: Watching, venue: str, said: bytes
) -> None:
    watching.deliver(Message(topics.BRIDGES + venue, said))

    assert watching.watch.fleet.venues["STA"].bridge is None


def test_a_cut_is_over_when_the_last_host_behind_it_says_farewell(cut: Watching) -> None:
    cut.deliver(cut.machines["s1"].death("farewell"))
    cut.deliver(cut.machines["s2"].death("farewell"))
    cut.lines()

    cut.deliver(cut.machines["s3"].death("farewell"))

    assert [line[1:3] for line in cut.lines()] == [("closed", "venue STA")]
    assert cut.state("s3") == "away"


def test_a_farewell_of_one_behind_a_cut_does_not_end_it(cut: Watching) -> None:
    cut.lines()

    cut.deliver(cut.machines["s1"].death("farewell"))

    assert cut.lines() == []


def test_a_bridge_that_speaks_is_known_to_carry_its_whole_venue() -> None:
    venue = Venue("STA", margin_s=MARGIN_S, stock_margin_s=MARGIN_S + 4.0)
    venue.hosts["s1"] = Host("STA", "s1", margin_s=MARGIN_S, stock_margin_s=MARGIN_S + 4.0)
    watch = Watch(Fleet([venue]))
    watch.subscribed(0.0)

    watch.hear(topics.BRIDGES + "STA", b"1", is_retained=True, now=0.5, wall=WALL)

    assert (venue.margin_s, venue.hosts["s1"].margin_s) == (MARGIN_S + 4.0, MARGIN_S + 4.0)
