"""An incident that a restart finds open ends when its subject is well, whatever it is about."""

import pytest

from aggregator.core.events import Incident, Subject
from aggregator.core.memory import KnownHost, Memory, Moment, as_known, restore
from aggregator.core.states import HostState
from tests.aggregator.centre import WALL, Centre
from tests.aggregator.machine import Message
from tests.aggregator.watching import Watching, lose_connection, regain_connection
from venuewatch.base.wire.messages import Vitals, encode
from venuewatch.base.wire.readings import Readings
from venuewatch.base.wire.topics import Stream

AGAIN = 50
SUBSCRIBED = 51


def test_a_fall_that_flapping_has_hidden_still_counts_when_it_lasts() -> None:
    down = KnownHost("STA", "STA-1", HostState.DOWN, 10.0, "host_down", 1.0, None, was_up=False)
    flaps = Incident(1, Subject("host", "STA", "STA-1"), "flapping", 5.0, falls=4)

    centre = Centre(memory=Memory([down], [flaps], 2), at=AGAIN)
    centre.subscribe(SUBSCRIBED)
    centre.live(SUBSCRIBED, 75, without=["STA-1"])

    assert centre.told() == [("sharpened", "STA-1", "host_down")]


def test_one_that_flaps_and_is_up_ends_when_it_has_been_well_for_long() -> None:
    up = KnownHost("STA", "STA-1", HostState.UP, 10.0, None, 1.0, None, was_up=True)
    flaps = Incident(1, Subject("host", "STA", "STA-1"), "flapping", 5.0, falls=4)

    centre = Centre(memory=Memory([up], [flaps], 2), at=AGAIN)
    centre.subscribe(SUBSCRIBED)
    centre.live(SUBSCRIBED, 700)  # four falls at 5 s have faded 300 * log2(4000 / 800) s later
    before = centre.told()
    centre.live(700, 703)

    assert before == []
    assert centre.told() == [("closed", "STA-1", "flapping")]


def test_one_name_for_two_ends_when_nothing_is_seen_of_the_second() -> None:
    twins = Incident(1, Subject("identity", "STA", "STA-1"), "duplicate_identity", 5.0)

    centre = Centre(memory=Memory((), [twins], 2), at=AGAIN)
    centre.subscribe(SUBSCRIBED)
    centre.live(SUBSCRIBED, 115)

    assert centre.told() == [("closed", "STA-1", "duplicate_identity")]


def test_a_venue_that_did_not_hear_us_ends_when_it_hears_us() -> None:
    deaf = Incident(1, Subject("link", "STA"), "one_way_loss", 5.0, children=("STA-1",))

    watching = Watching({"STA": ("STA-1", "STA-2")})
    restore(watching.watch, Memory((), [deaf], 2), 0.0)
    watching.bring_up()
    watching.run(3.0)

    assert watching.watch.incidents.open == {}


def test_a_venue_none_of_whose_deaf_hosts_is_expected_any_more_hears_us() -> None:
    deaf = Incident(1, Subject("link", "STA"), "one_way_loss", 5.0, children=("gone", "away"))

    centre = Centre(memory=Memory((), [deaf], 2), at=AGAIN)

    assert centre.told() == [("closed", "STA", "one_way_loss")]


@pytest.mark.parametrize("how", ["we were blind", "we were restarted"])
def test_a_will_is_still_evidence_when_a_neighbour_can_speak_at_last(how: str) -> None:
    names = {"STA": ("s1", "s2"), "AQU": ("a1", "a2")}
    watching = Watching(names)
    watching.bring_up()
    watching.kill("s1")
    watching.run(5.0)
    if how == "we were blind":
        lose_connection(watching)
        watching.run(3.0)
        watching.reach["s1"] = True
        regain_connection(watching, "s2", "a1", "a2")
    else:
        watch, now = watching.watch, watching.now
        memory = Memory(
            [as_known(host) for host in watch.fleet],
            watch.register.known(),
            2,
            Moment(now, WALL + now),
        )
        watching = Watching(names)
        watching.now = now + 5.0
        restore(watching.watch, memory, watching.now)
        watching.reach["s1"] = True
        watching.mute("s1")
        watching.subscribe()

    watching.run(6.0)

    assert watching.incident("host", "s1").cause == "agent_stopped"


@pytest.mark.parametrize("scope", ["feed", "clock", "link"])
def test_what_is_wrong_with_a_living_host_waits_for_its_word(scope: str) -> None:
    odd = Incident(1, Subject(scope, "STA", "STA-1"), "odd", 5.0)  # type: ignore[arg-type]

    centre = Centre(memory=Memory((), [odd], 2), at=AGAIN)

    assert centre.told() == []
    assert len(centre.watch.incidents.open) == 1


def test_our_own_incident_ends_when_we_hear_again() -> None:
    broken = Incident(1, Subject("centre"), "broker_down", 5.0)
    centre = Centre(memory=Memory((), [broken], 2), at=AGAIN)

    centre.subscribe(SUBSCRIBED)
    for second in range(SUBSCRIBED, SUBSCRIBED + 3):
        tick = encode(centre.watch.tick(second))
        centre.watch.hear(
            "venuewatch/v1/_centre/tick", tick, is_retained=False, now=second + 0.01, wall=WALL
        )
    centre.take()

    assert centre.told() == [("closed", "", "broker_down")]


def test_a_feed_of_before_ends_when_its_check_is_not_there_any_more() -> None:
    frozen = Incident(1, Subject("feed", "STA", "s1", "odf"), "results_frozen", -5.0)
    watching = Watching()
    restore(watching.watch, Memory((), [frozen], 2), 0.0)
    watching.bring_up()

    for number in range(200):  # of an earlier version: 3.5 times five minutes
        said = Vitals("b1", 1, number, int(WALL * 1000), Readings(node_load1=1.0))
        watching.deliver(Message(watching.machines["s1"].topic(Stream.VITALS), encode(said)))

    assert [line[1:3] for line in watching.lines()] == [("closed", "feed s1")]
