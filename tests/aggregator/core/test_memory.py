"""A restart is no amnesia: what an earlier process knew holds, and is not told again."""

from collections.abc import Iterable

from aggregator.core.events import Incident, IncidentChanged, Subject
from aggregator.core.memory import KnownHost, Memory
from aggregator.core.states import HostState
from aggregator.core.watch import Watch
from tests.aggregator.centre import GRACE_S, HOSTS, WALL, Centre
from venuewatch.base.wire.messages import Backlog, Vitals, encode
from venuewatch.base.wire.readings import Readings

STA = [name for name in HOSTS if name.startswith("STA")]
KILLED = 20
AGAIN = 50
SUBSCRIBED = 51
END = 100


def lived(*, without: Iterable[str] = ()) -> Centre:
    """Return a process that was killed at 20, in which these were silent since 10."""
    centre = Centre()
    centre.subscribe(0.0)
    centre.live(0, 10)
    centre.live(10, KILLED, without=without)
    return centre


def again(before: Centre, *, hosts: Iterable[str] = HOSTS, subscribe: bool = True) -> Centre:
    """Return the process after it, which begins to hear at 51."""
    centre = Centre(hosts, memory=before.memory(KILLED), at=AGAIN)
    if subscribe:
        centre.subscribe(SUBSCRIBED)
    return centre


def test_who_was_up_counts_as_up_before_anything_is_heard() -> None:
    centre = again(lived(), subscribe=False)

    host = centre.host("STA-1")
    assert (host.state, host.counts_as_up) == (HostState.UNKNOWN, True)
    assert (host.evidence_at, host.evidence_wall) == (KILLED, WALL + KILLED)


def test_who_is_heard_again_was_never_away() -> None:
    centre = again(lived())

    centre.live(SUBSCRIBED, END)

    assert centre.told() == []
    assert {centre.host(name).state for name in HOSTS} == {HostState.UP}


def test_who_died_while_we_were_away_is_told_once_with_its_last_evidence() -> None:
    centre = again(lived())

    centre.live(SUBSCRIBED, END, without=["STA-1"])

    assert centre.told() == [("opened", "STA-1", "silent")]
    (incident,) = centre.watch.register.known()
    assert incident.opened_at == SUBSCRIBED + GRACE_S
    assert incident.silent_since == KILLED


def test_a_second_restart_does_not_make_the_last_evidence_younger() -> None:
    second = again(lived(), subscribe=False)

    third = Centre(memory=second.memory(AGAIN + 5), at=60)

    assert third.host("STA-1").evidence_at == KILLED


def test_who_was_late_was_last_heard_when_it_was_last_heard() -> None:
    centre = Centre()
    centre.subscribe(0.0)
    centre.live(0, 10)
    centre.live(10, 11, without=["STA-1"])
    assert centre.host("STA-1").state is HostState.LATE

    after = Centre(memory=centre.memory(11), at=AGAIN)

    assert after.host("STA-1").evidence_at == 9


def test_what_was_down_stays_down_and_is_not_told_again() -> None:
    before = lived(without=["STA-1"])

    centre = again(before)
    centre.live(SUBSCRIBED, END, without=["STA-1"])

    assert before.opened() == ["STA-1"]
    assert centre.told() == []
    assert centre.host("STA-1").state is HostState.DOWN
    assert centre.host("STA-1").cause == "silent"
    assert len(centre.watch.incidents.open) == 1


def test_what_was_down_and_comes_back_closes_the_incident_that_there_was() -> None:
    before = lived(without=["STA-1"])
    (opened,) = before.watch.register.known()

    centre = again(before)
    centre.live(SUBSCRIBED, END)

    assert centre.told() == [("closed", "STA-1", "silent")]
    (closed,) = centre.watch.register.known()
    assert (closed.number, closed.opened_at) == (opened.number, opened.opened_at)
    assert closed.closed_at is not None


def test_a_venue_that_is_cut_is_told_once_across_a_restart() -> None:
    before = lived(without=STA)

    centre = again(before)
    centre.live(SUBSCRIBED, END, without=STA)

    assert before.told() == [("opened", "STA", "venue_unreachable")]
    assert centre.told() == []
    assert {centre.host(name).state for name in STA} == {HostState.UNREACHABLE}


def test_a_venue_that_comes_back_after_a_restart_closes_its_incident() -> None:
    centre = again(lived(without=STA))

    centre.live(SUBSCRIBED, END)

    assert centre.told() == [("closed", "STA", "venue_unreachable")]
    assert {centre.host(name).state for name in STA} == {HostState.UP}


def test_a_venue_that_is_cut_while_we_are_away_is_one_incident() -> None:
    centre = again(lived())

    centre.live(SUBSCRIBED, END, without=STA)

    assert centre.told() == [("opened", "STA", "venue_unreachable")]


def test_who_has_not_found_back_after_a_cut_is_down_when_its_grace_ends() -> None:
    before = lived(without=STA)
    before.live(KILLED, KILLED + 5, without=STA[:2])
    assert before.told()[-1] == ("closed", "STA", "venue_unreachable")

    centre = Centre(memory=before.memory(KILLED + 5), at=AGAIN)
    centre.subscribe(SUBSCRIBED)
    centre.live(SUBSCRIBED, END, without=STA[:2])

    assert sorted(centre.opened()) == sorted(STA[:2])


def test_who_said_farewell_stays_away_for_as_long_as_it_may() -> None:
    before = lived()
    before.farewell(KILLED, "STA-1")

    centre = again(before)
    centre.live(SUBSCRIBED, KILLED + 899, without=["STA-1"])
    still_away = centre.host("STA-1").state
    centre.live(KILLED + 899, KILLED + 905, without=["STA-1"])

    assert still_away is HostState.AWAY
    assert centre.told() == [("opened", "STA-1", "did_not_return")]


def test_the_incident_of_a_host_that_is_no_longer_expected_is_closed() -> None:
    before = lived(without=["STA-1"])

    centre = again(before, hosts=HOSTS[1:], subscribe=False)

    assert centre.told() == [("closed", "STA-1", "silent")]
    (closed,) = [event for event in centre.events if isinstance(event, IncidentChanged)]
    assert closed.incident.closed_at == AGAIN
    assert centre.watch.incidents.open == {}
    assert [known.name for known in centre.gone] == ["STA-1"]


def test_a_host_that_has_moved_to_another_venue_is_another_host() -> None:
    moved = KnownHost("OLD", "STA-1", HostState.DOWN, 5.0, "silent", 1.0, None, was_up=False)
    fallen = Incident(1, Subject("host", "OLD", "STA-1"), "silent", 5.0)

    centre = Centre(memory=Memory([moved], [fallen], 2), at=AGAIN)

    assert centre.told() == [("closed", "STA-1", "silent")]
    assert centre.host("STA-1").state is HostState.UNKNOWN


def test_a_venue_that_is_no_longer_expected_has_no_open_incident() -> None:
    before = lived(without=STA)

    centre = again(before, hosts=["AQU-1", "AQU-2"])
    centre.live(SUBSCRIBED, END)

    assert centre.told() == [("closed", "STA", "venue_unreachable")]


def test_a_number_is_never_given_again() -> None:
    before = lived(without=["STA-1"])
    memory = before.memory(KILLED)._replace(incidents=[], next_number=8)

    centre = Centre(memory=memory._replace(hosts=()), at=AGAIN)
    centre.subscribe(SUBSCRIBED)
    centre.live(SUBSCRIBED, SUBSCRIBED + 5)
    centre.live(SUBSCRIBED + 5, END, without=["STA-2"])

    assert [incident.number for incident in centre.watch.register.known()] == [8]


def test_who_is_down_without_an_incident_is_told_as_if_it_had_just_died() -> None:
    memory = lived(without=["STA-1"]).memory(KILLED)._replace(incidents=[])

    centre = Centre(memory=memory, at=AGAIN)
    centre.subscribe(SUBSCRIBED)
    centre.live(SUBSCRIBED, END, without=["STA-1"])

    assert centre.told() == [("opened", "STA-1", "silent")]


def test_a_backlog_corrects_an_incident_that_an_earlier_process_has_closed() -> None:
    before = lived(without=["STA-1"])
    before.live(KILLED, KILLED + 5)
    (closed,) = before.watch.register.known()
    assert closed.closed_at is not None

    centre = again(before)
    late = Vitals("a", 1, 15, int((WALL + 15) * 1000), Readings(node_load1=1.0))
    backlog = encode(Backlog(boot="a", session=1, number=1, vitals=[late]))
    centre.watch.hear(
        "venuewatch/v1/STA/STA-1/backlog", backlog, is_retained=False, now=55, wall=WALL + 55
    )
    centre.take()

    (corrected,) = centre.watch.register.known()
    assert centre.told() == [("corrected", "STA-1", "silent")]
    assert [(alive.host, alive.readings) for alive in corrected.alive] == [("STA-1", 1)]


def test_of_a_boot_that_lived_before_us_a_backlog_corrects_what_was_before_us() -> None:
    centre = again(lived(without=STA))
    centre.live(SUBSCRIBED, 55, without=STA)
    centre.live(55, 65)
    late = Vitals("a", 1, 15, int((WALL + 30) * 1000), Readings(node_load1=1.0))

    backlog = encode(Backlog(boot="a", session=1, number=1, vitals=[late]))
    centre.watch.hear(
        "venuewatch/v1/STA/STA-1/backlog", backlog, is_retained=False, now=66, wall=WALL + 66
    )
    centre.take()

    assert centre.told() == [
        ("closed", "STA", "venue_unreachable"),
        ("corrected", "STA", "venue_unreachable"),
    ]


def test_nothing_to_remember_is_a_first_start() -> None:
    first, empty = Centre(), Centre(memory=Memory(), at=0.0)

    for centre in (first, empty):
        centre.subscribe(1.0)
        centre.live(1, 10)
        centre.live(10, 20, without=["STA-1"])

    assert empty.events == first.events


def test_what_the_core_gives_is_what_it_takes_back() -> None:
    before = lived(without=["STA-1", *STA[3:]])

    watch: Watch = again(before, subscribe=False).watch

    assert watch.register.known() == before.watch.register.known()
    for name in ("STA-1", "AQU-1"):
        now, then = watch.fleet.find(name), before.host(name)
        assert now is not None
        assert (now.cause, now.interval_s) == (then.cause, then.interval_s)
