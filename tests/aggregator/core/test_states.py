"""States: the table of transitions, and a venue's state from those of its hosts."""

import pytest

from aggregator.core.states import ALIVE, TRANSITIONS, HostState, Trigger, VenueState, venue_state


def reached_from(*states: HostState) -> set[HostState]:
    reached = set(states)
    while more := {to for (at, _), to in TRANSITIONS.items() if at in reached} - reached:
        reached |= more
    return reached


def test_every_state_can_be_reached() -> None:
    assert reached_from(HostState.UNKNOWN, HostState.UNSEEN) == set(HostState)


@pytest.mark.parametrize("state", HostState)
def test_every_state_can_be_left_for_up(state: HostState) -> None:
    assert HostState.UP in reached_from(state)


@pytest.mark.parametrize("trigger", Trigger)
def test_every_trigger_changes_some_state(trigger: Trigger) -> None:
    changed = [at for (at, by), to in TRANSITIONS.items() if by is trigger and to is not at]

    assert changed


def test_no_transition_leads_nowhere() -> None:
    assert not [key for key, after in TRANSITIONS.items() if key[0] is after]


@pytest.mark.parametrize(
    "trigger", [Trigger.DEADLINE_PASSED, Trigger.CONNECTION_LOST, Trigger.PATIENCE_ENDED]
)
def test_only_a_living_host_can_be_accused(trigger: Trigger) -> None:
    accused = {at for at, by in TRANSITIONS if by is trigger}

    assert accused
    assert accused <= ALIVE


def test_a_cut_takes_hosts_neither_away_nor_unseen() -> None:
    taken = {at for at, by in TRANSITIONS if by is Trigger.VENUE_CUT}

    assert taken == {*ALIVE, HostState.DOWN, HostState.UNKNOWN}


def test_one_beat_brings_no_failed_host_back() -> None:
    failed = (HostState.DOWN, HostState.UNREACHABLE)

    assert not [state for state in failed if (state, Trigger.BEAT) in TRANSITIONS]
    assert [TRANSITIONS[state, Trigger.STEADY] for state in failed] == [HostState.UP] * 2


def test_blindness_makes_only_living_hosts_unknown() -> None:
    blinded = {at: to for (at, by), to in TRANSITIONS.items() if by is Trigger.BLINDED}

    assert blinded == dict.fromkeys(ALIVE, HostState.UNKNOWN)


VENUES = {
    VenueState.UNSEEN: ["", "unseen unseen unseen"],
    VenueState.OK: ["up up up", "up up late", "late", "up up away"],
    VenueState.DEGRADED: [
        *("up up unseen", "up up down", "up up unreachable", "down down down"),
        *("down unreachable unreachable", "unknown unknown down"),
    ],
    VenueState.UNREACHABLE: ["unreachable unreachable", "unreachable unreachable away unseen"],
    VenueState.UNKNOWN: ["unknown unknown", "unknown up up", "unknown unseen unseen"],
    VenueState.AWAY: ["away away away", "away unseen unseen"],
}


@pytest.mark.parametrize(
    ("hosts", "state"), [(hosts, state) for state, every in VENUES.items() for hosts in every]
)
def test_a_venues_state_follows_from_its_hosts(hosts: str, state: VenueState) -> None:
    states = [HostState(name) for name in hosts.split()]

    assert venue_state({each: states.count(each) for each in HostState}) is state
