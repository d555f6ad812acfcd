"""A restart forgets nothing: what an earlier process knew holds, and is not reported again."""

import pytest

from aggregator.core.incidents.record import Incident, IncidentChanged, Scope, Subject
from aggregator.core.outputs import KnownHost, Moment, Store
from aggregator.core.restore import Memory
from aggregator.core.states import HostState
from aggregator.core.verdicts.causes import Cause
from tests.kit.machine import GRACE_S, WALL
from tests.kit.story import Story, whom

STA = ("s1", "s2", "s3", "s4", "s5")
AQU = ("a1", "a2")
AWAY_S = 30.0
S1 = Subject("host", "STA", "s1")


@pytest.fixture
def lived() -> Story:
    """Seven hosts, all of them up, at 20 s."""
    story = Story({"STA": STA, "AQU": AQU}).bring_up()
    story.run(16.0)
    return story


def memory_of(story: Story) -> Memory:
    return story.centre.memory(Moment(story.now, WALL + story.now))


def restart(story: Story, memory: Memory | None = None) -> None:
    """Kill the process, and begin another one 30 s later; it is not subscribed yet."""
    memory = memory or memory_of(story)
    story.forget()
    story.now += AWAY_S
    story.restart(memory)


def reported(story: Story) -> list[tuple[str, str, str]]:
    return [line[1:] for line in story.lines()]


def live_again(story: Story, seconds: float = 50.0) -> list[tuple[str, str, str]]:
    """Be subscribed a second later, live on, and return what was reported, without times."""
    story.run(1.0)
    story.open()
    story.run(seconds)
    return reported(story)


def test_host_that_was_late_keeps_its_last_evidence(lived: Story) -> None:
    heard_at = lived.host("s1").evidence_at
    lived.mute("s1", run_s=1.5)
    assert lived.state("s1") is HostState.LATE

    restart(lived)

    assert lived.host("s1").evidence_at == heard_at


@pytest.mark.parametrize("is_back", [False, True])
def test_venue_that_is_cut_is_reported_once(lived: Story, *, is_back: bool) -> None:
    lived.mute(*STA, run_s=5.0)
    assert reported(lived) == [("opened", "venue STA", "venue_unreachable")]

    restart(lived)
    if is_back:
        lived.unmute(*STA)

    closed = [("closed", "venue STA", "venue_unreachable")]
    assert live_again(lived) == (closed if is_back else [])
    state = HostState.UP if is_back else HostState.UNREACHABLE
    assert {lived.state(name) for name in STA} == {state}


def test_host_that_finds_no_way_back_after_a_cut_is_down(lived: Story) -> None:
    lived.mute(*STA, run_s=5.0)
    lived.unmute(*STA[2:], run_s=5.0)

    restart(lived)

    opened = {who for change, who, _ in live_again(lived) if change == "opened"}
    assert opened == {"host s1", "host s2"}


def test_host_that_is_away_stays_so_for_as_long_as_it_may(lived: Story) -> None:
    said_at = lived.now
    lived.leave("s1")

    restart(lived)

    assert live_again(lived, said_at + 897.0 - lived.now) == []
    assert lived.state("s1") is HostState.AWAY
    lived.run(5.0)
    assert reported(lived) == [("opened", "host s1", "did_not_return")]


@pytest.mark.parametrize(
    ("expected", "fallen", "gone"),
    [
        ({"STA": STA[1:], "AQU": AQU}, ("s1",), ["s1"]),
        ({"STA": STA[1:], "AQU": (*AQU, "s1")}, ("s1",), ["s1"]),
        ({"AQU": AQU}, STA, list(STA)),
    ],
    ids=["the host is gone", "the host has moved", "the venue is gone"],
)
def test_incident_of_an_unexpected_subject_is_closed_at_once(
    lived: Story, expected: dict[str, tuple[str, ...]], fallen: tuple[str, ...], gone: list[str]
) -> None:
    lived.mute(*fallen, run_s=5.0)
    later = Story(expected, start=lived.now + AWAY_S)

    later.restart(memory_of(lived))

    said = later.said()
    assert [out.gone for out in said if isinstance(out, Store) and out.gone] == [gone]
    (closed,) = memory_of(later).incidents
    assert closed.closed_at == later.now
    assert later.centre.decisions.incidents.open == {}
    assert live_again(later) == []
    assert {host.state for host in later.centre.fleet} <= {HostState.UP}


def test_number_is_never_given_again(lived: Story) -> None:
    lived.mute("s1", run_s=5.0)
    lived.unmute("s1")

    restart(lived, Memory(next_number=8))
    lived.mute("s2")

    assert live_again(lived)[0] == ("opened", "host s2", "silent")
    assert lived.incident("host", "s2").number == 8


def test_reported_changes_are_counted_on(lived: Story) -> None:
    lived.mute("s1", run_s=5.0)
    memory = memory_of(lived)._replace(reported={1: 4})
    lived.unmute("s1")

    restart(lived, memory)

    lived.open()
    lived.run(30.0)
    (closed,) = [out for out in lived.said() if isinstance(out, IncidentChanged)]
    assert closed.seq == 5


def test_host_that_is_down_without_incident_is_reported(lived: Story) -> None:
    lived.mute("s1", run_s=5.0)

    restart(lived, memory_of(lived)._replace(incidents=[]))

    assert live_again(lived) == [("opened", "host s1", "silent")]


def test_backlog_corrects_an_incident_that_was_closed_before(lived: Story) -> None:
    lived.mute("s1", run_s=5.0)
    lived.unmute("s1", run_s=5.0)

    restart(lived)
    lived.open()
    lived.deliver(lived.machines["s1"].backlog(1, 24.0))

    assert reported(lived) == [("corrected", "host s1", "silent")]
    (corrected,) = memory_of(lived).incidents
    assert [(alive.host, alive.readings) for alive in corrected.alive] == [("s1", 1)]


def test_backlog_of_a_boot_before_us_corrects_what_was_before_us(lived: Story) -> None:
    lived.mute(*STA, run_s=5.0)
    restart(lived)
    live_again(lived, 4.0)
    lived.unmute(*STA, run_s=10.0)

    lived.deliver(lived.machines["s1"].backlog(1, 30.0))

    assert reported(lived) == [
        ("closed", "venue STA", "venue_unreachable"),
        ("corrected", "venue STA", "venue_unreachable"),
    ]


def test_host_and_incident_come_back_as_they_were_without_report(lived: Story) -> None:
    lived.mute("s1", "s4", "s5", run_s=5.0)
    before = memory_of(lived)

    restart(lived)

    after = memory_of(lived)
    assert after.incidents == before.incidents
    down = [host for host in before.hosts if host.state is HostState.DOWN]
    assert len(down) == 3
    assert [host for host in after.hosts if host.state is HostState.DOWN] == down
    assert [host.interval_s for host in after.hosts] == [host.interval_s for host in before.hosts]
    assert live_again(lived) == []
    assert {name for name in (*STA, *AQU) if lived.state(name) is HostState.UP} == {
        *("s2", "s3"),
        *AQU,
    }


def test_empty_memory_is_a_first_start() -> None:
    first, empty = Story(), Story()
    empty.restart(Memory())
    assert isinstance(empty.said()[0], Store)

    for story in (first, empty):
        story.bring_up()
        story.mute("s1", run_s=10.0)

    assert empty.lines() == first.lines() != []


@pytest.mark.parametrize("restarts", [1, 2])
def test_host_that_was_up_counts_as_up_at_once(lived: Story, restarts: int) -> None:
    killed_at = lived.now

    for _ in range(restarts):
        restart(lived)
        lived.advance(lived.now + 5.0)

    host = lived.host("s1")
    assert (host.state, host.counts_as_up) == (HostState.UNKNOWN, True)
    assert (host.evidence_at, host.evidence_wall) == (killed_at, WALL + killed_at)


@pytest.mark.parametrize(
    ("gone", "scope", "cause"),
    [(("s1",), "host s1", "silent"), (STA, "venue STA", "venue_unreachable")],
)
def test_what_is_gone_meanwhile_is_reported_once(
    lived: Story, gone: tuple[str, ...], scope: str, cause: str
) -> None:
    restart(lived)
    lived.mute(*gone)
    subscribed_at = lived.now + 1.0

    assert live_again(lived) == [("opened", scope, cause)]
    assert lived.incident(scope.split(maxsplit=1)[0]).opened_at == subscribed_at + GRACE_S


# Incidents that a restart finds open end when their subject is well, whatever they are about


def story_after(*incidents: Incident, hosts: tuple[KnownHost, ...] = ()) -> Story:
    """Return two venues, after a process that left these incidents; at 50 s, not subscribed."""
    story = Story(start=50.0)
    story.restart(Memory(hosts, incidents, len(incidents) + 1))
    return story


def known(state: HostState, cause: Cause | None = None) -> KnownHost:
    return KnownHost("STA", "s1", state, 10.0, cause, 1.0, None, was_up=state is HostState.UP)


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
        story.run(0.5)

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


def test_of_two_open_incidents_about_the_same_the_later_goes_on() -> None:
    hosts = (known(HostState.DOWN, Cause.HOST_DOWN),)
    older, later = Incident(1, S1, Cause.SILENT, 5.0), Incident(2, S1, Cause.HOST_DOWN, 8.0)

    story = story_after(later, older, hosts=hosts)
    story.mute("s1")
    story.open()
    story.run(5.0)
    first = reported(story)
    story.unmute("s1")
    story.run(5.0)

    store = story.centre.decisions.store
    assert first == [("closed", "host s1", "silent")]
    assert next((each.number, each.closed_at) for each in store.known()) == (1, 8.0)
    assert reported(story) == [("closed", "host s1", "host_down")]
    assert store.open == {}
