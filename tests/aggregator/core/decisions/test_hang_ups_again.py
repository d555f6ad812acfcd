"""Connections that are closed again before they have lasted: agents wait for longer than before.

At 16 s everybody is up, and its connection has lasted. After it is closed an agent waits for 1 s at
most, after a brief one for 2 s, then 4 s and 8 s; another 0.5 s later it is connected.
"""

import pytest

from aggregator.core.states import HostState
from tests.kit.machine import DEADLINE_S
from tests.kit.story import Story
from tests.kit.worlds import come_back, hang_up, settle

START_S = 16.0
STA = tuple(f"s{at}" for at in range(1, 9))
CONNECTS_S = 0.5
BRIEFLY_S = 3.0
LONGEST_WAITS_S = (1.0, 2.0, 4.0, 8.0, 10.0)
BEAT_S = 1.0


@pytest.fixture
def venue() -> Story:
    """A venue of eight, and another one."""
    return settle(Story({"STA": STA, "AQU": ("a1", "a2", "a3")}).bring_up())


@pytest.fixture
def venues() -> Story:
    """Six venues of four."""
    names = {code: tuple(f"{code.lower()}{at}" for at in range(4)) for code in "ABCDEF"}
    return settle(Story(names).bring_up())


def reset(story: Story, *names: str, back_s: float = CONNECTS_S) -> None:
    """Close connections, and let the agents be back so long afterwards."""
    hang_up(story, *names, run_s=back_s)
    come_back(story, *names)


def reset_again(story: Story, *names: str, times: int) -> None:
    """Reset hosts as often; each time they are back soon, and connected for a few seconds."""
    for _ in range(times):
        reset(story, *names)
        story.run(BRIEFLY_S)


def restart_broker(story: Story) -> None:
    """Lose our connection for a second; agents are back before we are, each in a new session."""
    story.lose_connection()
    story.run(1.0)
    for machine in story.machines.values():
        machine.session += 1
    story.regain_connection()
    story.run(BRIEFLY_S)


@pytest.mark.parametrize("again", [1, 2, 3, 4])
@pytest.mark.parametrize("codes", ["A", "ABCDEF"])
def test_hosts_back_as_soon_as_they_may_be_are_no_news(
    venues: Story, codes: str, again: int
) -> None:
    names = [name for name, machine in venues.machines.items() if machine.venue in codes]
    reset_again(venues, *names, times=again)

    reset(venues, *names, back_s=LONGEST_WAITS_S[again] + CONNECTS_S)
    venues.run(20.0)

    assert venues.lines() == []


def test_hosts_not_back_after_another_reset_are_one_incident(venue: Story) -> None:
    reset_again(venue, *STA, times=1)
    at = venue.now

    hang_up(venue, *STA, run_s=CONNECTS_S)
    come_back(venue, *STA[3:])
    venue.run(10.0)

    told = at + LONGEST_WAITS_S[1] + BEAT_S
    assert venue.lines() == [(told, "opened", "venue STA", "hung_up_together")]
    assert venue.incident("venue", "STA").children == STA[:3]


@pytest.mark.parametrize(("restarts", "wait_s"), [(1, 2.0), (2, 4.0)])
def test_hosts_reset_after_the_brokers_return_are_no_news(
    venue: Story, restarts: int, wait_s: float
) -> None:
    for _ in range(restarts):
        restart_broker(venue)
    venue.forget()

    reset(venue, *STA, back_s=wait_s + CONNECTS_S)
    venue.run(20.0)

    assert venue.opened() == []
    assert {host.state for host in venue.centre.fleet} == {HostState.UP}


def test_hosts_reset_soon_after_our_own_start_are_no_news() -> None:
    story = Story({"STA": STA, "AQU": ("a1", "a2", "a3")}).bring_up()

    reset(story, *STA, back_s=LONGEST_WAITS_S[1] + CONNECTS_S)
    story.run(20.0)

    assert story.lines() == []


def test_hosts_reset_within_the_window_of_a_reset_are_no_news(venue: Story) -> None:
    reset(venue, *STA)
    venue.run(0.75)

    reset(venue, *STA, back_s=LONGEST_WAITS_S[1] + CONNECTS_S)
    venue.run(20.0)

    assert venue.lines() == []


def test_host_lost_in_a_reset_is_told_while_others_wait_again(venues: Story) -> None:
    everybody = tuple(venues.machines)
    reset_again(venues, *everybody, times=2)
    at = venues.now
    hang_up(venues, *everybody, run_s=CONNECTS_S)
    come_back(venues, *everybody[1:])
    venues.run(1.0)

    reset(venues, *everybody[1:], back_s=LONGEST_WAITS_S[3] + CONNECTS_S)
    venues.run(20.0)

    told = at + LONGEST_WAITS_S[2] + BEAT_S
    opened = [line for line in venues.lines() if line[1] == "opened"]
    assert opened == [(told, "opened", f"host {everybody[0]}", "connection_lost")]


def test_one_host_that_is_reset_twice_stays_one_host(venue: Story) -> None:
    reset(venue, "s1")
    venue.run(4.0)
    told = venue.lines()
    at = venue.now

    hang_up(venue, "s1", run_s=0.25)

    again = venue.lines()
    assert again[0][0] == at + 0.2
    assert {who for _, _, who, _ in told + again} == {"host s1"}


def test_kill_of_a_host_that_was_back_is_known_soon(venue: Story) -> None:
    reset_again(venue, *STA, times=3)
    reset(venue, *STA)
    venue.run(1.0)
    at = venue.now

    hang_up(venue, "s1", run_s=0.25)

    assert venue.lines() == [(at + 0.2, "opened", "host s1", "connection_lost")]


def test_silence_of_a_host_that_was_back_is_known_in_time(venue: Story) -> None:
    reset_again(venue, *STA, times=3)
    reset(venue, *STA)
    venue.run(1.0)
    heard_at = venue.host("s1").evidence_at

    venue.mute("s1", run_s=4.0)

    assert heard_at is not None
    assert venue.lines()[0] == (heard_at + DEADLINE_S, "opened", "host s1", "silent")


def test_silent_host_waits_for_one_reset_of_its_venue_only(venue: Story) -> None:
    venue.mute("s8", run_s=1.0)
    at = venue.now
    for _ in range(5):
        reset(venue, *STA[:-1])
        venue.run(1.0)

    told = [(when, change, who) for when, change, who, _ in venue.lines()]

    assert told[0] == (at + LONGEST_WAITS_S[0] + BEAT_S, "opened", "host s8")


def test_hosts_that_begin_session_after_session_delay_no_kill_elsewhere(venues: Story) -> None:
    for _ in range(3):
        come_back(venues, "a1", "b1", "c1")
        venues.run(BRIEFLY_S)
    at = venues.now

    hang_up(venues, "a1", "b1", "c1", "e1", run_s=0.25)

    assert venues.lines() == [(at + 0.2, "opened", "host e1", "connection_lost")]


def test_sessions_too_short_to_hear_a_tick_are_no_one_way_loss(venue: Story) -> None:
    for name in STA:
        venue.machines[name].is_deaf = True

    for _ in range(8):
        reset(venue, *STA)
        venue.run(1.5)

    assert venue.lines() == []
